// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Numbers of the i386 system calls that this kernel knows (Linux 2.6.12, include/asm-i386/unistd.h).</summary>
public static class SyscallNumber
{
    /// <summary>NR_syscalls: from here on the answer is -ENOSYS.</summary>
    public const int Count = 289;

    /// <summary>exit.</summary>
    public const int Exit = 1;

    /// <summary>getpid, the system call that is measured.</summary>
    public const int Getpid = 20;

    /// <summary>exit_group.</summary>
    public const int ExitGroup = 252;
}
