// SPDX-License-Identifier: MIT

using System.Collections.Immutable;

namespace Kvmsys.Guest;

/// <summary>The names of an image's routines and data.</summary>
public sealed class SymbolTable
{
    // Further from its symbol than this an address is not worth naming by it.
    private const uint MaxDistance = 0x1000;

    /// <summary>A table of these symbols.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public SymbolTable(IEnumerable<Symbol> symbols)
    {
        All = [.. symbols.OrderBy(symbol => symbol.Address)];
        if (All.DistinctBy(symbol => symbol.Name).Count() != All.Length)
        {
            throw new ArgumentException("A symbol's name occurs twice.", nameof(symbols));
        }
    }

    /// <summary>Every symbol, by address.</summary>
    public ImmutableArray<Symbol> All { get; }

    /// <summary>The address of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such name.</exception>
    public uint AddressOf(string name)
    {
        foreach (Symbol symbol in All)
        {
            if (symbol.Name == name)
            {
                return symbol.Address;
            }
        }

        throw new KeyNotFoundException($"The image has no symbol {name}.");
    }

    /// <summary>The nearest symbol at or below an address, with the distance: "sysenter_entry+0x6"; null when none is near.</summary>
    public string? Describe(uint address)
    {
        Symbol? nearest = null;
        foreach (Symbol symbol in All)
        {
            if (symbol.Address > address)
            {
                break;
            }

            nearest = symbol;
        }

        return nearest switch
        {
            Symbol symbol when symbol.Address == address => symbol.Name,
            Symbol symbol when address - symbol.Address < MaxDistance => $"{symbol.Name}+0x{address - symbol.Address:x}",
            _ => null,
        };
    }
}
