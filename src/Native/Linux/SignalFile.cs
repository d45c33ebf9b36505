// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
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
        // Each descriptor once: poll(2) takes no more entries than there may be open files.
        List<Libc.Pollfd> polled = [new() { Fd = (int)handle, Events = (short)PollEvents.In }];
        Dictionary<int, int> places = [];
        foreach (PolledFile file in files)
        {
            if (file.File is null)
            {
                continue;
            }

            int descriptor = file.File.Descriptor;
            if (!places.TryGetValue(descriptor, out int place))
            {
                place = polled.Count;
                places.Add(descriptor, place);
                polled.Add(new() { Fd = descriptor });
            }

            CollectionsMarshal.AsSpan(polled)[place].Events |= (short)file.Events;
        }

        int milliseconds = time is TimeSpan limit ? (int)Math.Min(Math.Ceiling(limit.TotalMilliseconds), int.MaxValue) : Forever;

        // SAFETY: the kernel writes to the array's structures, and to nothing else.
        fixed (Libc.Pollfd* pointer = CollectionsMarshal.AsSpan(polled))
        {
            if (Libc.Poll(pointer, (nuint)polled.Count, milliseconds) < 0)
            {
                return Libc.LastErrno == Errno.EINTR ? true : throw new KvmException("poll", Libc.LastErrno, $"{files.Length} files");
            }
        }

        const PollEvents always = PollEvents.Err | PollEvents.Hup | PollEvents.Nval;
        for (int i = 0; i < files.Length; i++)
        {
            PollEvents ready = files[i].File is OpenFile file ? (PollEvents)polled[places[file.Descriptor]].Revents : PollEvents.None;
            files[i].Ready = ready & (files[i].Events | always);
        }

        return polled[0].Revents != 0;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;
}
