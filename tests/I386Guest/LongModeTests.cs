// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Probes;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>The 64-bit kernel: each entry of both modes answers, and whatever goes wrong is told.</summary>
public sealed class LongModeTests
{
    private const uint Unmapped = 0x10000000;

    // Enough that the host's interrupts end some of them in the kernel.
    private const uint Calls = 10_000;

    private static readonly bool IsIntel = HostEnvironment.Read().BackEnd.Module == "kvm_intel";

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    public static TheoryData<int> Bitnesses() => [32, 64];

    [Theory]
    [InlineData(64, EntryInstruction.Syscall)]
    [InlineData(64, EntryInstruction.Int80)]
    [InlineData(32, EntryInstruction.Int80)]
    [InlineData(32, EntryInstruction.Syscall)]
    [InlineData(32, EntryInstruction.Sysenter)]
    public void An_entry_answers_the_process_identifier_and_comes_back(int bitness, EntryInstruction instruction)
    {
        Assert.SkipWhen(
            bitness == 32 && instruction == (IsIntel ? EntryInstruction.Syscall : EntryInstruction.Sysenter),
            "this vendor does not have the instruction in compatibility mode");
        foreach (int entryOffset in new[] { 0, 61 })
        {
            LongModeGuest guest = LongModeGuest.Build(new LongModeGuestOptions
            {
                Program = GuestRun.Program(
                    c =>
                    {
                        Label again = c.CreateLabel();
                        c.mov(esi, Calls);
                        c.Label(ref again);
                        EmitCall(c, instruction);
                        c.add(edi, eax);
                        c.dec(esi);
                        c.jne(again);
                        GuestRun.EmitExit(c, edi);
                    },
                    bitness),
                EntryOffset = entryOffset,
                Seed = bitness + entryOffset,
            });
            MachineStop stop = GuestRun.Run(guest.Image);
            Assert.True(stop.Reason == StopReason.Exit, stop.Crash?.ToString() ?? stop.Reason.ToString());
            Assert.Equal(Calls * guest.Pid, stop.Status);
            Assert.Equal(0, stop.Statistics!.EmulatedInstructions);
        }
    }

