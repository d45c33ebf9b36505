// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Errors that a system call answers, negated, in EAX.</summary>
public static class LinuxErrno
{
    /// <summary>EFAULT: a bad address.</summary>
    public const int Efault = 14;

    /// <summary>ENOSYS: no such system call.</summary>
    public const int Enosys = 38;
}
