// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Monitor.Linux;

/// <summary>
/// The x87's state in its two layouts: FSAVE's of 108 bytes with a tag of two bits a register, and FXSAVE's of 512 bytes with one bit
/// (SDM Vol. 1, figures 8-9 and table 10-2). A signal's frame has both; the first counts for the x87, the second for SSE.
/// </summary>
internal static class FpuLayout
{
    private const int Registers = 8;
    private const int RegisterSize = 10;
    private const int FsaveRegisters = 28;
    private const int FsaveStatus = 108;
    private const int FxsaveRegisters = 32;
    private const int FxsaveRegisterSize = 16;
    private const int FxsaveMxcsr = 24;
    private const int FxsaveSize = 512;

    // Every exception is masked; the x87 computes with 64 bits.
    private const ushort InitialControl = 0x37f;
    private const uint InitialMxcsr = 0x1f80;
    private const uint TagValid = 0;
    private const uint TagZero = 1;
    private const uint TagSpecial = 2;
    private const uint TagEmpty = 3;

    // MXCSR_MASK of every CPU with SSE2: a set bit above raises #GP.
    private const uint MxcsrMask = 0xffff;

    /// <summary>What a program and each of its handlers starts with: FXSAVE's image with the control words that Linux sets.</summary>
    public static byte[] Initial
    {
        get
        {
            byte[] fxsave = new byte[FxsaveSize];
            BinaryPrimitives.WriteUInt16LittleEndian(fxsave, InitialControl);
            BinaryPrimitives.WriteUInt32LittleEndian(fxsave.AsSpan(FxsaveMxcsr), InitialMxcsr);
            return fxsave;
        }
    }

    /// <summary>Fills the first 112 bytes of struct _fpstate.</summary>
    public static void ToFsave(ReadOnlySpan<byte> fxsave, Span<byte> fsave)
    {
        ushort control = BinaryPrimitives.ReadUInt16LittleEndian(fxsave);
        ushort status = BinaryPrimitives.ReadUInt16LittleEndian(fxsave[2..]);
        uint tags = 0;
        int top = status >> 11 & 7;
        for (int physical = 0; physical < Registers; physical++)
        {
            bool isUsed = (fxsave[4] >> physical & 1) != 0;
            ReadOnlySpan<byte> register = fxsave.Slice(FxsaveRegisters + ((physical - top & 7) * FxsaveRegisterSize), RegisterSize);
            tags |= (isUsed ? TagOf(register) : TagEmpty) << (2 * physical);
        }

        for (int i = 0; i < Registers; i++)
        {
            fxsave.Slice(FxsaveRegisters + (i * FxsaveRegisterSize), RegisterSize).CopyTo(fsave[(FsaveRegisters + (i * RegisterSize))..]);
        }

        const uint upper = 0xffff0000;
        BinaryPrimitives.WriteUInt32LittleEndian(fsave, control | upper);
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[4..], status | upper);
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[8..], tags | upper);

        // Instruction's offset; its selector and opcode; operand's offset and selector.
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[12..], BinaryPrimitives.ReadUInt32LittleEndian(fxsave[8..]));
        uint opcode = BinaryPrimitives.ReadUInt16LittleEndian(fxsave[6..]);
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[16..], BinaryPrimitives.ReadUInt16LittleEndian(fxsave[12..]) | (opcode << 16));
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[20..], BinaryPrimitives.ReadUInt32LittleEndian(fxsave[16..]));
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[24..], BinaryPrimitives.ReadUInt16LittleEndian(fxsave[20..]) | upper);
        BinaryPrimitives.WriteUInt32LittleEndian(fsave[FsaveStatus..], status);
    }

    /// <summary>Takes the x87's part of FXSAVE's image from the first 108 bytes of struct _fpstate, and makes MXCSR one that can be loaded.</summary>
    public static void FromFsave(ReadOnlySpan<byte> fsave, Span<byte> fxsave)
    {
        fsave[..2].CopyTo(fxsave);
        fsave.Slice(4, 2).CopyTo(fxsave[2..]);
        ushort tags = BinaryPrimitives.ReadUInt16LittleEndian(fsave[8..]);
        byte used = 0;
        for (int physical = 0; physical < Registers; physical++)
        {
            used |= (byte)((tags >> (2 * physical) & 3) != TagEmpty ? 1 << physical : 0);
        }

        fxsave[4] = used;
        fxsave[5] = 0;
        for (int i = 0; i < Registers; i++)
        {
            fsave.Slice(FsaveRegisters + (i * RegisterSize), RegisterSize).CopyTo(fxsave[(FxsaveRegisters + (i * FxsaveRegisterSize))..]);
        }

        uint mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(fxsave[FxsaveMxcsr..]);
        BinaryPrimitives.WriteUInt32LittleEndian(fxsave[FxsaveMxcsr..], mxcsr & MxcsrMask);
    }

    private static uint TagOf(ReadOnlySpan<byte> register)
    {
        ulong significand = BinaryPrimitives.ReadUInt64LittleEndian(register);
        int exponent = BinaryPrimitives.ReadUInt16LittleEndian(register[8..]) & 0x7fff;
        return exponent == 0x7fff ? TagSpecial
            : exponent == 0 ? (significand == 0 ? TagZero : TagSpecial)
            : (significand >> 63) != 0 ? TagValid : TagSpecial;
    }
}
