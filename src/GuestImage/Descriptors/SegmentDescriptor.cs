// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;

namespace Kvmsys.Guest.Descriptors;

/// <summary>An 8-byte segment descriptor (SDM Vol. 3, figure 3-8).</summary>
/// <param name="Raw">The descriptor as it lies in the table.</param>
public readonly record struct SegmentDescriptor(ulong Raw)
{
    /// <summary>Type of a 32-bit task-state segment that no task runs on; in long mode, of a 64-bit one that is not in TR.</summary>
    public const byte AvailableTss = 9;

    /// <summary>Type of the 32-bit task-state segment in TR; in long mode, of the 64-bit one.</summary>
    public const byte BusyTss = 11;

    private const ulong PresentBit = 1UL << 47;

    /// <summary>A present system-segment descriptor with byte granularity and DPL 0.</summary>
    /// <param name="type">For example <see cref="AvailableTss"/>.</param>
    /// <param name="address">Linear base address.</param>
    /// <param name="limit">Size in bytes, minus one; less than 1 MiB.</param>
    public static SegmentDescriptor System(byte type, uint address, uint limit) => new(
        (limit & 0xffff)
        | ((ulong)(address & 0xffffff) << 16)
        | ((ulong)type << 40)
        | PresentBit
        | ((ulong)(limit >> 16 & 0xf) << 48)
        | ((ulong)(address >> 24) << 56));

    /// <summary>The segment register as the CPU fills it when a selector of this descriptor is loaded.</summary>
    /// <param name="selector">The selector.</param>
    public SegmentRegister Load(ushort selector)
    {
        uint limit = (uint)(Raw & 0xffff) | (uint)(Raw >> 32 & 0xf0000);
        bool granular = Bit(55);
        return new SegmentRegister
        {
            Selector = selector,
            Base = (uint)(Raw >> 16 & 0xffffff) | ((uint)(Raw >> 56) << 24),
            Limit = granular ? (limit << 12) | 0xfff : limit,
            Type = (byte)(Raw >> 40 & 0xf),
            CodeOrData = Bit(44),
            Dpl = (byte)(Raw >> 45 & 3),
            Present = Bit(47),
            Available = Bit(52),
            LongMode = Bit(53),
            Big = Bit(54),
            Granular = granular,
        };
    }

    private bool Bit(int number) => (Raw >> number & 1) != 0;
}
