// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Collections.Immutable;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Guest;

/// <summary>
/// A guest before it runs: bytes at guest-physical addresses, the CPU's initial state, and the names of what lies where. It is immutable
/// data; a monitor loads it, a test reads it, a disassembler prints it.
/// </summary>
public sealed record GuestImage : IPhysicalMemory
{
    /// <summary>Bytes of guest-physical memory that the guest needs, from address 0 on.</summary>
    public required uint MemorySize { get; init; }

    /// <summary>What memory holds at the start, by address; all else is zero.</summary>
    public required ImmutableArray<PhysicalRange> Ranges { get; init; }

    /// <summary>The CPU's state at the start.</summary>
    public required CpuState InitialState { get; init; }

    /// <summary>Names of routines and data, by virtual address.</summary>
    public SymbolTable Symbols { get; init; } = new([]);

    /// <summary>Pages at fixed virtual addresses.</summary>
    public ImmutableArray<FixmapPage> FixmapPages { get; init; } = [];

    /// <inheritdoc/>
    public bool TryReadUInt32(uint address, out uint value)
    {
        value = 0;
        if ((ulong)address + sizeof(uint) > MemorySize)
        {
            return false;
        }

        // Ranges start and end at multiples of four, so a word is never split.
        foreach (PhysicalRange range in Ranges)
        {
            if (address >= range.Address && address + (ulong)sizeof(uint) <= range.End)
            {
                value = BinaryPrimitives.ReadUInt32LittleEndian(range.Bytes.Span[(int)(address - range.Address)..]);
                break;
            }
        }

        return true;
    }

    /// <summary>Walks a virtual address through the image's own page tables.</summary>
    public PageWalk Walk(uint virtualAddress) => PageWalk.Walk(this, InitialState.PageTables, virtualAddress);

    /// <summary>The guest-physical address of a symbol.</summary>
    /// <exception cref="KeyNotFoundException">There is no such symbol, or its address is not mapped.</exception>
    public uint PhysicalAddressOf(string symbol) =>
        Walk(Symbols.AddressOf(symbol)).PhysicalAddress ?? throw new KeyNotFoundException($"{symbol} is not mapped.");

    /// <summary>This image with other bytes at a guest-physical address: a way to plant a fault.</summary>
    /// <exception cref="ArgumentException">The bytes do not all lie in one of the image's ranges.</exception>
    public GuestImage WithBytes(uint address, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < Ranges.Length; i++)
        {
            PhysicalRange range = Ranges[i];
            if (address >= range.Address && address + (ulong)bytes.Length <= range.End)
            {
                byte[] changed = range.Bytes.ToArray();
                bytes.CopyTo(changed.AsSpan((int)(address - range.Address)));
                return this with { Ranges = Ranges.SetItem(i, range with { Bytes = changed }) };
            }
        }

        throw new ArgumentException($"No range of the image holds {bytes.Length} bytes at 0x{address:x8}.", nameof(address));
    }
}
