// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>What a program in ring 3 sees of its kernel.</summary>
public sealed class SystemCallTests
{
    private const int Getpid = 20;
    private const uint BadStack = 0x10000000;

    [Theory]
    [InlineData(KernelProfile.Bare)]
    [InlineData(KernelProfile.Linux26)]
    public void Getpid_by_INT_0x80_answers_the_process_identifier(KernelProfile profile) =>
        AssertPid(profile, c => c.@int(GuestRun.SyscallVector));

    [Theory]
    [InlineData(KernelProfile.Bare)]
    [InlineData(KernelProfile.Linux26)]
    public void Getpid_by_the_vsyscall_page_answers_the_process_identifier(KernelProfile profile) =>
        AssertPid(profile, c => c.call(VsyscallPage.Entry));

    [Theory]
    [InlineData(289u)]
    [InlineData(0x7fffffffu)]
    [InlineData(0xffffffffu)]
    [InlineData(2u)]
    public void A_number_that_is_no_system_call_is_ENOSYS_by_both_ways(uint number)
    {
        Assert.Equal(-LinuxErrno.Enosys, (int)GuestRun.Status(c => EmitCall(c, number, c => c.@int(GuestRun.SyscallVector))));
        Assert.Equal(-LinuxErrno.Enosys, (int)GuestRun.Status(c => EmitCall(c, number, c => c.call(VsyscallPage.Entry))));
    }

    [Theory]
    [InlineData(BadStack)]
    [InlineData(0u)]
    [InlineData(KernelLayout.PageOffset - 3)]
    [InlineData(KernelLayout.PageOffset)]
    [InlineData(KernelLayout.ThreadUnion)]
    [InlineData(0xffffffffu)]
    public void SYSENTER_with_a_bad_user_stack_is_EFAULT(uint stack)
    {
        MachineStop stop = EnterWithStack(stack);

        // The kernel goes back to the page, whose first instruction there is POP EBP on that stack: it faults, with the answer in EAX.
        Assert.Equal(StopReason.Crash, stop.Reason);
        GuestContext context = stop.Crash!.Context;
        Assert.Equal((-LinuxErrno.Efault, 3, VsyscallPage.SysenterReturn, stack), ((int)context.Eax, context.Ring, context.Eip, context.Esp));
    }

    [Fact]
    public void The_last_word_of_user_space_is_a_good_user_stack()
    {
        MachineStop stop = EnterWithStack(KernelLayout.PageOffset - 4);

        // POP EBP succeeds, the next POP is beyond the stack.
        GuestContext context = stop.Crash!.Context;
        Assert.InRange(context.Eax, 1000u, 32767u);
        Assert.Equal(VsyscallPage.SysenterReturn + 1, context.Eip);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(252u)]
    public void Exit_ends_the_program_with_its_status(uint number) => Assert.Equal(42u, GuestRun.Status(c =>
    {
        c.mov(ebx, 42);
        c.mov(eax, number);
        c.call(VsyscallPage.Entry);
    }));

    [Fact]
    public void INT_0x80_preserves_every_register_but_EAX() => AssertPreserved(c => c.@int(GuestRun.SyscallVector));

    [Fact]
    public void The_vsyscall_page_preserves_every_register_but_EAX() => AssertPreserved(c => c.call(VsyscallPage.Entry));

    [Fact]
    public void A_program_starts_with_every_register_zero_but_ESP() => Assert.Equal(0u, GuestRun.Status(c =>
    {
        foreach (AssemblerRegister32 register in new[] { ebx, ecx, edx, esi, edi, ebp })
        {
            c.or(eax, register);
        }

        GuestRun.EmitExit(c, eax);
    }));

    [Fact]
    public void A_program_reads_the_pages_code_at_its_fixed_address() => Assert.Equal(0x89555251u, GuestRun.Status(c =>
    {
        c.mov(eax, __dword_ptr[VsyscallPage.Entry]);
        GuestRun.EmitExit(c, eax);
    }));

    private static MachineStop EnterWithStack(uint stack) => GuestRun.Run(c =>
    {
        c.mov(eax, Getpid);
        c.mov(ebp, stack);
        c.sysenter();
    });

    private static void AssertPid(KernelProfile profile, Action<Assembler> enter)
    {
        GuestProgram program = GuestRun.Program(c => EmitCall(c, Getpid, enter));
        Kvmsys.Guest.I386Guest guest = GuestRun.Build(program, profile);
        MachineStop stop = GuestRun.Run(guest.Image);
        Assert.Equal((StopReason.Exit, guest.Pid), (stop.Reason, stop.Status));
    }

    private static void EmitCall(Assembler c, uint number, Action<Assembler> enter)
    {
        c.mov(eax, number);
        enter(c);
        GuestRun.EmitExit(c, eax);
    }

    /// <summary>Fills the registers, calls, and exits with the sum of what differs.</summary>
    private static void AssertPreserved(Action<Assembler> enter) => Assert.Equal(0u, GuestRun.Status(c =>
    {
        (AssemblerRegister32 Register, uint Value)[] filled =
        [
            (ebx, 0x11111111), (ecx, 0x22222222), (edx, 0x33333333), (esi, 0x44444444), (edi, 0x55555555), (ebp, 0x66666666),
        ];
        foreach ((AssemblerRegister32 register, uint value) in filled)
        {
            c.mov(register, value);
        }

        c.mov(eax, Getpid);
        enter(c);
        c.mov(eax, 0);
        foreach ((AssemblerRegister32 register, uint value) in filled)
        {
            c.xor(register, value);
            c.or(eax, register);
        }

        c.mov(ebx, esp);
        c.xor(ebx, GuestProgram.StackTop);
        c.or(eax, ebx);
        GuestRun.EmitExit(c, eax);
    }));
}
