// SPDX-License-Identifier: MIT

using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Native.Linux;

/// <summary>
/// Pending signals as a file: signalfd(2). A thread that keeps a signal blocked can so wait for it and for a file at once, without a
/// handler that would have to run.
/// </summary>
public sealed unsafe class SignalFile : SafeHandleMinusOneIsInvalid
{
    private const int Forever = -1;

    /// <summary>The file of these signals. It is ready for a thread when one of them is pending for it.</summary>
    /// <exception cref="KvmException">The file table is full (EMFILE).</exception>
    public SignalFile(SignalSet signals)
        : base(ownsHandle: true)
    {
        ulong bits = signals.Bits;

        // SAFETY: the pointer is to a local that outlives the call. The C library passes on the kernel's 8 bytes of it.
        int fd = Libc.Signalfd(-1, &bits, Libc.SfdCloexec | Libc.SfdNonblock);
        if (fd < 0)
        {
            throw new KvmException("signalfd", Libc.LastErrno, $"signals {signals.Bits:x}");
        }

        SetHandle(fd);
    }

    /// <summary>Waits until other files are ready, the time is over, or one of the signals is pending, which stays so.</summary>
    /// <param name="files">The files; none to wait for time or signals alone.</param>
    /// <param name="time">How long at most, rounded up to a millisecond; null for ever.</param>
    /// <returns>Whether a signal is pending. When it is not, a file is ready (perhaps with an error) or the time is over.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public bool Wait(Span<PolledFile> files, TimeSpan? time)
    {
        Libc.Pollfd[] polled = new Libc.Pollfd[files.Length + 1];
        polled[^1] = new() { Fd = (int)handle, Events = (short)PollEvents.In };
        for (int i = 0; i < files.Length; i++)
        {
            polled[i] = new() { Fd = files[i].File?.Descriptor ?? -1, Events = (short)files[i].Events };
        }

        int milliseconds = time is TimeSpan limit ? (int)Math.Min(Math.Ceiling(limit.TotalMilliseconds), int.MaxValue) : Forever;

        // SAFETY: the kernel writes to the array's structures, and to nothing else.
        fixed (Libc.Pollfd* pointer = polled)
        {
            if (Libc.Poll(pointer, (nuint)polled.Length, milliseconds) < 0)
            {
                return Libc.LastErrno == Errno.EINTR ? true : throw new KvmException("poll", Libc.LastErrno, $"{files.Length} files");
            }
        }

        for (int i = 0; i < files.Length; i++)
        {
            files[i].Ready = (PollEvents)polled[i].Revents;
        }

        return polled[^1].Revents != 0;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;
}
