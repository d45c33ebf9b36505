// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// What a program finds on its stack when it starts (System V ABI for i386, "Process Initialization"): argc, argv, envp, the auxiliary
/// vector, and above them the strings that they point to. A record of bytes that end at <see cref="GuestProgram.StackTop"/>.
/// </summary>
public sealed record InitialStack
{
    /// <summary>Arguments, environment and name together may have so many bytes, pointers included: Linux's limit of a quarter of the stack.</summary>
    public const int MaxBytes = 2 << 20;

    private const uint Alignment = 16;

    // Linux leaves one null pointer at the very top.
    private const int Top = 4;

    private InitialStack(ReadOnlyMemory<byte> bytes, uint stackPointer)
    {
        Bytes = bytes;
        StackPointer = stackPointer;
    }

    /// <summary>The stack's pages.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>ESP at the start: where argc lies.</summary>
    public uint StackPointer { get; }

    /// <summary>The stack's pages as a part of a program.</summary>
    /// <param name="flags">The stack's protection.</param>
    public ProgramSegment ToSegment(SegmentFlags flags) => new(GuestProgram.StackTop - (uint)Bytes.Length, Bytes, (uint)Bytes.Length, flags);

    /// <summary>Builds the stack of a program.</summary>
    /// <param name="executable">The program.</param>
    /// <param name="process">What it is told.</param>
    /// <exception cref="ArgumentException">Arguments and environment are longer than <see cref="MaxBytes"/>.</exception>
    public static InitialStack Build(ElfExecutable executable, ProcessStart process)
    {
        ArgumentNullException.ThrowIfNull(executable);
        ArgumentNullException.ThrowIfNull(process);
        long size = process.Arguments.Concat(process.Environment).Sum(text => (long)text.Length + 1 + sizeof(uint)) + process.FileName.Length;
        if (size > MaxBytes)
        {
            throw new ArgumentException($"Arguments and environment take {size} bytes; a program may get {MaxBytes}.", nameof(process));
        }

        // From the top downwards: strings first, then what points to them.
        List<byte[]> pieces = [new byte[Top]];
        uint address = GuestProgram.StackTop - Top;
        uint fileName = Push([.. process.FileName.Span, 0]);
        uint[] environment = PushAll(process.Environment);
        uint[] arguments = PushAll(process.Arguments);
        uint platform = Push([.. "i686"u8, 0]);
        uint random = Push(process.RandomBytes.ToArray());

        (AuxiliaryType Type, uint Value)[] auxiliary =
        [
            (AuxiliaryType.SysInfo, VsyscallPage.Entry),
            (AuxiliaryType.SysInfoEhdr, Fixmap.AddressOf(Fixmap.Vsyscall)),
            (AuxiliaryType.HwCap, process.HardwareCapabilities),
            (AuxiliaryType.PageSize, PageTableBuilder.PageSize),
            (AuxiliaryType.ClockTick, 100),
            (AuxiliaryType.ProgramHeaders, executable.ProgramHeadersAddress),
            (AuxiliaryType.ProgramHeaderSize, ProgramHeader.Size),
            (AuxiliaryType.ProgramHeaderCount, (uint)executable.ProgramHeaderCount),
            (AuxiliaryType.Base, 0),
            (AuxiliaryType.Flags, 0),
            (AuxiliaryType.Entry, executable.Entry),
            (AuxiliaryType.Uid, process.Uid),
            (AuxiliaryType.EffectiveUid, process.Uid),
            (AuxiliaryType.Gid, process.Gid),
            (AuxiliaryType.EffectiveGid, process.Gid),
            (AuxiliaryType.Secure, 0),
            (AuxiliaryType.Random, random),
            (AuxiliaryType.ExecutableName, fileName),
            (AuxiliaryType.Platform, platform),
            (AuxiliaryType.Null, 0),
        ];
        uint[] words =
        [
            (uint)arguments.Length, .. arguments, 0, .. environment, 0, .. auxiliary.SelectMany(entry => new[] { (uint)entry.Type, entry.Value }),
        ];
        uint stackPointer = (address - ((uint)words.Length * sizeof(uint))) & ~(Alignment - 1);
        uint start = stackPointer & ~(PageTableBuilder.PageSize - 1);
        byte[] bytes = new byte[GuestProgram.StackTop - start];
        int offset = bytes.Length;
        foreach (byte[] piece in pieces)
        {
            offset -= piece.Length;
            piece.CopyTo(bytes, offset);
        }

        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)(stackPointer - start) + (i * sizeof(uint))), words[i]);
        }

        return new InitialStack(bytes, stackPointer);

        uint Push(byte[] piece)
        {
            pieces.Add(piece);
            address -= (uint)piece.Length;
            return address;
        }

        // The last string lies highest, so that they are in order upwards.
        uint[] PushAll(IReadOnlyList<ReadOnlyMemory<byte>> texts)
        {
            uint[] addresses = new uint[texts.Count];
            for (int i = texts.Count - 1; i >= 0; i--)
            {
                addresses[i] = Push([.. texts[i].Span, 0]);
            }

            return addresses;
        }
    }
}
