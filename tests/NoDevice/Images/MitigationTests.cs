// SPDX-License-Identifier: MIT

using System.Globalization;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>What each mitigation makes of the 64-bit kernel's entry.</summary>
public sealed class MitigationTests
{
    private static readonly string[] WriteMsr = ["mov r8,rcx", "mov r9,rdx", "mov ecx,MSR", "mov eax,VALUE", "xor edx,edx", "wrmsr", "mov rcx,r8", "mov rdx,r9"];

    public static TheoryData<Mitigation> Mitigations() => [.. Enum.GetValues<Mitigation>()];

    [Fact]
    public void Without_one_the_entry_answers_and_returns() => Assert.Equal(["mov eax,PID", "o64 sysret"], EntryOf(Mitigation.None));

    [Fact]
    public void Swapgs_is_there_and_back() => Assert.Equal(["swapgs", "swapgs", "mov eax,PID", "o64 sysret"], EntryOf(Mitigation.Swapgs));

    [Fact]
    public void The_fence_is_behind_the_first_swapgs() =>
        Assert.Equal(["swapgs", "lfence", "swapgs", "mov eax,PID", "o64 sysret"], EntryOf(Mitigation.SwapgsLfence));

    [Theory]
    [InlineData(Mitigation.Cr3, 0UL, 0UL)]
    [InlineData(Mitigation.Cr3Global, 0UL, 0UL)]
    [InlineData(Mitigation.Cr3Pcid, 1UL << 63, (1UL << 63) | 1)]
    public void CR3_is_the_kernels_on_the_way_in_and_the_programs_on_the_way_out(Mitigation mitigation, ulong kernelBits, ulong userBits)
    {
        LongModeGuest guest = Build(mitigation);
        Instruction[] code = Disassemble(guest);
        Assert.Equal(
            [Register.RAX, Register.CR3, Register.RAX, Register.CR3, Register.EAX, Register.None],
            code.Select(instruction => instruction.Op0Register));
        Assert.All(code[..^1], instruction => Assert.Equal(Mnemonic.Mov, instruction.Mnemonic));
        uint kernel = guest.Image.InitialState.Cr3;
        ulong user = code[2].GetImmediate(1) & ~userBits;
        Assert.Equal(kernel | kernelBits, code[0].GetImmediate(1));
        Assert.Equal(userBits, code[2].GetImmediate(1) & 0x8000_0000_0000_0fff);
        Assert.NotEqual(kernel, (uint)user);
        Assert.Equal(TableAt(guest, kernel), TableAt(guest, (uint)user));
    }

    [Fact]
    public void Only_where_it_is_the_point_are_the_kernels_pages_global_and_the_programs_never()
    {
        foreach (Mitigation mitigation in Enum.GetValues<Mitigation>())
        {
            LongModeGuest guest = Build(mitigation);
            bool global = mitigation == Mitigation.Cr3Global;
            Assert.Equal(global, guest.Image.Walk(KernelLayout.Text).Entries[^1].Flags.HasFlag(PageFlags.Global));
            Assert.False(guest.Image.Walk(GuestProgram.TextAddress).Entries[^1].Flags.HasFlag(PageFlags.Global));
            Assert.Equal(global, guest.Image.InitialState.Cr4.HasFlag(Cr4.PageGlobalEnable));
            Assert.Equal(mitigation == Mitigation.Cr3Pcid, guest.Image.InitialState.Cr4.HasFlag(Cr4.PcidEnable));
        }
    }

    [Fact]
    public void IBRS_is_set_on_the_way_in_and_cleared_on_the_way_out()
    {
        string[] expected = [.. Write(0x48, 1), .. Write(0x48, 0), "mov eax,PID", "o64 sysret"];
        Assert.Equal(expected, EntryOf(Mitigation.Ibrs));
    }

    [Fact]
    public void The_barrier_is_on_the_way_in()
    {
        string[] expected = [.. Write(0x49, 1), "mov eax,PID", "o64 sysret"];
        Assert.Equal(expected, EntryOf(Mitigation.Ibpb));
    }

    [Fact]
    public void The_return_stack_gets_32_entries_and_the_stack_pointer_comes_back()
    {
        string[] entry = EntryOf(Mitigation.RsbStuffing);
        for (int i = 0; i < 64; i += 2)
        {
            Assert.StartsWith("call ", entry[i], StringComparison.Ordinal);
            Assert.Equal("int3", entry[i + 1]);
        }

        Assert.Equal(["add rsp,100", "lfence", "mov eax,PID", "o64 sysret"], entry[64..]);
    }