    [Theory]
    [InlineData(32, LongModeSelector.UserCode32)]
    [InlineData(64, LongModeSelector.UserCode64)]
    public void A_program_runs_in_its_mode_with_the_stack_that_it_is_given(int bitness, uint selector)
    {
        Assert.Equal(selector, Status(bitness, c =>
        {
            c.mov(ecx, cs);
            GuestRun.EmitExit(c, ecx);
        }));

        // A return address is as wide as the stack.
        Assert.Equal(GuestProgram.StackTop - ((uint)bitness / 8), Status(bitness, c =>
        {
            Label routine = c.CreateLabel();
            c.call(routine);
            c.Label(ref routine);
            c.mov(ecx, esp);
            GuestRun.EmitExit(c, ecx);
        }));
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void A_monitor_call_changes_no_register_and_the_program_goes_on(int bitness)
    {
        GuestImage image = Build(
            bitness,
            c =>
            {
                c.mov(edx, 0x12345678);
                c.mov(eax, (uint)MonitorCall.Mark);
                c.@int(GuestRun.MonitorVector);
                c.sub(edx, eax);
                GuestRun.EmitExit(c, edx);
            });
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, image, GuestCpuid.Of(kvm));
        Assert.Equal(StopReason.Mark, machine.Run(Time).Reason);
        MachineStop stop = machine.Run(Time);
        Assert.Equal((StopReason.Exit, 0x12345678u - (uint)MonitorCall.Mark), (stop.Reason, stop.Status));
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void An_invalid_opcode_is_told_with_its_registers_and_its_code(int bitness)
    {
        CrashReport report = Crash(bitness, c =>
        {
            c.mov(esi, 0x12345678);
            c.ud2();
        });
        Assert.Equal("#UD (invalid opcode) in ring 3 at 0x08048005 (test_program+0x5)", report.Headline);
        Assert.Equal((0x12345678u, 0x08048005u, GuestProgram.StackTop), (report.Context.Esi, report.Context.Eip, report.Context.Esp));
        Assert.Equal(bitness == 64 ? LongModeSelector.UserCode64 : LongModeSelector.UserCode32, report.Context.Cs);
        Assert.Equal(LongModeSelector.UserData, report.Context.Ss);
        Assert.Contains(report.Code, line => line.StartsWith("=> 08048005  0f 0b", StringComparison.Ordinal));
        Assert.Contains("LSTAR", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Code_is_shown_as_that_of_its_mode()
    {
        // INC EAX and DEC EAX in one mode, prefixes of MOV in the other.
        byte[] code = Convert.FromHexString("40480f0b");
        Assert.Contains(Crash(32, c => c.db(code)).Code, line => line.EndsWith("dec    %eax", StringComparison.Ordinal));
        Assert.Equal("#UD (invalid opcode) in ring 3 at 0x08048000 (test_program)", Crash(64, c => c.db(code)).Headline);
        CrashReport wide = Crash(64, c =>
        {
            c.mov(r9, 0x1122334455667788);
            c.ud2();
        });
        Assert.Contains("movabs $0x1122334455667788,%r9", string.Join('\n', wide.Code), StringComparison.Ordinal);
        Assert.Contains("r9  1122334455667788", wide.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void A_read_of_an_unmapped_address_is_told_with_its_walk(int bitness)
    {
        CrashReport report = Crash(bitness, c => EmitRead(c, Unmapped));
        Assert.Equal("#PF (page fault) in ring 3 at 0x08048005 (test_program+0x5): a read of 0x10000000", report.Headline);
        Assert.Contains("error code 0x4: a read in user mode, and no page is mapped there", report.Details);
        PageWalk walk = Assert.Single(report.Walks);
        Assert.Equal((Unmapped, null, "directory entry"), (walk.LinearAddress, walk.PhysicalAddress, walk.Entries[^1].Name));
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void A_read_of_kernel_memory_is_refused(int bitness)
    {
        CrashReport report = Crash(bitness, c => EmitRead(c, KernelLayout.Gdt));
        Assert.Contains("a read of 0xc0105000 (gdt_page)", report.Headline, StringComparison.Ordinal);
        Assert.Contains("error code 0x5: a read in user mode, and the page does not allow it", report.Details);
    }

    [Fact]
    public void An_address_above_4_GiB_is_told_whole()
    {
        CrashReport report = Crash(64, c =>
        {
            c.mov(rcx, 0x108048000);
            c.jmp(rcx);
        });
        Assert.Contains(": a read of 0x108048000", report.Headline.Replace("an instruction fetch", "a read", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "#DE (divide error)")]
    [InlineData(3, "#BP (breakpoint)")]
    [InlineData(13, "#GP (general protection)")]
    public void An_exception_of_ring_3_is_named(int vector, string name)
    {
        foreach (int bitness in new[] { 32, 64 })
        {
            CrashReport report = Crash(bitness, c =>
            {
                switch (vector)
                {
                    case 0:
                        c.div(ecx);
                        break;
                    case 3:
                        c.int3();
                        break;
                    default:
                        c.hlt();
                        break;
                }
            });
            Assert.StartsWith($"{name} in ring 3 at 0x0804800", report.Headline, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_gate_that_ring_3_may_not_use_is_named()
    {
        CrashReport report = Crash(64, c => c.@int(14));
        Assert.StartsWith("#GP (general protection) in ring 3 at 0x0804800", report.Headline, StringComparison.Ordinal);

        // A CPU's error code has the gate's number from bit 3 on whatever a gate's size is; that of QEMU's software CPU, from bit 4 on.
        Assert.Contains(report.Details, line => line.StartsWith(
            IsIntel || Lab.IsHost
                ? "error code 0x72: gate 0xe of the IDT, which is: Interrupt gate, DPL 0, to 10:c010"
                : "error code 0xe2: gate 0x1c of the IDT, which is: Interrupt gate, DPL 0, to 10:c010",
            StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void A_stack_of_ring_0_that_is_gone_is_a_double_fault_on_a_stack_of_its_own(int bitness)
    {
        byte[] rsp0 = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(rsp0, Unmapped);
        GuestImage image = Build(bitness, c => c.@int(GuestRun.SyscallVector)).WithBytes(KernelLayout.Physical(KernelLayout.Tss) + LongModeTss.Rsp0, rsp0);
        CrashReport report = CrashOf(image);
        Assert.Equal("#DF (double fault) in ring 3 at 0x08048000 (test_program): an exception could not be delivered", report.Headline);
        Assert.Contains("the last page fault was at 0x0ffffff8", report.Details);
    }

    [Fact]
    public void Gates_that_are_gone_are_a_double_fault()
    {
        // #UD has no gate, and neither have #NP and #GP, which say so.
        GuestImage image = Build(64, c => c.ud2());
        foreach (uint vector in new uint[] { 6, 11, 13 })
        {
            image = image.WithBytes(KernelLayout.Physical(KernelLayout.Idt) + (vector * Idt.LongModeEntrySize), new byte[Idt.LongModeEntrySize]);
        }

        Assert.StartsWith("#DF (double fault) in ring 3 at 0x08048000 (test_program)", CrashOf(image).Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_of_the_kernel_on_the_programs_stack_is_told_wherever_that_is()
    {
        // SYSCALL leaves RSP alone: what faults behind it is delivered there, or on the double fault's stack.
        GuestImage image = Build(64, c => c.syscall());
        image = image.WithBytes(KernelLayout.Physical(image.Symbols.AddressOf("entry_SYSCALL_64")), [0x0f, 0x0b]);
        CrashReport report = CrashOf(image);
        Assert.Matches(@"^#UD \(invalid opcode\) in ring 0 at 0xc010[0-9a-f]{4} \(entry_SYSCALL_64\)$", report.Headline);
        Assert.Equal((GuestProgram.StackTop, LongModeSelector.KernelCode), (report.Context.Esp, report.Context.Cs));

        image = Build(64, c =>
        {
            c.mov(esp, Unmapped);
            c.syscall();
        });
        image = image.WithBytes(KernelLayout.Physical(image.Symbols.AddressOf("entry_SYSCALL_64")), [0x0f, 0x0b]);
        report = CrashOf(image);
        Assert.Matches(@"^#DF \(double fault\) in ring 0 at 0xc010[0-9a-f]{4} \(entry_SYSCALL_64\)", report.Headline);
        Assert.Contains("the stack at 0x10000000 is not mapped", report.Details);
    }

    [Theory]
    [InlineData(32, EntryInstruction.Syscall, true)]
    [InlineData(32, EntryInstruction.Sysenter, false)]
    [InlineData(64, EntryInstruction.Sysenter, false)]
    public void An_instruction_that_the_vendor_does_not_have_is_told(int bitness, EntryInstruction instruction, bool onAmd)
    {
        Assert.SkipWhen(IsIntel != onAmd, "this vendor has the instruction");
        Assert.SkipWhen(!Lab.IsHost && bitness == 32 && !IsIntel, "QEMU's SYSENTER enters from compatibility mode, which no AMD CPU's does");
        CrashReport report = Crash(bitness, c => EmitCall(c, instruction));

        // A KVM that takes #UD for an instruction of the other vendor's tries to emulate it, and gives up.
        Assert.Matches(
            @"^(#UD \(invalid opcode\) in ring 3|KVM gave up \(KVM_EXIT_INTERNAL_ERROR, sub-error 1 Emulation\)) at 0x080480[0-9a-f]{2} \(test_program\+0x[0-9a-f]+\)$",
            report.Headline);
        Assert.Contains(instruction.ToString().ToLowerInvariant(), report.Code.Single(line => line.StartsWith("=>", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Bitnesses))]
    public void A_program_that_loops_is_ended_by_its_deadline(int bitness)
    {
        GuestImage image = Build(
            bitness,
            c =>
            {
                Label again = c.CreateLabel();
                c.Label(ref again);
                c.jmp(again);
            });
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, image, GuestCpuid.Of(kvm));
        MachineStop stop = machine.Run(TimeSpan.FromMilliseconds(30));
        Assert.Equal(StopReason.Deadline, stop.Reason);
        Assert.Equal("The guest's time was over in ring 3 at 0x08048000 (test_program)", stop.Crash!.Headline);
    }

    [Fact]
    public void A_kernel_that_is_not_mapped_is_a_triple_fault_whose_report_names_what_is_missing()
    {
        GuestImage image = Build(64, c => c.ud2());
        image = image.WithBytes(image.Walk(KernelLayout.Text).Entries[^1].Address, new byte[sizeof(ulong)]);
        CrashReport report = CrashOf(image);
        Assert.StartsWith("Triple fault (KVM_EXIT_SHUTDOWN)", report.Headline, StringComparison.Ordinal);
        Assert.Contains("the IDT at 0xc0106000 (idt_table) is not mapped", report.Details);
    }

    /// <summary>In code that either mode executes; SYSENTER is told where to come back to, and with which stack.</summary>
    private static void EmitCall(Assembler c, EntryInstruction instruction)
    {
        c.mov(eax, 20);
        switch (instruction)
        {
            case EntryInstruction.Int80:
                c.@int(GuestRun.SyscallVector);
                break;
            case EntryInstruction.Syscall:
                c.syscall();
                break;
            default:
                // From the label on these have 1, 3, 2 and 2 bytes.
                const int length = 8;
                Label here = c.CreateLabel();
                c.call(here);
                c.Label(ref here);
                if (c.Bitness == 64)
                {
                    c.pop(rdx);
                }
                else
                {
                    c.pop(edx);
                }

                c.add(edx, length);
                c.mov(ecx, esp);
                c.sysenter();
                break;
        }
    }

    private static void EmitRead(Assembler c, uint address)
    {
        c.mov(ecx, address);
        c.mov(eax, c.Bitness == 64 ? __dword_ptr[rcx] : __dword_ptr[ecx]);
    }

    private static GuestImage Build(int bitness, Action<Assembler> emit) =>
        LongModeGuest.Build(new LongModeGuestOptions { Program = GuestRun.Program(emit, bitness) }).Image;

    private static uint Status(int bitness, Action<Assembler> emit)
    {
        MachineStop stop = GuestRun.Run(Build(bitness, emit));
        Assert.True(stop.Reason == StopReason.Exit, stop.Crash?.ToString() ?? stop.Reason.ToString());
        return stop.Status;
    }

    private static CrashReport Crash(int bitness, Action<Assembler> emit) => CrashOf(Build(bitness, emit));

    private static CrashReport CrashOf(GuestImage image)
    {
        MachineStop stop = GuestRun.Run(image);
        Assert.True(stop.Reason == StopReason.Crash, stop.Reason.ToString());
        return stop.Crash!;
    }
}
