// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Images;

public sealed class I386GuestTests
{
    private const uint DoubleFaultVector = 8;

    private static readonly CpuIdentity Cpu = new("AuthenticAMD", 23, 1, 2, Sep: true);

    public static TheoryData<KernelProfile, EntryMechanism> Combinations()
    {
        TheoryData<KernelProfile, EntryMechanism> data = [];
        foreach (KernelProfile profile in new[] { KernelProfile.Bare, KernelProfile.Linux26 })
        {
            foreach (EntryMechanism mechanism in Enum.GetValues<EntryMechanism>().Where(mechanism => EntryPath.ProfilesOf(mechanism).Contains(profile)))
            {
                data.Add(profile, mechanism);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void The_vsyscall_page_is_present_for_ring_3_and_read_only(KernelProfile profile, EntryMechanism mechanism)
    {
        PageWalk walk = Build(profile, mechanism).Image.Walk(0xffffe000);
        Assert.Equal(0x067u, walk.Entries[0].Value & 0xfff);
        Assert.Equal(0x025u, walk.Entries[1].Value & 0xfff);
        Assert.Equal(1023u * 4, walk.Entries[0].Address & 0xfff);
        Assert.Equal(0x3feu * 4, walk.Entries[1].Address & 0xfff);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void The_kernel_is_high_and_out_of_ring_3s_reach(KernelProfile profile, EntryMechanism mechanism)
    {
        GuestImage image = Build(profile, mechanism).Image;
        for (uint address = KernelLayout.PageOffset; address < KernelLayout.PageOffset + image.MemorySize; address += FrameAllocator.FrameSize)
        {
            PageWalk walk = image.Walk(address);
            Assert.Equal(address - KernelLayout.PageOffset, walk.PhysicalAddress);
            Assert.False(walk.UserAccessible, walk.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void The_program_is_low_with_code_that_it_cannot_write_and_data_and_a_stack_that_it_can(KernelProfile profile, EntryMechanism mechanism)
    {
        GuestImage image = Build(profile, mechanism).Image;
        AssertProtection(image, GuestProgram.TextAddress, writable: false);
        AssertProtection(image, GuestProgram.DataAddress, writable: true);
        AssertProtection(image, GuestProgram.StackTop - 4, writable: true);
        Assert.Null(image.Walk(0).PhysicalAddress);
        Assert.Null(image.Walk(GuestProgram.StackTop - FrameAllocator.FrameSize - 1).PhysicalAddress);
        Assert.Null(image.Walk(Fixmap.Top).PhysicalAddress);
    }

    [Theory]
    [InlineData(KernelProfile.Bare, EntryMechanism.Int80)]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Vsyscall)]
    public void Every_exception_has_a_handler_and_the_system_call_gate_is_open_to_ring_3(KernelProfile profile, EntryMechanism mechanism)
    {
        GuestImage image = Build(profile, mechanism).Image;
        for (uint vector = 0; vector < 32; vector++)
        {
            GateDescriptor gate = ReadGate(image, vector);
            Assert.True(gate.Present, $"vector {vector}");
            Assert.Equal(vector is 3 or 4 or 5 ? 3 : 0, gate.Dpl);
            Assert.Equal(
                vector switch
                {
                    1 or 2 or 3 or 14 => GateType.Interrupt,
                    DoubleFaultVector => GateType.Task,
                    _ => GateType.Trap,
                },
                gate.Type);
            Assert.Equal(vector == DoubleFaultVector ? null : $"exception_{vector}", vector == DoubleFaultVector ? null : image.Symbols.Describe(gate.Offset));
        }

        GateDescriptor syscall = ReadGate(image, 0x80);
        Assert.Equal((GateType.Trap, 3, Selector.KernelCode), (syscall.Type, syscall.Dpl, syscall.Selector));
        Assert.Equal("system_call", image.Symbols.Describe(syscall.Offset));
        Assert.False(ReadGate(image, 0x82).Present);
    }

    [Theory]
    [InlineData(EntryMechanism.InvalidOpcode, 6)]
    [InlineData(EntryMechanism.PageFault, 14)]
    public void An_exception_that_is_timed_has_a_handler_of_its_own(EntryMechanism mechanism, uint vector)
    {
        GuestImage image = Build(KernelProfile.Bare, mechanism).Image;
        Assert.Equal("skip_exception", image.Symbols.Describe(ReadGate(image, vector).Offset));
        Assert.Equal("exception_13", image.Symbols.Describe(ReadGate(image, 13).Offset));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void The_initial_state_passes_every_VM_entry_check(KernelProfile profile, EntryMechanism mechanism) =>
        Assert.Empty(VmEntryRules.BrokenBy(Build(profile, mechanism).Image.InitialState));

    [Theory]
    [InlineData(KernelProfile.Bare, EntryMechanism.Sysenter, "sysenter_entry_by_registers")]
    [InlineData(KernelProfile.Bare, EntryMechanism.Vsyscall, "sysenter_entry")]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Sysenter, "sysenter_entry")]
    public void The_SYSENTER_registers_lead_to_the_kernels_code_entry_and_stack(KernelProfile profile, EntryMechanism mechanism, string entry)
    {
        GuestImage image = Build(profile, mechanism).Image;
        Assert.Equal(Selector.KernelCode, image.InitialState.MsrOrNull(Msr.SysenterCs));
        Assert.Equal(KernelLayout.Tss + Tss.Size, image.InitialState.MsrOrNull(Msr.SysenterEsp));
        Assert.Equal(image.Symbols.AddressOf(entry), image.InitialState.MsrOrNull(Msr.SysenterEip));
    }

    [Fact]
    public void The_page_lies_elsewhere_with_another_seed_and_nowhere_else_with_the_same()
    {
        uint[] addresses = [.. Enumerable.Range(0, 100).Select(seed => Build(KernelProfile.Bare, EntryMechanism.Vsyscall, seed).Image.FixmapPages[0].PhysicalAddress)];
        Assert.True(addresses.Distinct().Count() > 90, "The page's frame hardly depends on the seed.");
        Assert.Equal(addresses[7], Build(KernelProfile.Bare, EntryMechanism.Vsyscall, seed: 7).Image.FixmapPages[0].PhysicalAddress);
    }

    [Fact]
    public void The_same_options_give_the_same_bytes()
    {
        GuestImage first = Build(KernelProfile.Linux26, EntryMechanism.Vsyscall, seed: 3).Image;
        GuestImage second = Build(KernelProfile.Linux26, EntryMechanism.Vsyscall, seed: 3).Image;
        Assert.Equal(first.Ranges.Length, second.Ranges.Length);
        Assert.All(first.Ranges.Zip(second.Ranges), pair =>
        {
            Assert.Equal(pair.First.Address, pair.Second.Address);
            Assert.True(pair.First.Bytes.Span.SequenceEqual(pair.Second.Bytes.Span));
        });
    }

    [Fact]
    public void No_two_ranges_of_an_image_overlap()
    {
        foreach (int seed in Enumerable.Range(0, 20))
        {
            PhysicalRange[] ranges = [.. Build(KernelProfile.Linux26, EntryMechanism.Vsyscall, seed).Image.Ranges];
            Assert.All(ranges.Zip(ranges.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Address));
        }
    }

    [Fact]
    public void Without_SEP_the_page_enters_by_INT_0x80()
    {
        I386Guest guest = I386Guest.Build(Options(KernelProfile.Linux26, EntryMechanism.Vsyscall, 0) with { Cpu = Cpu with { Sep = false } });
        Assert.Equal(VsyscallVariant.Int80, guest.Vsyscall);
        Assert.True(guest.Image.TryReadUInt32(guest.Image.FixmapPages[0].PhysicalAddress + 0x400, out uint code));
        Assert.Equal(0x00c380cdu, code);
    }

    [Fact]
    public void A_program_that_executes_SYSENTER_is_refused_on_a_CPU_without_it()
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(
            () => I386Guest.Build(Options(KernelProfile.Bare, EntryMechanism.Sysenter, 0) with { Cpu = Cpu with { Sep = false } }));
        Assert.Contains("SYSENTER, which this CPU lacks", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(4096u)]
    [InlineData(5u << 20)]
    public void A_memory_size_that_is_no_multiple_of_4_MiB_is_refused(uint size) =>
        Assert.Throws<ArgumentException>(() => I386Guest.Build(Options(KernelProfile.Bare, EntryMechanism.Int80, 0) with { MemorySize = size }));

    [Fact]
    public void The_smallest_memory_suffices() =>
        Assert.Equal(I386GuestOptions.MinMemorySize, I386Guest.Build(Options(KernelProfile.Linux26, EntryMechanism.Vsyscall, 0) with { MemorySize = I386GuestOptions.MinMemorySize }).Image.MemorySize);

    [Fact]
    public void Bytes_can_be_planted_only_where_the_image_has_some()
    {
        GuestImage image = Build(KernelProfile.Bare, EntryMechanism.Int80).Image;
        Assert.Throws<ArgumentException>(() => image.WithBytes(image.MemorySize - 2, [1, 2, 3, 4]));
        GuestImage changed = image.WithBytes(KernelLayout.Physical(KernelLayout.Gdt), [1, 2, 3, 4]);
        Assert.True(changed.TryReadUInt32(KernelLayout.Physical(KernelLayout.Gdt), out uint word));
        Assert.Equal(0x04030201u, word);
        Assert.True(image.TryReadUInt32(KernelLayout.Physical(KernelLayout.Gdt), out word));
        Assert.Equal(0u, word);
    }

    [Theory]
    [InlineData(KernelProfile.Bare64)]
    [InlineData(KernelProfile.Compatibility)]
    public void A_64_bit_kernel_is_no_i386_guests(KernelProfile profile) => Assert.Throws<ArgumentException>(() => Build(profile, EntryMechanism.Int80));

    [Theory]
    [InlineData(EntryMechanism.Syscall)]
    [InlineData(EntryMechanism.InvalidOpcode)]
    [InlineData(EntryMechanism.PageFault)]
    public void What_only_the_bare_kernel_takes_is_refused_for_the_other(EntryMechanism mechanism) =>
        Assert.Throws<ArgumentException>(() => Build(KernelProfile.Linux26, mechanism));

    [Theory]
    [InlineData(16)]
    [InlineData(48)]
    public void Entries_and_loop_start_where_in_their_cache_lines_they_are_told_to(int offset)
    {
        foreach (KernelProfile profile in new[] { KernelProfile.Bare, KernelProfile.Linux26 })
        {
            GuestImage image = I386Guest.Build(Options(profile, EntryMechanism.Int80, seed: 1) with
            {
                Program = new CallLoop(EntryMechanism.Int80) { Offset = offset }.Assemble(profile),
                EntryOffset = offset,
            }).Image;
            Assert.Equal(
                (offset, offset, offset),
                (OffsetOf("run_calls"), OffsetOf("system_call"), OffsetOf("sysenter_entry")));

            int OffsetOf(string symbol) => (int)(image.Symbols.AddressOf(symbol) % 64);
        }
    }

    [Fact]
    public void Getpid_answers_another_number_with_another_seed()
    {
        uint[] pids = [.. Enumerable.Range(0, 50).Select(seed => Build(KernelProfile.Bare, EntryMechanism.Int80, seed).Pid)];
        Assert.True(pids.Distinct().Count() > 40);
        Assert.DoesNotContain((uint)SyscallNumber.Getpid, pids);
    }

    private static I386Guest Build(KernelProfile profile, EntryMechanism mechanism, int seed = 1) => I386Guest.Build(Options(profile, mechanism, seed));

    private static I386GuestOptions Options(KernelProfile profile, EntryMechanism mechanism, int seed) => new()
    {
        Program = new CallLoop(mechanism).Assemble(profile),
        Profile = profile,
        Cpu = Cpu,
        Seed = seed,
    };

    private static void AssertProtection(GuestImage image, uint address, bool writable)
    {
        PageWalk walk = image.Walk(address);
        Assert.NotNull(walk.PhysicalAddress);
        Assert.True(walk.UserAccessible, walk.ToString());
        Assert.Equal(writable, walk.Writable);
    }

    private static GateDescriptor ReadGate(GuestImage image, uint vector)
    {
        uint address = KernelLayout.Physical(KernelLayout.Idt) + (vector * Idt.EntrySize);
        byte[] gate = new byte[Idt.EntrySize];
        Assert.True(image.TryReadUInt32(address, out uint low));
        Assert.True(image.TryReadUInt32(address + 4, out uint high));
        BinaryPrimitives.WriteUInt32LittleEndian(gate, low);
        BinaryPrimitives.WriteUInt32LittleEndian(gate.AsSpan(4), high);
        return new GateDescriptor(BinaryPrimitives.ReadUInt64LittleEndian(gate));
    }
}
