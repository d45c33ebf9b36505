// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Native.Linux;

/// <summary>The C library's calls, and the system calls by number that it wraps differently from version to version.</summary>
internal static unsafe partial class Libc
{
    public const int ORdonly = 0;
    public const int ORdwr = 2;
    public const int OAccmode = 3;
    public const int OAppend = 0x400;
    public const int ONoctty = 0x100;
    public const int ONonblock = 0x800;
    public const int ODirectory = 0x10000;
    public const int OPath = 0x200000;
    public const int OCloexec = 0x80000;

    public const int ProtRead = 1;
    public const int ProtWrite = 2;
    public const int MapShared = 1;
    public const int MapPrivate = 2;
    public const int MapAnonymous = 0x20;

    public const long SysGetdents64 = 217;
    public const long SysStatx = 332;
    public const long SysOpenat2 = 437;
    public const long SysFaccessat2 = 439;
    public const long SysRtSigprocmask = 14;
    public const long SysRtSigtimedwait = 128;
    public const long SysGettid = 186;
    public const long SysTimerCreate = 222;
    public const long SysTimerSettime = 223;
    public const long SysTimerDelete = 226;
    public const long SysTgkill = 234;
    public const long SysPidfdSendSignal = 424;
    public const long SysPidfdOpen = 434;

    public const int SigBlock = 0;
    public const int SigUnblock = 1;
    public const int ClockMonotonic = 1;
    public const int SigevThreadId = 4;

    public const int SfdCloexec = OCloexec;
    public const uint MfdCloexec = 1;
    public const int SfdNonblock = 0x800;

    public const int AtEmptyPath = 0x1000;
    public const uint StatxBasicStats = 0x7ff;
    public const ulong ResolveNoMagiclinks = 0x02;
    public const ulong ResolveBeneath = 0x08;

    public const int MsgDontwait = 0x40;
    public const int MsgNosignal = 0x4000;

    public const int SchedFifo = 1;
    public const int RusageThread = 1;
    public const int MadvHugepage = 14;
    public const int MadvDontneed = 4;

    public const int FGetfd = 1;
    public const int FGetfl = 3;
    public const int Tiocgwinsz = 0x5413;

    public const int LockEx = 2;
    public const int LockNb = 4;
    public const int PrSetPdeathsig = 1;
    public const int RlimitData = 2;

    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int MemfdCreate(string name, uint flags);

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

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    public static partial nint Recv(SafeHandle fd, void* buffer, nuint count, int flags);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeHandle fd, void* buffer, nuint count, int flags);

    [LibraryImport(Library, EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Readlink(string path, byte* buffer, nuint size);

    [LibraryImport(Library, EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe2(int* ends, int flags);

    [LibraryImport(Library, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Lseek(SafeHandle fd, long offset, int whence);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(SafeHandle fd, int command);

    [LibraryImport(Library, EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint Readlinkat(SafeHandle directory, byte* path, byte* buffer, nuint size);

    [LibraryImport(Library, EntryPoint = "clock_gettime", SetLastError = true)]
    public static partial int ClockGettime(int clock, Timespec* time);

    [LibraryImport(Library, EntryPoint = "clock_getres", SetLastError = true)]
    public static partial int ClockGetres(int clock, Timespec* resolution);

    [LibraryImport(Library, EntryPoint = "getuid")]
    public static partial uint Getuid();

    [LibraryImport(Library, EntryPoint = "getgid")]
    public static partial uint Getgid();

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

    [LibraryImport(Library, EntryPoint = "mlock", SetLastError = true)]
    public static partial int Mlock(nint address, nuint length);

    [LibraryImport(Library, EntryPoint = "madvise", SetLastError = true)]
    public static partial int Madvise(nint address, nuint length, int advice);

    [LibraryImport(Library, EntryPoint = "sched_getcpu", SetLastError = true)]
    public static partial int SchedGetcpu();

    [LibraryImport(Library, EntryPoint = "sched_getaffinity", SetLastError = true)]
    public static partial int SchedGetaffinity(int thread, nuint size, void* set);

    [LibraryImport(Library, EntryPoint = "sched_setaffinity", SetLastError = true)]
    public static partial int SchedSetaffinity(int thread, nuint size, void* set);

    [LibraryImport(Library, EntryPoint = "sched_setscheduler", SetLastError = true)]
    public static partial int SchedSetscheduler(int thread, int policy, int* priority);

    [LibraryImport(Library, EntryPoint = "getrusage", SetLastError = true)]
    public static partial int Getrusage(int who, Rusage* usage);

    [LibraryImport(Library, EntryPoint = "__libc_current_sigrtmin")]
    public static partial int CurrentSigrtmin();

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial long Syscall(long number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial long Syscall(long number, SafeHandle fd, nint b, nint c, nint d = 0, nint e = 0);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(SafeHandle fd);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(SafeHandle fd, int operation);

    [LibraryImport(Library, EntryPoint = "prctl", SetLastError = true)]
    public static partial int Prctl(int operation, nint a = 0, nint b = 0, nint c = 0, nint d = 0);

    [LibraryImport(Library, EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int Setrlimit(int resource, Rlimit* limit);

    [LibraryImport(Library, EntryPoint = "getppid")]
    public static partial int Getppid();

    [LibraryImport(Library, EntryPoint = "signalfd", SetLastError = true)]
    public static partial int Signalfd(int fd, void* set, int flags);

    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    /// <summary><c>struct rlimit</c>.</summary>
    public struct Rlimit
    {
        /// <summary>What is enforced.</summary>
        public ulong RlimCur;

        /// <summary>Up to which the process itself may raise it.</summary>
        public ulong RlimMax;
    }

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

    /// <summary><c>struct timeval</c>.</summary>
    public struct Timeval
    {
        public long TvSec;
        public long TvUsec;
    }

    /// <summary><c>struct rusage</c>.</summary>
    public struct Rusage
    {
        public Timeval RuUtime;
        public Timeval RuStime;
        public long RuMaxrss;
        public long RuIxrss;
        public long RuIdrss;
        public long RuIsrss;
        public long RuMinflt;
        public long RuMajflt;
        public long RuNswap;
        public long RuInblock;
        public long RuOublock;
        public long RuMsgsnd;
        public long RuMsgrcv;
        public long RuNsignals;
        public long RuNvcsw;
        public long RuNivcsw;
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

    /// <summary><c>struct open_how</c>.</summary>
    public struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
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
