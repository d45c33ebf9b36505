// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Monitor.Debugging;

namespace Kvmsys.Tests.NoDevice.Debugging;

/// <summary>A program that is nothing but its registers and a page of memory.</summary>
internal sealed class FakeTarget : IDebugTarget
{
    public const uint Start = 0x08048000;
    public const uint End = Start + 0x1000;

    public byte[] Registers { get; } = new byte[GdbRegisters.Size];

    public byte[] Memory { get; } = [.. Enumerable.Range(0, (int)(End - Start)).Select(i => (byte)i)];

    public List<(BreakpointType Type, uint Address, uint Length)> Breakpoints { get; } = [];

    public List<string> Commands { get; } = [];

    public uint ProcessId => 0x3e8;

    public ReadOnlyMemory<byte> AuxiliaryVector { get; init; } = new byte[] { 0x21, 0, 0, 0, 0, 0xe0, 0xff, 0xff };

    public string MemoryMap => "ffffe000-fffff000 r-xp 00000000 00:00 0 [vsyscall]\n";

    public void ReadRegisters(Span<byte> block) => Registers.CopyTo(block);

    public bool TryWriteRegister(int number, ReadOnlySpan<byte> value)
    {
        GdbRegister register = GdbRegisters.All[number];
        Assert.Equal(register.Size, value.Length);
        if (number is >= GdbRegisters.Cs and < GdbRegisters.St0 && !value.SequenceEqual(Registers.AsSpan(register.Offset, register.Size)))
        {
            return false;
        }

        value.CopyTo(Registers.AsSpan(register.Offset));
        return true;
    }

    public int ReadMemory(uint address, Span<byte> bytes)
    {
        if (address is < Start or >= End)
        {
            return 0;
        }

        int length = (int)Math.Min((uint)bytes.Length, End - address);
        Memory.AsSpan((int)(address - Start), length).CopyTo(bytes);
        return length;
    }

    public bool TryWriteMemory(uint address, ReadOnlySpan<byte> bytes)
    {
        if (address < Start || (ulong)address + (uint)bytes.Length > End)
        {
            return false;
        }

        bytes.CopyTo(Memory.AsSpan((int)(address - Start)));
        return true;
    }

    public bool TryInsert(BreakpointType type, uint address, uint length)
    {
        if (address is < Start or >= End)
        {
            return false;
        }

        Breakpoints.Add((type, address, length));
        return true;
    }

    public void Remove(BreakpointType type, uint address, uint length) => Breakpoints.Remove((type, address, length));

    public string Command(string command)
    {
        Commands.Add(command);
        return "done\n";
    }

    public uint this[int register]
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(Registers.AsSpan(GdbRegisters.All[register].Offset));
        set => BinaryPrimitives.WriteUInt32LittleEndian(Registers.AsSpan(GdbRegisters.All[register].Offset), value);
    }
}
