// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Vsyscall;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// The entries of the <see cref="KernelProfile.Linux26"/> kernel: the work that Linux 2.6.12 does on i386 between a program's instruction and
/// its system call, and on the way back (arch/i386/kernel/entry.S). Nothing is traced or audited in this kernel: where a flag would lead
/// there, an invalid instruction makes a report.
/// </summary>
internal static class Linux26Entry
{
    private const string SyscallExit = "syscall_exit";
    private const string SyscallTraceEntry = "syscall_trace_entry";
    private const string SyscallExitWork = "syscall_exit_work";
    private const string SyscallBadsys = "syscall_badsys";
    private const string SyscallFault = "syscall_fault";
    private const string ResumeUserspace = "resume_userspace";
    private const string RestoreAll = "restore_all";
    private const string LdtSs = "ldt_ss";
    private const string LoadSixthArgument = "sysenter_load_arg6";

    // TIF_SYSCALL_TRACE, TIF_SYSCALL_AUDIT and TIF_SECCOMP; every flag but TIF_SECCOMP; those that matter when the call has failed.
    private const ushort TraceAuditSeccomp = 1 << 0 | 1 << 7 | 1 << 8;
    private const ushort AllWorkMask = 0xfeff;
    private const ushort WorkMask = 0xfe6e;

    // "An SS in the LDT, coming from ring 3": selector bit 2 in the second byte, the privilege level in the first.
    private const uint SsInLdt = 4 << 8;

    // System calls that answer a field of the task.
    private static readonly (string Name, int Field, int[] Numbers)[] TaskQueries =
    [
        ("sys_getpid", TaskStruct.Tgid, [SyscallNumber.Getpid, SyscallNumber.Gettid, SyscallNumber.Getpgrp]),
        ("sys_getppid", TaskStruct.Ppid, [SyscallNumber.Getppid]),
        ("sys_getuid", TaskStruct.Uid, [SyscallNumber.Getuid, SyscallNumber.Geteuid, SyscallNumber.Getuid16, SyscallNumber.Geteuid16]),
        ("sys_getgid", TaskStruct.Gid, [SyscallNumber.Getgid, SyscallNumber.Getegid, SyscallNumber.Getgid16, SyscallNumber.Getegid16]),
    ];

    /// <summary>The instructions that a program can make fault, and where each goes on.</summary>
    public static IEnumerable<(string Instruction, string Fixup)> Exceptions => [(LoadSixthArgument, SyscallFault), .. LinuxStack.Exceptions(RestoreAll)];

    /// <summary>Appends INT 0x80's handler, and the way back by IRET that both entries share.</summary>
    public static void EmitInt80(TextSection text, int offset)
    {
        text.Add(I386Kernel.Int80Entry, Emit, offset);

        void Emit(CodeUnit code)
        {
            Assembler c = code.Asm;
            c.push(eax);
            LinuxStack.SaveAll(c);
            GetThreadInfo(c, ebp);
            c.test(__word_ptr[ebp + ThreadInfo.Flags], TraceAuditSeccomp);
            c.jne(code[SyscallTraceEntry]);
            c.cmp(eax, SyscallNumber.Count);
            c.jae(code[SyscallBadsys]);
            c.call(__dword_ptr[(eax * sizeof(uint)) + KernelLayout.SyscallTable]);
            c.mov(__dword_ptr[esp + PtRegs.Eax], eax);

            code.Define(SyscallExit);
            c.cli();
            c.mov(ecx, __dword_ptr[ebp + ThreadInfo.Flags]);
            c.test(cx, AllWorkMask);
            c.jne(code[SyscallExitWork]);

            code.Define(RestoreAll);
            c.mov(eax, __dword_ptr[esp + PtRegs.Eflags]);
            c.mov(ah, __byte_ptr[esp + PtRegs.Ss]);
            c.mov(al, __byte_ptr[esp + PtRegs.Cs]);
            c.and(eax, (uint)Eflags.Virtual8086 | SsInLdt | 3);
            c.cmp(eax, SsInLdt | 3);
            c.je(code[LdtSs]);
            LinuxStack.EmitReturn(code, RestoreAll, PtRegs.Eip - PtRegs.OrigEax);

            // The monitor is asked all the same, so that it can tell what the program lacks.
            code.Define(SyscallBadsys);
            c.call(text.AddressOf(MonitorCode.SystemCall));
            c.mov(__dword_ptr[esp + PtRegs.Eax], eax);
            code.Define(ResumeUserspace);
            c.cli();
            c.mov(ecx, __dword_ptr[ebp + ThreadInfo.Flags]);
            c.and(ecx, WorkMask);
            c.je(code[RestoreAll]);

            // What do_notify_resume does of this: a single step goes on in the program, and IRET is what was asked for.
            code.Define(SyscallExitWork);
            c.test(cl, (byte)ThreadInfo.SingleStep);
            c.je(code["no_single_step"]);
            c.or(__dword_ptr[esp + PtRegs.Eflags], (uint)Eflags.Trap);
            code.Define("no_single_step");
            c.and(__dword_ptr[ebp + ThreadInfo.Flags], ~(ThreadInfo.SingleStep | ThreadInfo.Iret));
            c.jmp(code[RestoreAll]);

            code.Define(SyscallTraceEntry);
            code.Define(LdtSs);
            c.ud2();
        }
    }

