// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>The 64-bit kernel's image against the SDM's figures and Linux's numbers.</summary>
public sealed class LongModeGuestTests
{
    private const uint KernelStackTop = KernelLayout.ThreadUnion + KernelLayout.ThreadSize;

    private static readonly string[] Entries = ["entry_SYSCALL_64", "entry_SYSCALL_compat", "entry_INT80_compat", "entry_SYSENTER_compat"];

    public static TheoryData<int> Bitnesses() => [32, 64];

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void The_initial_state_passes_every_rule_of_VM_entry(int bitness) =>
        Assert.Empty(VmEntryRules.BrokenBy(Build(bitness).Image.InitialState).Select(rule => rule.Text));

    [Theory]
    [InlineData(4u << 20)]
    [InlineData(6u << 20)]
    [InlineData(1u << 30)]
    public void The_kernel_sees_all_of_memory_and_ring_3_nothing_of_the_kernel(uint memorySize)
    {
        GuestImage image = LongModeGuest.Build(new LongModeGuestOptions { Program = Program(64), MemorySize = memorySize }).Image;
        Assert.Equal(memorySize, image.MemorySize);
        const uint step = 0x10000;
        for (uint physical = 0; physical < memorySize; physical += step)
        {
            PageWalk walk = image.Walk(KernelLayout.PageOffset + physical);
            Assert.Equal(physical, walk.PhysicalAddress);
            Assert.Equal(3, walk.Entries.Length);
            Assert.False(walk.UserAccessible, walk.ToString());
        }

        Assert.True(memorySize == 1u << 30 || image.Walk(KernelLayout.PageOffset + memorySize).PhysicalAddress is null, "What is not there is mapped.");
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void The_program_has_code_that_it_cannot_write_and_data_and_a_stack_that_it_can(int bitness)
    {
        GuestImage image = Build(bitness).Image;
        foreach ((uint address, bool writable) in new[] { (GuestProgram.TextAddress, false), (GuestProgram.DataAddress, true), (GuestProgram.StackTop - 4, true) })
        {
            PageWalk walk = image.Walk(address);
            Assert.NotNull(walk.PhysicalAddress);
            Assert.Equal(4, walk.Entries.Length);
            Assert.Equal((true, writable), (walk.UserAccessible, walk.Writable));
        }

        Assert.Null(image.Walk(0).PhysicalAddress);
        Assert.Null(image.Walk(GuestProgram.StackTop - FrameAllocator.FrameSize - 1).PhysicalAddress);
    }

    [Theory]
    [InlineData(0x00, 0UL)]
    [InlineData(0x08, 0UL)]
    [InlineData(0x10, 0x00af9b000000ffffUL)]
    [InlineData(0x18, 0x00cf93000000ffffUL)]
    [InlineData(0x20, 0x00cffb000000ffffUL)]
    [InlineData(0x28, 0x00cff3000000ffffUL)]
    [InlineData(0x30, 0x00affb000000ffffUL)]
    [InlineData(0x38, 0UL)]
    [InlineData(0x40, 0xc00089108000_0067UL)]
    [InlineData(0x48, 0UL)]
    public void A_GDT_entry_is_where_Linux_has_it(uint selector, ulong descriptor) =>
        Assert.Equal(descriptor, Quadword(Build(64).Image, KernelLayout.Gdt + selector));

    [Fact]
    public void SYSCALL_SYSRET_SYSENTER_and_SYSEXIT_find_their_segments()
    {
        CpuState state = Build(64).Image.InitialState;
        ulong star = state.MsrOrNull(Msr.Star)!.Value;
        uint enter = (uint)(star >> 32 & 0xffff);
        uint back = (uint)(star >> 48);
        Assert.Equal((LongModeSelector.KernelCode, LongModeSelector.KernelData), (enter, enter + 8));
        Assert.Equal((LongModeSelector.UserCode32, LongModeSelector.UserData, LongModeSelector.UserCode64), (back, back + 8, back + 16));
        uint sysenter = (uint)state.MsrOrNull(Msr.SysenterCs)!.Value;
        Assert.Equal(
            (LongModeSelector.KernelCode, LongModeSelector.KernelData, LongModeSelector.UserCode32, LongModeSelector.UserData),
            (sysenter, sysenter + 8, (sysenter + 16) | 3, (sysenter + 24) | 3));
    }

    [Fact]
    public void SYSCALL_clears_the_flags_that_Linux_has_it_clear() =>
        Assert.Equal(0x47700u, Build(64).Image.InitialState.MsrOrNull(Msr.Fmask));

    [Fact]
    public void Every_exception_has_a_gate_of_16_bytes_and_a_double_fault_a_stack_of_its_own()
    {
        GuestImage image = Build(64).Image;
        Assert.Equal(256u * 16 - 1, image.InitialState.Idtr.Limit);
        for (int vector = 0; vector < 32; vector++)
        {
            GateDescriptor gate = Gate(image, vector);
            Assert.Equal((true, GateType.Interrupt, LongModeSelector.KernelCode), (gate.Present, gate.Type, gate.Selector));
            Assert.Equal(image.Symbols.AddressOf($"exception_{vector}"), gate.Offset);
            Assert.Equal(vector is 3 or 4 ? 3 : 0, gate.Dpl);
            Assert.Equal(vector == 8 ? 1 : 0, gate.InterruptStack);
            Assert.Equal(0UL, Quadword(image, KernelLayout.Idt + ((uint)vector * 16) + 8));
        }
    }

    [Theory]
    [InlineData(0x80, "entry_INT80_compat")]
    [InlineData(0x81, "monitor_call")]
    public void A_gate_for_programs_is_open_to_ring_3(int vector, string handler)
    {
        GuestImage image = Build(64).Image;
        GateDescriptor gate = Gate(image, vector);
        Assert.Equal((true, 3, image.Symbols.AddressOf(handler)), (gate.Present, gate.Dpl, gate.Offset));
    }

    [Fact]
    public void A_gate_is_as_in_the_SDMs_figure() =>
        Assert.Equal(
            0xc0108e01_00101234UL, GateDescriptor.To(GateType.Interrupt, dpl: 0, LongModeSelector.KernelCode, 0xc0101234, interruptStack: 1).Raw);

    [Fact]
    public void The_task_state_segment_has_the_stacks_and_no_port_for_ring_3()
    {
        GuestImage image = Build(64).Image;
        Assert.Equal(KernelStackTop, Quadword(image, KernelLayout.Tss + 4));
        Assert.Equal(KernelLayout.DoubleFaultStackTop, Quadword(image, KernelLayout.Tss + 0x24));
        Assert.True(image.TryReadUInt32(KernelLayout.Physical(KernelLayout.Tss + 0x64), out uint last));
        Assert.Equal(0x68u, last >> 16);
        Assert.Equal((KernelLayout.Tss, 0x67u), ((uint)image.InitialState.Tr.Base, image.InitialState.Tr.Limit));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    public void An_entry_starts_where_in_its_cache_line_it_is_told_and_answers_the_process_identifier(int offset)
    {
        LongModeGuest guest = LongModeGuest.Build(new LongModeGuestOptions { Program = Program(64), EntryOffset = offset, Seed = 7 });
        foreach (string entry in Entries)
        {
            // MOV EAX, imm32.
            uint address = guest.Image.Symbols.AddressOf(entry);
            Assert.Equal((uint)offset, address % 64);
            Assert.Equal(0xb8u | ((ulong)guest.Pid << 8), Quadword(guest.Image, address) & 0xff_ffff_ffff);
        }
    }

    [Theory]
    [InlineData("entry_SYSCALL_64", "48 0f 07")]
    [InlineData("entry_SYSCALL_compat", "0f 07")]
    [InlineData("entry_INT80_compat", "48 cf")]
    [InlineData("entry_SYSENTER_compat", "0f 35")]
    public void An_entry_goes_back_by_what_belongs_to_it(string entry, string code)
    {
        GuestImage image = Build(64).Image;
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Quadword(image, image.Symbols.AddressOf(entry) + 5));
        Assert.StartsWith(code.Replace(" ", "", StringComparison.Ordinal) + "cc", Convert.ToHexStringLower(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void The_seed_decides_the_process_identifier_and_the_frames()
    {
        LongModeGuest first = Build(32, seed: 1);
        LongModeGuest same = Build(32, seed: 1);
        LongModeGuest other = Build(32, seed: 2);
        Assert.Equal((first.Pid, Walk(first)), (same.Pid, Walk(same)));
        Assert.NotEqual(first.Pid, other.Pid);
        Assert.NotEqual(Walk(first), Walk(other));
    }

    [Theory]
    [InlineData(2u << 20, 0, 64)]
    [InlineData((1u << 30) + (2u << 20), 0, 64)]
    [InlineData(5u << 20, 0, 64)]
    [InlineData(4u << 20, -1, 64)]
    [InlineData(4u << 20, 64, 64)]
    [InlineData(4u << 20, 0, 16)]
    public void What_is_not_possible_is_refused(uint memorySize, int entryOffset, int bitness) =>
        Assert.Throws<ArgumentException>(() => LongModeGuest.Build(
            new LongModeGuestOptions { Program = Program(bitness), MemorySize = memorySize, EntryOffset = entryOffset }));

    private static LongModeGuest Build(int bitness, int seed = 0) =>
        LongModeGuest.Build(new LongModeGuestOptions { Program = Program(bitness), Seed = seed });

    private static string Walk(LongModeGuest guest) => guest.Image.Walk(GuestProgram.TextAddress).ToString();

    // UD2.
    private static GuestProgram Program(int bitness) => GuestProgram.OfCode(new byte[] { 0x0f, 0x0b, 0, 0 }) with { Bitness = bitness };

    private static GateDescriptor Gate(GuestImage image, int vector) => new(Quadword(image, KernelLayout.Idt + ((uint)vector * Idt.LongModeEntrySize)));

    private static ulong Quadword(GuestImage image, uint kernelAddress)
    {
        uint address = KernelLayout.Physical(kernelAddress);
        Assert.True(image.TryReadUInt32(address, out uint low) & image.TryReadUInt32(address + 4, out uint high));
        return (ulong)high << 32 | low;
    }
}
