// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>A segment register with its hidden part (SDM Vol. 3, 3.4.3 and 3.4.5).</summary>
public readonly record struct SegmentRegister
{
    /// <summary>Selector.</summary>
    public ushort Selector { get; init; }

    /// <summary>Linear base address. VT-x holds 64 bits; a 32-bit segment uses the low half.</summary>
    public ulong Base { get; init; }

    /// <summary>Limit in bytes, scaled by the granularity.</summary>
    public uint Limit { get; init; }

    /// <summary>Four-bit type.</summary>
    public byte Type { get; init; }

    /// <summary>S: code or data, not a system segment.</summary>
    public bool CodeOrData { get; init; }

    /// <summary>Descriptor privilege level.</summary>
    public byte Dpl { get; init; }

    /// <summary>P.</summary>
    public bool Present { get; init; }

    /// <summary>AVL.</summary>
    public bool Available { get; init; }

    /// <summary>L: 64-bit code.</summary>
    public bool LongMode { get; init; }

    /// <summary>D/B: 32-bit.</summary>
    public bool Big { get; init; }

    /// <summary>G: the descriptor's limit counts 4 KiB units.</summary>
    public bool Granular { get; init; }

    /// <summary>The register holds nothing usable, as after a null selector is loaded.</summary>
    public bool Unusable { get; init; }

    /// <summary>Requested privilege level: the selector's low two bits.</summary>
    public int Rpl => Selector & 3;

    /// <summary>Whether the selector refers to the local descriptor table.</summary>
    public bool InLocalTable => (Selector & 4) != 0;
}