    /// <summary>Appends SYSENTER's handler; after <see cref="EmitInt80"/>.</summary>
    public static void EmitSysenter(TextSection text, int offset)
    {
        uint resumeUserspace = text.AddressOf(ResumeUserspace);
        uint badsys = text.AddressOf(SyscallBadsys);
        uint traceEntry = text.AddressOf(SyscallTraceEntry);
        uint exitWork = text.AddressOf(SyscallExitWork);
        text.Add(I386Kernel.SysenterEntry, Emit, offset);

        void Emit(CodeUnit code)
        {
            Assembler c = code.Asm;
            c.mov(esp, __dword_ptr[esp + Tss.Esp0FromEnd]);
            code.Define("sysenter_past_esp");
            c.sti();

            // What INT 0x80 would have pushed.
            c.push(Selector.UserData);
            c.push(ebp);
            c.pushfd();
            c.push(Selector.UserCode);
            c.push(VsyscallPage.SysenterReturn);

            // EBP carries the user's stack pointer; the program's own EBP, the sixth argument, lies where it points.
            c.cmp(ebp, KernelLayout.PageOffset - 3);
            c.jae(code[SyscallFault]);
            code.Define(LoadSixthArgument);
            c.mov(ebp, __dword_ptr[ebp]);

            c.push(eax);
            LinuxStack.SaveAll(c);
            GetThreadInfo(c, ebp);
            c.test(__word_ptr[ebp + ThreadInfo.Flags], TraceAuditSeccomp);
            c.jne(traceEntry);
            c.cmp(eax, SyscallNumber.Count);
            c.jae(code["sysenter_badsys"]);
            c.call(__dword_ptr[(eax * sizeof(uint)) + KernelLayout.SyscallTable]);
            c.mov(__dword_ptr[esp + PtRegs.Eax], eax);
            c.cli();
            c.mov(ecx, __dword_ptr[ebp + ThreadInfo.Flags]);
            c.test(cx, AllWorkMask);
            c.jne(code["sysenter_exit_work"]);
            c.mov(edx, __dword_ptr[esp + PtRegs.Eip]);
            c.mov(ecx, __dword_ptr[esp + PtRegs.Esp]);
            c.xor(ebp, ebp);
            c.sti();
            c.sysexit();

            code.Define(SyscallFault);
            c.push(eax);
            LinuxStack.SaveAll(c);
            GetThreadInfo(c, ebp);
            c.mov(__dword_ptr[esp + PtRegs.Eax], -LinuxErrno.Efault);
            LeaveByIret(resumeUserspace);

            code.Define("sysenter_badsys");
            LeaveByIret(badsys);

            code.Define("sysenter_exit_work");
            LeaveByIret(exitWork);

            // SYSENTER leaves a program's NT set as well, and with it IRET would return to another task (SDM Vol. 3, 7.4).
            void LeaveByIret(uint way)
            {
                c.pushfd();
                c.and(__dword_ptr[esp], ~(uint)Eflags.NestedTask);
                c.popfd();
                c.jmp(way);
            }
        }
    }

    /// <summary>Appends the system calls, and fills the table that the entries call through.</summary>
    /// <returns>sys_call_table.</returns>
    public static uint[] EmitSyscalls(TextSection text)
    {
        uint[] table = new uint[SyscallNumber.Count];
        Array.Fill(table, text.AddressOf(MonitorCode.SystemCall));
        foreach ((string name, int field, int[] numbers) in TaskQueries)
        {
            uint routine = text.Add(name, code =>
            {
                GetThreadInfo(code.Asm, eax);
                code.Asm.mov(eax, __dword_ptr[eax + ThreadInfo.Task]);
                code.Asm.mov(eax, __dword_ptr[eax + field]);
                code.Asm.ret();
            });
            Array.ForEach(numbers, number => table[number] = routine);
        }

        // There is nobody else to run.
        table[SyscallNumber.SchedYield] = text.Add("sys_sched_yield", code =>
        {
            code.Asm.xor(eax, eax);
            code.Asm.ret();
        });
        uint exit = text.Add("sys_exit", code =>
        {
            code.Asm.mov(eax, (uint)MonitorCall.Exit);
            code.Asm.mov(edx, MonitorPort.Call);
            code.Asm.@out(dx, eax);
            code.Asm.ud2();
        });
        table[SyscallNumber.Exit] = exit;
        table[SyscallNumber.ExitGroup] = exit;
        return table;
    }

    /// <summary>GET_THREAD_INFO: the stack pointer, rounded down to the stack's size.</summary>
    private static void GetThreadInfo(Assembler c, AssemblerRegister32 register)
    {
        c.mov(register, unchecked((uint)-KernelLayout.ThreadSize));
        c.and(register, esp);
    }
}
