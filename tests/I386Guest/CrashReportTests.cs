// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>Guests that fail, and broken ones: each ends in a report that names its own cause.</summary>
public sealed class CrashReportTests
{
    private const uint Unmapped = 0x10000000;

    private static readonly GuestProgram CallsBySysenter = new CallLoop(EntryMechanism.Sysenter).Assemble(KernelProfile.Bare);
    private static readonly GuestProgram CallsByInt80 = new CallLoop(EntryMechanism.Int80).Assemble(KernelProfile.Bare);

    [Fact]
    public void A_read_of_an_unmapped_address_in_ring_3()
    {
        CrashReport report = Crash(c => c.mov(eax, __dword_ptr[Unmapped]));
        Assert.Equal("#PF (page fault) in ring 3 at 0x08048000 (test_program): a read of 0x10000000", report.Headline);
        Assert.Contains("error code 0x4: a read in user mode, and no page is mapped there", report.Details);
        Assert.Contains(report.Walks, walk => walk.LinearAddress == Unmapped && walk.PhysicalAddress is null);
        Assert.StartsWith("=> 08048000  a1 00 00 00 10", report.Code[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_to_the_vsyscall_page_in_ring_3_is_error_code_7()
    {
        CrashReport report = Crash(c => c.mov(__dword_ptr[VsyscallPage.Entry], 0));
        Assert.Equal("#PF (page fault) in ring 3 at 0x08048000 (test_program): a write of 0xffffe400 (__kernel_vsyscall)", report.Headline);
        Assert.Contains("error code 0x7: a write in user mode, and the page does not allow it", report.Details);
        PageWalk walk = Assert.Single(report.Walks);
        Assert.Equal(0x025u, walk.Entries[1].Value & 0xfff);
    }

    [Fact]
    public void A_write_to_its_own_instruction_is_a_write_and_no_fetch()
    {
        CrashReport report = Crash(c => c.mov(__dword_ptr[GuestProgram.TextAddress], eax));
        Assert.Equal("#PF (page fault) in ring 3 at 0x08048000 (test_program): a write of 0x08048000 (test_program)", report.Headline);
    }

    [Fact]
    public void A_read_of_kernel_memory_in_ring_3_is_error_code_5()
    {
        CrashReport report = Crash(c => c.mov(eax, __dword_ptr[KernelLayout.Gdt]));
        Assert.Contains("error code 0x5: a read in user mode, and the page does not allow it", report.Details);
        Assert.Contains("(gdt_table)", report.Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void The_guard_page_behind_the_fixmap_is_not_mapped()
    {
        CrashReport report = Crash(c => c.mov(eax, __dword_ptr[Fixmap.Top]));
        Assert.Contains("error code 0x4: a read in user mode, and no page is mapped there", report.Details);
    }

    [Fact]
    public void A_jump_to_nowhere_walks_the_instructions_page()
    {
        CrashReport report = Crash(c =>
        {
            c.mov(eax, Unmapped);
            c.jmp(eax);
        });
        Assert.Equal("#PF (page fault) in ring 3 at 0x10000000: an instruction fetch of 0x10000000", report.Headline);
        Assert.Empty(report.Code);
        Assert.Equal(Unmapped, Assert.Single(report.Walks).LinearAddress);
    }

    [Theory]
    [InlineData("fa", "cli")]
    [InlineData("f4", "hlt")]
    public void A_privileged_instruction_in_ring_3(string code, string mnemonic)
    {
        CrashReport report = Crash(c => c.db(Convert.FromHexString(code)));
        Assert.Equal("#GP (general protection) in ring 3 at 0x08048000 (test_program)", report.Headline);
        Assert.Contains($"{mnemonic} is not allowed in ring 3", report.Details);
    }

    [Fact]
    public void A_port_in_ring_3()
    {
        CrashReport report = Crash(c =>
        {
            c.mov(dx, unchecked((short)MonitorPort.Call));
            c.@out(dx, eax);
        });
        Assert.StartsWith("#GP (general protection) in ring 3", report.Headline, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "#DE (divide error)")]
    [InlineData(3, "#BP (breakpoint)")]
    [InlineData(4, "#OF (overflow)")]
    [InlineData(6, "#UD (invalid opcode)")]
    public void An_exception_of_ring_3_is_named(int vector, string name)
    {
        CrashReport report = Crash(c =>
        {
            switch (vector)
            {
                case 0:
                    c.div(ecx);
                    break;
                case 3:
                    c.int3();
                    break;
                case 4:
                    c.mov(eax, 0x7fffffff);
                    c.add(eax, eax);
                    c.into();
                    break;
                default:
                    c.ud2();
                    break;
            }
        });
        Assert.StartsWith($"{name} in ring 3", report.Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void An_INT_that_ring_3_may_not_use_names_its_gate()
    {
        CrashReport report = Crash(c => c.@int(14));

        // A CPU saves the address of INT; QEMU's software CPU, the one behind it.
        Assert.StartsWith("#GP (general protection) in ring 3 at 0x0804800", report.Headline, StringComparison.Ordinal);
        Assert.Contains(report.Details, line => line.StartsWith("error code 0x72: gate 0xe of the IDT, which is: Interrupt gate, DPL 0", StringComparison.Ordinal)
            && line.EndsWith("INT in ring 3 needs DPL 3", StringComparison.Ordinal));
    }

    [Fact]
    public void A_missing_gate()
    {
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image
            .WithBytes(KernelLayout.Physical(KernelLayout.Idt) + (0x80 * Idt.EntrySize), new byte[Idt.EntrySize]);
        CrashReport report = CrashOf(image);
        Assert.StartsWith("#GP (general protection) in ring 3", report.Headline, StringComparison.Ordinal);
        Assert.Contains("error code 0x402: gate 0x80 of the IDT, which is: not present", report.Details);
    }

    [Fact]
    public void A_gate_that_is_open_to_ring_3_but_not_present()
    {
        // DPL 3, type trap, P clear: 2.6.12's gate without its present bit.
        byte[] gate = new byte[Idt.EntrySize];
        BinaryPrimitives.WriteUInt64LittleEndian(gate, GateDescriptor.To(GateType.Trap, 3, Selector.KernelCode, KernelLayout.Text).Raw & ~(1UL << 47));
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image
            .WithBytes(KernelLayout.Physical(KernelLayout.Idt) + (0x80 * Idt.EntrySize), gate);
        CrashReport report = CrashOf(image);
        Assert.StartsWith("#NP (segment not present) in ring 3", report.Headline, StringComparison.Ordinal);
        Assert.Contains("error code 0x402: gate 0x80 of the IDT, which is: not present", report.Details);
    }

    [Fact]
    public void SYSENTER_CS_of_zero()
    {
        CrashReport report = CrashOf(WithMsr(CallsBySysenter, Msr.SysenterCs, 0));
        Assert.StartsWith("#GP (general protection) in ring 3", report.Headline, StringComparison.Ordinal);
        Assert.Contains("SYSENTER raises #GP because SYSENTER_CS is 0 (SDM Vol. 2)", report.Details);
    }

    [Fact]
    public void SYSENTER_EIP_that_leads_nowhere()
    {
        CrashReport report = CrashOf(WithMsr(CallsBySysenter, Msr.SysenterEip, Unmapped));
        Assert.Equal("#PF (page fault) in ring 0 at 0x10000000: " + Fetch(report) + " of 0x10000000", report.Headline);
        Assert.Contains("SYSENTER_EIP leads to an address that is not mapped: is the MSR right?", report.Details);
    }

    [Fact]
    public void SYSENTER_ESP_that_leads_nowhere()
    {
        // On the linux26 kernel the first instruction loads through it.
        GuestProgram program = new CallLoop(EntryMechanism.Vsyscall).Assemble(KernelProfile.Linux26);
        CrashReport report = CrashOf(WithMsr(program, Msr.SysenterEsp, Unmapped, KernelProfile.Linux26));
        Assert.StartsWith("#DF (double fault) in ring 0 at 0x", report.Headline, StringComparison.Ordinal);
        Assert.Contains("(sysenter_entry): an exception could not be delivered", report.Headline, StringComparison.Ordinal);
        Assert.Contains("the stack at 0x10000000 is not mapped", report.Details);
    }

    [Fact]
    public void A_stack_of_ring_0_that_is_gone_ends_in_the_double_fault_task()
    {
        // ESP0 itself is bad: INT 0x80 cannot push its frame.
        byte[] esp0 = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(esp0, Unmapped);
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image.WithBytes(KernelLayout.Physical(KernelLayout.Tss) + Tss.Esp0, esp0);
        CrashReport report = CrashOf(image);
        Assert.StartsWith("#DF (double fault) in ring 3", report.Headline, StringComparison.Ordinal);
        Assert.Contains("the last page fault was at 0x0ffffffc", report.Details);
    }

    [Fact]
    public void A_program_whose_code_page_is_not_mapped()
    {
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image;
        image = image.WithBytes(image.Walk(GuestProgram.TextAddress).Entries[1].Address, new byte[sizeof(uint)]);
        CrashReport report = CrashOf(image);
        Assert.StartsWith("#PF (page fault) in ring 3 at 0x0804", report.Headline, StringComparison.Ordinal);
        Assert.Contains("(not present), not mapped", string.Join('\n', report.Walks), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_is_not_mapped_at_all_is_a_triple_fault_whose_report_names_what_is_missing()
    {
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image;
        image = image.WithBytes(image.Walk(KernelLayout.Text).Entries[0].Address, new byte[sizeof(uint)]);
        CrashReport report = CrashOf(image);
        Assert.StartsWith("Triple fault (KVM_EXIT_SHUTDOWN)", report.Headline, StringComparison.Ordinal);
        Assert.Contains(report.Details, line => line.StartsWith("the first instruction at 0xc010", StringComparison.Ordinal) && line.EndsWith("is not mapped", StringComparison.Ordinal));
        Assert.Contains("the IDT at 0xc0106000 (idt_table) is not mapped", report.Details);
        Assert.Contains("the GDT at 0xc0105000 (gdt_table) is not mapped", report.Details);
    }

    [Fact]
    public void An_empty_page_directory_is_a_triple_fault_with_its_walk()
    {
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image;
        image = image with { InitialState = image.InitialState with { Cr3 = 0 } };
        CrashReport report = CrashOf(image);
        Assert.StartsWith("Triple fault (KVM_EXIT_SHUTDOWN)", report.Headline, StringComparison.Ordinal);
        Assert.Contains("directory entry at 0x00000c00 = 0x00000000 (not present), not mapped", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_in_ring_0_is_reported_as_one()
    {
        // The kernel's first instruction is replaced by UD2.
        GuestImage image = GuestRun.Build(CallsByInt80, KernelProfile.Bare).Image;
        image = image.WithBytes(KernelLayout.Physical(image.Symbols.AddressOf("system_call")), [0x0f, 0x0b]);
        CrashReport report = CrashOf(image);
        Assert.Matches(@"^#UD \(invalid opcode\) in ring 0 at 0xc010[0-9a-f]{4} \(system_call\)", report.Headline);
    }

    [Fact]
    public void A_report_as_text_has_registers_page_walk_and_code()
    {
        string text = Crash(c =>
        {
            c.mov(esi, 0x12345678);
            c.mov(eax, __dword_ptr[Unmapped]);
        }).ToString();
        Assert.Contains("esi 12345678", text, StringComparison.Ordinal);
        Assert.Contains("cr2 10000000", text, StringComparison.Ordinal);
        Assert.Contains("SYSENTER_CS 00000060", text, StringComparison.Ordinal);
        Assert.Contains("page walk   0x10000000: directory entry at", text, StringComparison.Ordinal);
        Assert.Contains("=> 08048005", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_loops_is_ended_by_its_deadline_and_the_report_says_where_it_was()
    {
        using Kvmsys.Native.Kvm kvm = Kvmsys.Native.Kvm.Open();
        GuestProgram program = GuestRun.Program(c =>
        {
            Label again = c.CreateLabel();
            c.Label(ref again);
            c.jmp(again);
        });
        using VirtualMachine machine = new(kvm, GuestRun.Build(program).Image, GuestCpuid.Of(kvm));
        MachineStop stop = machine.Run(TimeSpan.FromMilliseconds(30));
        Assert.Equal(StopReason.Deadline, stop.Reason);
        Assert.Equal("The guest's time was over in ring 3 at 0x08048000 (test_program)", stop.Crash!.Headline);
    }

    private static string Fetch(CrashReport report) =>
        report.Headline.Contains("an instruction fetch", StringComparison.Ordinal) ? "an instruction fetch" : "a read";

    private static CrashReport Crash(Action<Assembler> emit) => CrashOf(GuestRun.Build(GuestRun.Program(emit)).Image);

    private static CrashReport CrashOf(GuestImage image)
    {
        MachineStop stop = GuestRun.Run(image);
        Assert.Equal(StopReason.Crash, stop.Reason);
        return stop.Crash!;
    }

    private static GuestImage WithMsr(GuestProgram program, uint index, ulong value, KernelProfile profile = KernelProfile.Bare)
    {
        GuestImage image = GuestRun.Build(program, profile).Image;
        return image with
        {
            InitialState = image.InitialState with
            {
                Msrs = [.. image.InitialState.Msrs.Select(msr => msr.Index == index ? msr with { Value = value } : msr)],
            },
        };
    }
}
