// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Guest.Descriptors;

/// <summary>
/// A gate in a descriptor table (SDM Vol. 3, figures 6-2 and 5-8). In long mode one has 16 bytes: these eight, and the high half of the
/// offset, which is zero for a handler below 4 GiB (figure 6-8).
/// </summary>
/// <param name="Raw">The gate as it lies in the table.</param>
public readonly record struct GateDescriptor(ulong Raw)
{
    private const ulong PresentBit = 1UL << 47;

    /// <summary>Whether the gate is present.</summary>
    public bool Present => (Raw & PresentBit) != 0;

    /// <summary>Kind of gate.</summary>
    public GateType Type => (GateType)(Raw >> 40 & 0x1f);

    /// <summary>The outermost ring whose INT or far CALL may use the gate.</summary>
    public int Dpl => (int)(Raw >> 45 & 3);

    /// <summary>Selector of the handler's code segment, or of the task.</summary>
    public ushort Selector => (ushort)(Raw >> 16);

    /// <summary>The handler's offset; nothing for a task gate.</summary>
    public uint Offset => (uint)(Raw & 0xffff) | (uint)(Raw >> 32 & 0xffff0000);

    /// <summary>In long mode the number of the stack in the TSS on which the handler starts whatever the ring was; 0 for none.</summary>
    public int InterruptStack => (int)(Raw >> 32 & 7);

    /// <summary>A present gate to a handler.</summary>
    /// <param name="type">Kind of gate.</param>
    /// <param name="dpl">The outermost ring whose INT may use it.</param>
    /// <param name="selector">The handler's code segment.</param>
    /// <param name="offset">The handler.</param>
    /// <param name="interruptStack">IST, in long mode.</param>
    public static GateDescriptor To(GateType type, int dpl, ushort selector, uint offset, int interruptStack = 0) => new(
        (offset & 0xffff)
        | ((ulong)selector << 16)
        | ((ulong)interruptStack << 32)
        | ((ulong)type << 40)
        | ((ulong)dpl << 45)
        | PresentBit
        | ((ulong)(offset & 0xffff0000) << 32));

    /// <summary>A present gate to another task.</summary>
    public static GateDescriptor ToTask(ushort tss) => To(GateType.Task, dpl: 0, tss, offset: 0);

    /// <summary>The gate in one line, for people.</summary>
    public override string ToString() => Present
        ? string.Create(CultureInfo.InvariantCulture, $"{Type} gate, DPL {Dpl}, to {Selector:x2}:{Offset:x8}{(InterruptStack == 0 ? "" : $", on interrupt stack {InterruptStack}")}")
        : "not present";
}
