// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Native;

/// <summary>A call to the kernel that failed. The message names the operation, the values and the error.</summary>
public sealed class KvmException : Exception
{
    /// <summary>A failed call.</summary>
    /// <param name="operation">The kernel's name of what was asked, for example KVM_SET_SREGS.</param>
    /// <param name="errno">The kernel's answer.</param>
    /// <param name="detail">The values it was asked with, and what to do where that is known.</param>
    public KvmException(string operation, Errno errno, string? detail = null)
        : base(Describe(operation, errno, detail))
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>The kernel's name of what was asked.</summary>
    public string Operation { get; }

    /// <summary>The kernel's answer.</summary>
    public Errno Errno { get; }

    /// <summary>Whether the system was short of something that it may have at another time: memory, files, room.</summary>
    public bool IsShortage => Errno is Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE or Errno.ENOSPC or Errno.EAGAIN;

    private static string Describe(string operation, Errno errno, string? detail)
    {
        string name = Enum.IsDefined(errno) ? errno.ToString() : $"errno {(int)errno}";
        string reason = $"{operation}: {Marshal.GetPInvokeErrorMessage((int)errno)} ({name})";
        return detail is null ? reason : $"{reason}: {detail}";
    }
}
