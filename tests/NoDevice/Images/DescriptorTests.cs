// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>The descriptor tables against Linux 2.6.12's constants.</summary>
public sealed class DescriptorTests
{
    private const uint TssAddress = 0xc0108000;
    private const uint DoubleFaultTssAddress = 0xc010a400;

    [Theory]
    [InlineData(12, 0x00cf9a000000ffffUL)]
    [InlineData(13, 0x00cf92000000ffffUL)]
    [InlineData(14, 0x00cffa000000ffffUL)]
    [InlineData(15, 0x00cff2000000ffffUL)]
    [InlineData(16, 0xc00089108000_2073UL)]
    [InlineData(31, 0xc0008910a400_0067UL)]
    [InlineData(0, 0UL)]
    [InlineData(6, 0UL)]
    public void A_GDT_entry_is_as_in_2_6_12(int entry, ulong descriptor)
    {
        byte[] gdt = new Gdt(TssAddress, DoubleFaultTssAddress).ToArray();
        Assert.Equal(32 * 8, gdt.Length);
        Assert.Equal(descriptor, BinaryPrimitives.ReadUInt64LittleEndian(gdt.AsSpan(entry * 8)));
    }

    [Fact]
    public void SYSENTER_finds_its_four_segments_one_behind_the_other()
    {
        Assert.Equal(Selector.KernelCode + 8, Selector.KernelData);
        Assert.Equal((Selector.KernelCode + 16) | 3, Selector.UserCode);
        Assert.Equal((Selector.KernelCode + 24) | 3, Selector.UserData);
    }

    [Fact]
    public void A_loaded_code_segment_is_flat_accessed_and_32_bit()
    {
        SegmentRegister cs = new Gdt(TssAddress, DoubleFaultTssAddress).LoadSegment(Selector.UserCode);
        Assert.Equal(
            new SegmentRegister
            {
                Selector = 0x73,
                Limit = 0xffffffff,
                Type = 11,
                CodeOrData = true,
                Dpl = 3,
                Present = true,
                Big = true,
                Granular = true,
            },
            cs);
        Assert.Equal(3, cs.Rpl);
    }

    [Fact]
    public void A_loaded_task_register_is_busy_and_has_the_segments_base_and_limit()
    {
        SegmentRegister tr = new Gdt(TssAddress, DoubleFaultTssAddress).LoadTask(Selector.Tss);
        Assert.Equal((TssAddress, 0x2073u, SegmentDescriptor.BusyTss), ((uint)tr.Base, tr.Limit, tr.Type));
        Assert.False(tr.CodeOrData);
        Assert.False(tr.Granular);
    }

    [Fact]
    public void The_system_call_gate_is_a_trap_gate_for_ring_3()
    {
        GateDescriptor gate = GateDescriptor.To(GateType.Trap, dpl: 3, Selector.KernelCode, 0xc0101234);
        Assert.Equal(0xc010ef00_00601234UL, gate.Raw);
        Assert.Equal((GateType.Trap, 3, (ushort)0x60, 0xc0101234u, true), (gate.Type, gate.Dpl, gate.Selector, gate.Offset, gate.Present));
        Assert.Equal("Trap gate, DPL 3, to 60:c0101234", gate.ToString());
    }

    [Fact]
    public void A_gate_that_is_not_set_is_not_present() => Assert.Equal("not present", new Idt()[0x80].ToString());

    [Fact]
    public void The_end_of_the_task_state_segment_leads_back_to_ESP0()
    {
        byte[] tss = Tss.Running(TssAddress, kernelStack: 0xc010fff8);
        Assert.Equal(0x2200, tss.Length);
        Assert.Equal(-0x21fc, Tss.Esp0FromEnd);
        Assert.Equal(0xc010fff8, BinaryPrimitives.ReadUInt32LittleEndian(tss.AsSpan(tss.Length + Tss.Esp0FromEnd)));
        Assert.Equal(Selector.KernelData, BinaryPrimitives.ReadUInt32LittleEndian(tss.AsSpan(Tss.Ss0)));
    }

    [Fact]
    public void Ring_3_may_use_no_port()
    {
        byte[] tss = Tss.Running(TssAddress, kernelStack: 0xc010fff8);
        ushort ioMapBase = BinaryPrimitives.ReadUInt16LittleEndian(tss.AsSpan(0x66));
        Assert.True(ioMapBase > Tss.DescriptorLimit, "The I/O map lies inside the segment.");
    }
}
