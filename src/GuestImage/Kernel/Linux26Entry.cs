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
/// its system call, and on the way back (arch/i386/kernel/entry.S). No flag that leads off these paths is ever set in this kernel; where one
/// would, an invalid instruction makes a report.
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

    /// <summary>Appends INT 0x80's handler, and the way back by IRET that both entries share.</summary>
    public static void EmitInt80(TextSection text)
    {
        text.Add(I386Kernel.Int80Entry, code =>
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
            LinuxStack.RestoreRegisters(c);
            c.add(esp, sizeof(uint));
            c.iretd();

            code.Define(SyscallBadsys);
            c.mov(__dword_ptr[esp + PtRegs.Eax], -LinuxErrno.Enosys);
            code.Define(ResumeUserspace);
            c.cli();
            c.mov(ecx, __dword_ptr[ebp + ThreadInfo.Flags]);
            c.and(ecx, WorkMask);
            c.jne(code[SyscallExitWork]);
            c.jmp(code[RestoreAll]);

            code.Define(SyscallTraceEntry);
            code.Define(SyscallExitWork);
            code.Define(LdtSs);
            c.ud2();
        });
    }

    /// <summary>Appends SYSENTER's handler; after <see cref="EmitInt80"/>.</summary>
    public static void EmitSysenter(TextSection text)
    {
        uint resumeUserspace = text.AddressOf(ResumeUserspace);
        uint badsys = text.AddressOf(SyscallBadsys);
        uint unexpectedWork = text.AddressOf(SyscallExitWork);
        text.Add(I386Kernel.SysenterEntry, code =>
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
            c.jne(unexpectedWork);
            c.cmp(eax, SyscallNumber.Count);
            c.jae(badsys);
            c.call(__dword_ptr[(eax * sizeof(uint)) + KernelLayout.SyscallTable]);
            c.mov(__dword_ptr[esp + PtRegs.Eax], eax);
            c.cli();
            c.mov(ecx, __dword_ptr[ebp + ThreadInfo.Flags]);
            c.test(cx, AllWorkMask);
            c.jne(unexpectedWork);
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
            c.jmp(resumeUserspace);
        });
    }

    /// <summary>Appends the system calls, and fills the table that the entries call through.</summary>
    /// <returns>sys_call_table.</returns>
    public static uint[] EmitSyscalls(TextSection text)
    {
        uint[] table = new uint[SyscallNumber.Count];
        Array.Fill(table, text.Add("sys_ni_syscall", code =>
        {
            code.Asm.mov(eax, -LinuxErrno.Enosys);
            code.Asm.ret();
        }));
        table[SyscallNumber.Getpid] = text.Add("sys_getpid", code =>
        {
            GetThreadInfo(code.Asm, eax);
            code.Asm.mov(eax, __dword_ptr[eax + ThreadInfo.Task]);
            code.Asm.mov(eax, __dword_ptr[eax + TaskStruct.Tgid]);
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

    /// <summary>The exception table: an address that may fault, and where to go on.</summary>
    public static uint[] ExceptionTable(TextSection text) => [text.AddressOf(LoadSixthArgument), text.AddressOf(SyscallFault), 0, 0];

    /// <summary>GET_THREAD_INFO: the stack pointer, rounded down to the stack's size.</summary>
    private static void GetThreadInfo(Assembler c, AssemblerRegister32 register)
    {
        c.mov(register, unchecked((uint)-KernelLayout.ThreadSize));
        c.and(register, esp);
    }
}
