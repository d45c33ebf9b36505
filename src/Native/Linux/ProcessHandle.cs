// SPDX-License-Identifier: MIT

using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Native.Linux;

/// <summary>Another process, which stays this one when its number is given to a later one: pidfd_open(2).</summary>
public sealed class ProcessHandle : SafeHandleMinusOneIsInvalid
{
    private ProcessHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>Opens a process.</summary>
    /// <returns>The process; null when there is none with that number (any more).</returns>
    /// <exception cref="KvmException">There are too many files (EMFILE, ENFILE), or the kernel is older than 5.3 (ENOSYS).</exception>
    public static ProcessHandle? Open(int process)
    {
        long descriptor = Libc.Syscall(Libc.SysPidfdOpen, process);
        return descriptor >= 0 ? new((int)descriptor)
            : Libc.LastErrno is Errno.ESRCH ? null
            : throw new KvmException("pidfd_open", Libc.LastErrno, $"process {process}");
    }

    /// <summary>Sends it a signal: pidfd_send_signal(2). One that has ended gets none.</summary>
    /// <exception cref="KvmException">This process may not (EPERM), or there is no such signal (EINVAL).</exception>
    public void Send(int signal)
    {
        if (Libc.Syscall(Libc.SysPidfdSendSignal, this, signal, 0, 0) != 0 && Libc.LastErrno is Errno error and not Errno.ESRCH)
        {
            throw new KvmException("pidfd_send_signal", error, $"signal {signal}");
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;
}
