// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Programs;

/// <summary>A system call's two numbers, for a program that is to run on the host's Linux (arch/x86/entry/syscalls/syscall_32.tbl and syscall_64.tbl).</summary>
/// <param name="I386">The number by INT 0x80.</param>
/// <param name="X64">The number by SYSCALL in 64-bit mode.</param>
internal readonly record struct LinuxCall(uint I386, uint X64)
{
    /// <summary>read.</summary>
    public static readonly LinuxCall Read = new(3, 0);

    /// <summary>write.</summary>
    public static readonly LinuxCall Write = new(4, 1);

    /// <summary>exit.</summary>
    public static readonly LinuxCall Exit = new(1, 60);

    /// <summary>getpid, the system call that is measured.</summary>
    public static readonly LinuxCall Getpid = new(20, 39);

    /// <summary>getrusage.</summary>
    public static readonly LinuxCall Getrusage = new(77, 98);

    /// <summary>clock_gettime, on i386 with seconds of 32 bits.</summary>
    public static readonly LinuxCall ClockGettime = new(265, 228);

    /// <summary>getcpu.</summary>
    public static readonly LinuxCall Getcpu = new(318, 309);
}
