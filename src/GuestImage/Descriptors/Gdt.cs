// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Cpu;

namespace Kvmsys.Guest.Descriptors;

/// <summary>
/// A global descriptor table of 32 entries, as Linux 2.6.12's on i386 has, of which a kernel here needs six. The others are null.
/// </summary>
public sealed class Gdt
{
    /// <summary>Number of entries: GDT_ENTRIES.</summary>
    public const int Entries = 32;

    /// <summary>Bytes of the table.</summary>
    public const int Size = Entries * sizeof(ulong);

    private readonly SegmentDescriptor[] _entries = new SegmentDescriptor[Entries];

    private Gdt()
    {
    }

    /// <summary>The i386 kernel's table, for these two task-state segments.</summary>
    /// <param name="tss">Linear address of the task-state segment.</param>
    /// <param name="doubleFaultTss">Linear address of the double-fault task's segment.</param>
    public Gdt(uint tss, uint doubleFaultTss)
    {
        // Flat segments with granularity, 32-bit: code readable, data writable; ring 0, then ring 3.
        Set(Selector.KernelCode, new(0x00cf9a000000ffff));
        Set(Selector.KernelData, new(0x00cf92000000ffff));
        Set(Selector.UserCode, new(0x00cffa000000ffff));
        Set(Selector.UserData, new(0x00cff2000000ffff));
        Set(Selector.Tss, SegmentDescriptor.System(SegmentDescriptor.AvailableTss, tss, Tss.DescriptorLimit));
        Set(Selector.DoubleFaultTss, SegmentDescriptor.System(SegmentDescriptor.AvailableTss, doubleFaultTss, Tss.HardwareSize - 1));
    }

    /// <summary>The 64-bit kernel's table.</summary>
    /// <param name="tss">Linear address of the task-state segment.</param>
    public static Gdt LongMode(uint tss)
    {
        // The accessed bit is set, so that nothing is ever written here. A system descriptor takes two entries: the second has the high half
        // of the address (SDM Vol. 3, figure 8-4).
        Gdt gdt = new();
        gdt.Set(LongModeSelector.KernelCode, new(0x00af9b000000ffff));
        gdt.Set(LongModeSelector.KernelData, new(0x00cf93000000ffff));
        gdt.Set(LongModeSelector.UserCode32, new(0x00cffb000000ffff));
        gdt.Set(LongModeSelector.UserData, new(0x00cff3000000ffff));
        gdt.Set(LongModeSelector.UserCode64, new(0x00affb000000ffff));
        gdt.Set(LongModeSelector.Tss, SegmentDescriptor.System(SegmentDescriptor.AvailableTss, tss, LongModeTss.Size - 1));
        return gdt;
    }

    /// <summary>Sets a call gate.</summary>
    public void SetGate(ushort selector, GateDescriptor gate) => Set(selector, new(gate.Raw));

    /// <summary>The table's bytes.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[Size];
        for (int i = 0; i < Entries; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), _entries[i].Raw);
        }

        return bytes;
    }

    /// <summary>A code or data segment register as loading this selector leaves it, the accessed bit included.</summary>
    public SegmentRegister LoadSegment(ushort selector)
    {
        const byte accessed = 1;
        SegmentRegister segment = _entries[selector >> 3].Load(selector);
        return segment with { Type = (byte)(segment.Type | accessed) };
    }

    /// <summary>TR as LTR leaves it: the segment is busy.</summary>
    public SegmentRegister LoadTask(ushort selector) => _entries[selector >> 3].Load(selector) with { Type = SegmentDescriptor.BusyTss };

    private void Set(ushort selector, SegmentDescriptor descriptor) => _entries[selector >> 3] = descriptor;
}
