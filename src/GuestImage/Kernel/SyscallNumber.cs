// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Numbers of the i386 system calls that this kernel answers itself, and of those that its programs here make (Linux, arch/x86/entry/syscalls/syscall_32.tbl).</summary>
public static class SyscallNumber
{
    /// <summary>Entries of sys_call_table. 2.6.12 had 289; today's programs make calls that came later, and the monitor answers some.</summary>
    public const int Count = 512;

    /// <summary>exit.</summary>
    public const int Exit = 1;

    /// <summary>write, which the monitor answers.</summary>
    public const int Write = 4;

    /// <summary>getpid, the system call that is measured.</summary>
    public const int Getpid = 20;

    /// <summary>getuid, of 16 bits.</summary>
    public const int Getuid16 = 24;

    /// <summary>getgid, of 16 bits.</summary>
    public const int Getgid16 = 47;

    /// <summary>geteuid, of 16 bits.</summary>
    public const int Geteuid16 = 49;

    /// <summary>getegid, of 16 bits.</summary>
    public const int Getegid16 = 50;

    /// <summary>getppid.</summary>
    public const int Getppid = 64;

    /// <summary>getpgrp.</summary>
    public const int Getpgrp = 65;

    /// <summary>sched_yield.</summary>
    public const int SchedYield = 158;

    /// <summary>getuid32.</summary>
    public const int Getuid = 199;

    /// <summary>getgid32.</summary>
    public const int Getgid = 200;

    /// <summary>geteuid32.</summary>
    public const int Geteuid = 201;

    /// <summary>getegid32.</summary>
    public const int Getegid = 202;

    /// <summary>gettid.</summary>
    public const int Gettid = 224;

    /// <summary>exit_group.</summary>
    public const int ExitGroup = 252;
}
