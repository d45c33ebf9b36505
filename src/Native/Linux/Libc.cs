// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Native.Linux;

/// <summary>The C library's calls, and the system calls by number that it wraps differently from version to version.</summary>
internal static unsafe partial class Libc
{
    public const int ORdonly = 0;
    public const int ORdwr = 2;
    public const int OCloexec = 0x80000;

    public const int ProtRead = 1;
    public const int ProtWrite = 2;
    public const int MapShared = 1;
    public const int MapPrivate = 2;
    public const int MapAnonymous = 0x20;

    public const long SysRtSigprocmask = 14;
    public const long SysRtSigtimedwait = 128;
    public const long SysGettid = 186;
    public const long SysTimerCreate = 222;
    public const long SysTimerSettime = 223;
    public const long SysTimerDelete = 226;
    public const long SysTgkill = 234;

    public const int SigBlock = 0;
    public const int SigUnblock = 1;
    public const int ClockMonotonic = 1;
    public const int SigevThreadId = 4;

    public const short Pollout = 4;

    public const int FGetfd = 1;
    public const int Tiocgwinsz = 0x5413;

    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(nint fd);

    // ioctl, fcntl and syscall are variadic in C. On x86-64 a variadic call differs from a plain one only by AL, which bounds the vector
    // registers used, and none of them takes a floating-point argument.
    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeHandle fd, nuint request, nint argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(SafeHandle fd, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(int fd, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(int fd, int command);

    [LibraryImport(Library, EntryPoint = "isatty", SetLastError = true)]
    public static partial int Isatty(int fd);

    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    public static partial nint Pread(SafeHandle fd, void* buffer, nuint count, long offset);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(Pollfd* fds, nuint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Mmap(nint address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Mmap(nint address, nuint length, int protection, int flags, SafeHandle fd, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Munmap(nint address, nuint length);

    [LibraryImport(Library, EntryPoint = "__libc_current_sigrtmin")]
    public static partial int CurrentSigrtmin();

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial long Syscall(long number, nint a = 0, nint b = 0, nint c = 0, nint d = 0);

    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    /// <summary><c>struct timespec</c>.</summary>
    public struct Timespec(TimeSpan time)
    {
        public long TvSec = time.Ticks / TimeSpan.TicksPerSecond;
        public long TvNsec = time.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
    }

    /// <summary><c>struct itimerspec</c>.</summary>
    public struct Itimerspec
    {
        public Timespec ItInterval;
        public Timespec ItValue;
    }

    /// <summary><c>struct winsize</c>.</summary>
    public struct Winsize
    {
        public ushort WsRow;
        public ushort WsCol;
        public ushort WsXpixel;
        public ushort WsYpixel;
    }

    /// <summary><c>struct pollfd</c>.</summary>
    public struct Pollfd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }

    /// <summary><c>struct sigevent</c> of the kernel, 64 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct Sigevent
    {
        [FieldOffset(0)]
        public nint SigevValue;

        [FieldOffset(8)]
        public int SigevSigno;

        [FieldOffset(12)]
        public int SigevNotify;

        [FieldOffset(16)]
        public int SigevNotifyThreadId;
    }
}
