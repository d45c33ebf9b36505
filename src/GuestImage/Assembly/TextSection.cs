// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Assembly;

/// <summary>Routines one after the other, each at the next multiple of 64, and their symbols.</summary>
internal sealed class TextSection
{
    /// <summary>A cache line: routines that start on one do not change their cost when their neighbours change.</summary>
    public const uint Alignment = 64;

    // Between routines: INT3, so that running off a routine's end is noticed.
    private const byte Padding = 0xcc;

    private readonly List<byte> _bytes = [];
    private readonly List<Symbol> _symbols = [];

    /// <summary>An empty section.</summary>
    /// <param name="address">Virtual address of its first byte.</param>
    /// <param name="capacity">Bytes that it may have at most.</param>
    /// <param name="bitness">32 or 64: the mode that the CPU is in when it executes it.</param>
    public TextSection(uint address, uint capacity, int bitness = 32)
    {
        Address = address;
        Capacity = capacity;
        Bitness = bitness;
    }

    /// <summary>Virtual address of the first byte.</summary>
    public uint Address { get; }

    /// <summary>Bytes that the section may have at most.</summary>
    public uint Capacity { get; }

    /// <summary>32 or 64.</summary>
    public int Bitness { get; }

    /// <summary>The symbols so far.</summary>
    public IReadOnlyList<Symbol> Symbols => _symbols;

    /// <summary>Appends a routine.</summary>
    /// <param name="name">Symbol of its first instruction.</param>
    /// <param name="emit">Writes its code.</param>
    /// <param name="offset">Where in its cache line it starts, less than <see cref="Alignment"/>.</param>
    /// <returns>Its address.</returns>
    /// <exception cref="InvalidOperationException">The section is full.</exception>
    public uint Add(string name, Action<CodeUnit> emit, int offset = 0)
    {
        while (_bytes.Count % Alignment != offset)
        {
            _bytes.Add(Padding);
        }

        uint address = Address + (uint)_bytes.Count;
        CodeUnit unit = new(address, Bitness);
        unit.Define(name);
        emit(unit);
        (byte[] bytes, Symbol[] symbols) = unit.Assemble();
        _bytes.AddRange(bytes);
        _symbols.AddRange(symbols);
        if (_bytes.Count > Capacity)
        {
            throw new InvalidOperationException($"The code at 0x{Address:x8} needs {_bytes.Count} bytes; there is room for {Capacity}.");
        }

        return address;
    }

    /// <summary>The address of a symbol defined so far.</summary>
    public uint AddressOf(string name) => _symbols.Find(symbol => symbol.Name == name) is { Name: not null } symbol
        ? symbol.Address
        : throw new KeyNotFoundException($"{name} is not defined yet.");

    /// <summary>The section's bytes.</summary>
    public byte[] ToArray() => [.. _bytes];
}