    [Fact]
    public void VERW_has_a_selector_in_memory_that_ring_0_may_write()
    {
        LongModeGuest guest = Build(Mitigation.Verw);
        Instruction[] code = Disassemble(guest);
        Assert.Equal([Mnemonic.Verw, Mnemonic.Mov, Mnemonic.Sysretq], code.Select(instruction => instruction.Mnemonic));
        Assert.Equal(OpKind.Memory, code[0].Op0Kind);
        Assert.Equal(0x18, BitConverter.ToUInt16(Bytes(guest, (uint)code[0].MemoryDisplacement64, 2)));
    }

    [Theory]
    [MemberData(nameof(Mitigations))]
    public void The_initial_state_still_passes_every_rule_of_VM_entry(Mitigation mitigation) =>
        Assert.Empty(VmEntryRules.BrokenBy(Build(mitigation).Image.InitialState).Select(rule => rule.Text));

    [Theory]
    [InlineData(Mitigation.None, CpuFeatures.None, true)]
    [InlineData(Mitigation.Cr3, CpuFeatures.None, true)]
    [InlineData(Mitigation.RsbStuffing, CpuFeatures.None, true)]
    [InlineData(Mitigation.Cr3Pcid, CpuFeatures.None, false)]
    [InlineData(Mitigation.Cr3Pcid, CpuFeatures.Pcid, true)]
    [InlineData(Mitigation.Ibrs, CpuFeatures.Ibpb, false)]
    [InlineData(Mitigation.Ibrs, CpuFeatures.Ibrs, true)]
    [InlineData(Mitigation.Ibpb, CpuFeatures.Ibrs, false)]
    [InlineData(Mitigation.Ibpb, CpuFeatures.Ibpb, true)]
    [InlineData(Mitigation.Verw, CpuFeatures.Pcid, false)]
    [InlineData(Mitigation.Verw, CpuFeatures.MdClear, true)]
    public void What_the_CPU_lacks_is_absent_with_the_bit_that_says_so(Mitigation mitigation, CpuFeatures features, bool there)
    {
        CpuIdentity cpu = new("GenuineIntel", 6, 60, 3, Sep: true) { Features = features };
        string? absence = new EntryPath(KernelProfile.Bare64, EntryMechanism.Syscall, Mitigation: mitigation).AbsenceOn(cpu);
        Assert.Equal(there, absence is null);
        Assert.True(there || absence!.Contains("CPUID", StringComparison.Ordinal));
    }

    private static LongModeGuest Build(Mitigation mitigation) => LongModeGuest.Build(new LongModeGuestOptions
    {
        Program = new CallLoop(EntryMechanism.Syscall).Assemble(KernelProfile.Bare64),
        Mitigation = mitigation,
    });

    private static string[] Write(uint msr, uint value) =>
    [
        .. WriteMsr.Select(line => line
            .Replace("MSR", $"{msr:x}", StringComparison.Ordinal)
            .Replace("VALUE", value.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)),
    ];

    private static string[] EntryOf(Mitigation mitigation)
    {
        LongModeGuest guest = Build(mitigation);
        return [.. Disassemble(guest).Select(instruction => instruction.Code == Code.Mov_r32_imm32 && instruction.Immediate32 == guest.Pid ? "mov eax,PID" : Format(instruction))];
    }

    private static Instruction[] Disassemble(LongModeGuest guest)
    {
        uint address = guest.Image.Symbols.AddressOf("entry_SYSCALL_64");
        Decoder decoder = Decoder.Create(64, Bytes(guest, address, 512), address);
        List<Instruction> code = [];
        do
        {
            code.Add(decoder.Decode());
        }
        while (code[^1].Code != Code.Sysretq);
        return [.. code];
    }

    private static string Format(in Instruction instruction)
    {
        StringOutput output = new();
        new NasmFormatter(new FormatterOptions { FirstOperandCharIndex = 0, SpaceAfterOperandSeparator = false }).Format(instruction, output);
        return output.ToStringAndReset();
    }

    private static byte[] Bytes(LongModeGuest guest, uint address, int count)
    {
        uint physical = KernelLayout.Physical(address);
        PhysicalRange range = guest.Image.Ranges.Single(range => physical >= range.Address && physical < range.Address + (uint)range.Bytes.Length);
        return range.Bytes.Span.Slice((int)(physical - range.Address), count).ToArray();
    }

    private static byte[] TableAt(LongModeGuest guest, uint physical) => guest.Image.Ranges.Single(range => range.Address == physical).Bytes.ToArray();
}
