// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>
/// The FRED kernel's code on a CPU without FRED: a test leaves the frame of an event on the stack, as the CPU would, and goes to the entry. In
/// place of ERETU stands an invalid opcode, whose report tells what the kernel would have returned to. That the CPU's frame is such a one
/// no test can tell without a CPU that has FRED.
/// </summary>
public sealed class FredEntryTests
{
    private const uint KernelStack = KernelLayout.ThreadUnion + KernelLayout.ThreadSize;
    private const uint Frame = KernelStack - FredFrame.Size;
    private const uint Rip = 0x08048765;
    private const uint UserRsp = 0xbffffff0;
    private const uint ErrorCode = 0x1230;
    private const int GeneralProtection = 13;

    // Of a hardware exception, out of 64-bit mode.
    private const ulong EventType = 0x0203UL << 48;

    // SS blocks interrupts, and CS has a stack level: bits that no selector has.
    private const ulong AboveSs = 1UL << 17;
    private const ulong AboveCs = 1UL << 16;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(EntryMechanism.Syscall, FredFrame.SyscallVector, 0)]
    [InlineData(EntryMechanism.Int80, 0x80, 0)]
    [InlineData(EntryMechanism.InvalidOpcode, 6, 2)]
    [InlineData(EntryMechanism.PageFault, 14, 2)]
    public void The_programs_event_is_answered_and_returned_from(EntryMechanism mechanism, int vector, uint skipped)
    {
        LongModeGuest guest = Build(new CallLoop(mechanism).Assemble(KernelProfile.Fred64));
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, Entered(guest, FredEntry(guest), FrameOf(vector)), GuestCpuid.Of(kvm));
        CrashReport report = AtEretu(machine, guest);
        Assert.Equal((guest.Pid, Frame), (report.Context.Eax, report.Context.Esp));
        ulong[] expected = FrameOf(vector);
        expected[FredFrame.Rip / sizeof(ulong)] += skipped;
        Assert.Equal(expected, FrameIn(machine));
    }

    [Fact]
    public void A_monitor_call_is_made_and_returned_from_with_all_registers_as_they_were()
    {
        LongModeGuest guest = Build(GuestRun.Program(
            c =>
            {
                c.mov(edx, 0x12345678);
                c.mov(eax, (uint)MonitorCall.Mark);
                c.mov(rcx, KernelLayout.FredEntries);
                c.jmp(rcx);
            },
            64));
        ulong[] frame = FrameOf(0x81);
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, Entered(guest, GuestProgram.TextAddress, frame), GuestCpuid.Of(kvm));
        Assert.Equal(StopReason.Mark, machine.Run(Time).Reason);
        CrashReport report = AtEretu(machine, guest);
        Assert.Equal(((uint)MonitorCall.Mark, 0x12345678u, Frame), (report.Context.Eax, report.Context.Edx, report.Context.Esp));
        Assert.Equal(frame, FrameIn(machine));
    }

    [Theory]
    [InlineData("asm_fred_entrypoint_user", LongModeSelector.UserCode64, LongModeSelector.UserData, 3)]
    [InlineData("asm_fred_entrypoint_kernel", LongModeSelector.KernelCode, LongModeSelector.KernelData, 0)]
    public void What_nobody_expects_is_told_as_an_exception_is(string entry, ushort cs, ushort ss, int ring)
    {
        LongModeGuest guest = Build(new CallLoop(EntryMechanism.Syscall).Assemble(KernelProfile.Fred64));
        ulong[] frame = FrameOf(GeneralProtection, cs, ss);
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, Entered(guest, guest.Image.Symbols.AddressOf(entry), frame), GuestCpuid.Of(kvm));
        CrashReport report = Crash(machine);
        Assert.StartsWith($"#GP (general protection) in ring {ring} at 0x{Rip:x8}", report.Headline, StringComparison.Ordinal);
        Assert.Equal((Rip, UserRsp, cs, ss), (report.Context.Eip, report.Context.Esp, report.Context.Cs, report.Context.Ss!.Value));
        Assert.Contains(report.Details, detail => detail.StartsWith($"error code 0x{ErrorCode:x}", StringComparison.Ordinal));
    }

    [Fact]
    public void The_kernel_goes_to_its_program_by_the_frame_that_ERETU_wants()
    {
        GuestProgram program = GuestRun.Program(c => c.nop(), 64);
        LongModeGuest guest = Build(program);
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, WithoutFred(guest.Image), GuestCpuid.Of(kvm));
        CrashReport report = AtEretu(machine, guest);
        ulong[] frame = QuadwordsAt(machine, report.Context.Esp, FredFrame.EventData / sizeof(ulong));
        const ulong flags = (ulong)(Eflags.Fixed | Eflags.InterruptEnable);
        Assert.Equal([0, program.Entry, LongModeSelector.UserCode64, flags, program.StackPointer, LongModeSelector.UserData], frame);
    }

    private static LongModeGuest Build(GuestProgram program) => LongModeGuest.Build(new LongModeGuestOptions { Program = program, Fred = true, Seed = 5 });

    private static uint FredEntry(LongModeGuest guest) => guest.Image.Symbols.AddressOf("asm_fred_entrypoint_user");

    private static ulong[] FrameOf(int vector, ushort cs = LongModeSelector.UserCode64, ushort ss = LongModeSelector.UserData) =>
        [ErrorCode, Rip, cs | AboveCs, (ulong)(Eflags.Fixed | Eflags.InterruptEnable), UserRsp, ss | AboveSs | ((ulong)vector << 32) | EventType, 0x77, 0];

    /// <summary>The guest as it is when it is in ring 0, at an address, with an event's frame on its stack.</summary>
    private static GuestImage Entered(LongModeGuest guest, uint address, ulong[] frame)
    {
        GuestImage image = WithoutFred(guest.Image).WithBytes(KernelLayout.Physical(Frame), MemoryMarshal.AsBytes(frame.AsSpan()).ToArray());
        return image with { InitialState = image.InitialState with { Eip = address, Esp = Frame } };
    }

    /// <summary>For a CPU that has no FRED, and to which ERETU may even be another instruction: QEMU takes it for CLAC.</summary>
    private static GuestImage WithoutFred(GuestImage image)
    {
        CpuState state = image.InitialState;
        image = image with
        {
            InitialState = state with
            {
                Cr4 = state.Cr4 & ~Cr4.Fred,
                Msrs = [.. state.Msrs.Where(msr => msr.Index is not (Msr.FredRsp0 or Msr.FredStackLevels or Msr.FredConfig))],
            },
        };
        for (uint address = KernelLayout.Text; address < KernelLayout.Gdt; address++)
        {
            if (IsEretu(image, address))
            {
                image = image.WithBytes(KernelLayout.Physical(address), [0x0f, 0x0b, 0x0f, 0x0b]);
            }
        }

        return image;
    }

    private static bool IsEretu(GuestImage image, uint address) => image.TryReadUInt32(KernelLayout.Physical(address), out uint code) && code == 0xca010ff3;

    private static CrashReport AtEretu(VirtualMachine machine, LongModeGuest guest)
    {
        CrashReport report = Crash(machine);
        Assert.StartsWith("#UD (invalid opcode) in ring 0", report.Headline, StringComparison.Ordinal);
        Assert.True(IsEretu(guest.Image, report.Context.Eip), report.ToString());
        return report;
    }

    private static CrashReport Crash(VirtualMachine machine)
    {
        MachineStop stop = machine.Run(Time);
        Assert.True(stop.Reason == StopReason.Crash, stop.Reason.ToString());
        return stop.Crash!;
    }

    private static ulong[] FrameIn(VirtualMachine machine) => QuadwordsAt(machine, Frame, FredFrame.Size / sizeof(ulong));

    private static ulong[] QuadwordsAt(VirtualMachine machine, uint address, int count) =>
        [.. Enumerable.Range(0, count).Select(i => machine.Ram.Read<ulong>(KernelLayout.Physical(address) + (uint)(i * sizeof(ulong))))];
}
