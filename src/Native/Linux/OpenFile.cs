// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Native.Linux;

/// <summary>An open file whose calls a monitor makes for a guest.</summary>
/// <remarks>Each call answers as the kernel does, a result or an error number negated, since the guest is told just that.</remarks>
public sealed unsafe class OpenFile : SafeHandleMinusOneIsInvalid
{
    private const int PathMax = 4096;

    // read(2) and write(2) of a socket may wait; its own calls can be told not to.
    private readonly bool _isSocket;

    private OpenFile(int descriptor, bool ownsHandle, bool isSocket = false)
        : base(ownsHandle)
    {
        SetHandle(descriptor);
        _isSocket = isSocket;
    }

    /// <summary>Its number.</summary>
    public int Descriptor => (int)handle;

    /// <summary>A descriptor that is somebody else's, such as those that the process was started with; it is not closed with this object.</summary>
    public static OpenFile Standard(int descriptor) => new(descriptor, ownsHandle: false);

    /// <summary>The same file for this process alone, and no read or write of it waits: EAGAIN.</summary>
    /// <remarks>
    /// O_NONBLOCK is a flag of the open file, which a standard stream shares with other processes; by /proc/self/fd it is opened anew. Where that is
    /// not possible, as with a terminal that the user may not open or a pipe that nobody reads, it is this file. So it is with a FIFO that is read:
    /// opened anew after its writers have gone, it would wait for others.
    /// </remarks>
    public OpenFile WithoutWaiting()
    {
        if (Stat(out Statx status) != 0)
        {
            return this;
        }

        // Opened anew, /dev/ptmx would be another terminal's.
        const uint ptmxMajor = 5;
        const uint ptmxMinor = 2;
        bool isMaster = (status.StxRdevMajor, status.StxRdevMinor) == (ptmxMajor, ptmxMinor);
        switch (status.StxMode & Statx.SIfmt)
        {
            case Statx.SIfsock:
                return new(Descriptor, ownsHandle: false, isSocket: true);
            case Statx.SIfifo when (StatusFlags & Libc.OAccmode) == Libc.ORdonly && ResolvedPath().Length > 0:
                return this;
            case Statx.SIfifo:
            case Statx.SIfchr when Libc.Isatty(Descriptor) == 1 && !isMaster:
                const int kept = Libc.OAccmode | Libc.OAppend;
                int fd = Libc.Open($"/proc/self/fd/{Descriptor}", (StatusFlags & kept) | Libc.ONonblock | Libc.ONoctty | Libc.OCloexec);
                return fd >= 0 ? new(fd, ownsHandle: true) : this;
            default:
                return this;
        }
    }

    /// <summary>Opens a file for reading, without waiting for anybody: a pipe without a writer is at its end.</summary>
    /// <exception cref="KvmException">There is none, or it may not be read (ENOENT, EACCES, ELOOP...).</exception>
    public static OpenFile ForReading(string path)
    {
        int fd = Libc.Open(path, Libc.ORdonly | Libc.ONonblock | Libc.OCloexec);
        return fd >= 0 ? new(fd, ownsHandle: true) : throw new KvmException("open", Libc.LastErrno, path);
    }

    /// <summary>Opens /dev/null.</summary>
    /// <param name="accessMode">O_RDONLY, O_WRONLY or O_RDWR.</param>
    /// <param name="file">The file.</param>
    /// <returns>0, or an error number negated.</returns>
    public static int Null(int accessMode, out OpenFile? file)
    {
        int fd = Libc.Open("/dev/null", accessMode | Libc.OCloexec);
        file = fd >= 0 ? new(fd, ownsHandle: true) : null;
        return fd >= 0 ? 0 : -(int)Libc.LastErrno;
    }

    /// <summary>Makes a regular file that is empty and has no place in any file system.</summary>
    /// <remarks>memfd_create(2).</remarks>
    /// <param name="name">What /proc calls it.</param>
    /// <exception cref="KvmException">There are too many files (EMFILE, ENFILE), or too little memory (ENOMEM).</exception>
    public static OpenFile InMemory(string name)
    {
        int fd = Libc.MemfdCreate(name, Libc.MfdCloexec);
        return fd >= 0 ? new(fd, ownsHandle: true) : throw new KvmException("memfd_create", Libc.LastErrno, name);
    }

    /// <summary>Opens a directory, for <see cref="OpenBeneath"/>.</summary>
    /// <exception cref="KvmException">There is none (ENOENT, ENOTDIR, EACCES).</exception>
    public static OpenFile Directory(string path)
    {
        int fd = Libc.Open(path, Libc.ORdonly | Libc.ODirectory | Libc.OCloexec | Libc.OPath);
        return fd >= 0 ? new(fd, ownsHandle: true) : throw new KvmException("open", Libc.LastErrno, path);
    }

    /// <summary>Opens a file below this directory; no symbolic link and no ".." leads out of it.</summary>
    /// <remarks>openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS.</remarks>
    /// <param name="path">Relative path, without the final zero.</param>
    /// <param name="flags">O_ flags.</param>
    /// <param name="file">The file.</param>
    /// <returns>0, or an error number negated; EXDEV when the path leads out.</returns>
    public int OpenBeneath(ReadOnlySpan<byte> path, int flags, out OpenFile? file)
    {
        Libc.OpenHow how = new()
        {
            Flags = (ulong)(flags | Libc.OCloexec),
            Resolve = Libc.ResolveBeneath | Libc.ResolveNoMagiclinks,
        };
        byte[] terminated = [.. path, 0];
        long fd;

        // SAFETY: the kernel reads the path up to its zero, and the structure of the size that is given.
        fixed (byte* pointer = terminated)
        {
            // EAGAIN: something was moved or mounted meanwhile, wherever it was, and nothing is wrong with this path.
            const int tries = 100;
            int count = 0;
            do
            {
                fd = Libc.Syscall(Libc.SysOpenat2, this, (nint)pointer, (nint)(&how), sizeof(Libc.OpenHow));
            }
            while (fd < 0 && Libc.LastErrno is Errno.EAGAIN && ++count < tries);
        }

        file = fd >= 0 ? new((int)fd, ownsHandle: true) : null;
        return fd >= 0 ? 0 : -(int)Libc.LastErrno;
    }

    /// <summary>read(2).</summary>
    public int Read(Span<byte> bytes)
    {
        // SAFETY: the kernel writes at most the span's bytes.
        fixed (byte* pointer = bytes)
        {
            // Of a socket, to receive nothing may take a datagram, or wait.
            return Answer(_isSocket && bytes.Length > 0
                ? Libc.Recv(this, pointer, (nuint)bytes.Length, Libc.MsgDontwait)
                : Libc.Read(this, pointer, (nuint)bytes.Length));
        }
    }

    /// <summary>A pipe, of which no read or write waits: pipe2(2) with O_NONBLOCK.</summary>
    /// <param name="input">The end that is read.</param>
    /// <param name="output">The end that is written.</param>
    /// <returns>0, or an error number negated.</returns>
    public static int Pipe(out OpenFile? input, out OpenFile? output)
    {
        int* ends = stackalloc int[2];

        // SAFETY: the kernel writes two numbers, for which there is room on the stack.
        bool done = Libc.Pipe2(ends, Libc.OCloexec | Libc.ONonblock) == 0;
        input = done ? new(ends[0], ownsHandle: true) : null;
        output = done ? new(ends[1], ownsHandle: true) : null;
        return done ? 0 : -(int)Libc.LastErrno;
    }

    /// <summary>read(2) to an address that there is not, for its answer: most files say EFAULT, and lose nothing.</summary>
    public int ReadToNowhere(int count) => Answer(Libc.Read(this, null, (nuint)count));

    /// <summary>write(2) from an address that there is not, for its answer: most files say EFAULT.</summary>
    public int WriteFromNowhere(int count) => Answer(Libc.Write(this, null, (nuint)count));

    /// <summary>pread(2).</summary>
    public int ReadAt(Span<byte> bytes, long offset)
    {
        // SAFETY: the kernel writes at most the span's bytes.
        fixed (byte* pointer = bytes)
        {
            return Answer(Libc.Pread(this, pointer, (nuint)bytes.Length, offset));
        }
    }

    /// <summary>write(2).</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        // SAFETY: the kernel reads at most the span's bytes.
        fixed (byte* pointer = bytes)
        {
            return Answer(_isSocket
                ? Libc.Send(this, pointer, (nuint)bytes.Length, Libc.MsgDontwait | Libc.MsgNosignal)
                : Libc.Write(this, pointer, (nuint)bytes.Length));
        }
    }

    /// <summary>lseek(2).</summary>
    public long Seek(long offset, int whence)
    {
        long result = Libc.Lseek(this, offset, whence);
        return result >= 0 ? result : -(int)Libc.LastErrno;
    }

    /// <summary>F_GETFL of fcntl(2): O_ flags.</summary>
    public int StatusFlags => Answer(Libc.Fcntl(this, Libc.FGetfl));

    /// <summary>ioctl(2) with a structure.</summary>
    /// <param name="request">One that reads or writes at most the structure's bytes.</param>
    /// <param name="argument">The structure.</param>
    public int Ioctl(uint request, Span<byte> argument)
    {
        // SAFETY: the caller answers for the request's size.
        fixed (byte* pointer = argument)
        {
            return Answer(Libc.Ioctl(this, request, pointer));
        }
    }

    /// <summary>The bits of S_IFMT: what kind of file it is; 0 when the kernel does not say.</summary>
    public uint FileType => Stat(out Statx status) == 0 ? status.StxMode & Statx.SIfmt : 0;

    /// <summary>statx(2) of this file.</summary>
    public int Stat(out Statx status)
    {
        Unsafe.SkipInit(out status);
        byte empty = 0;

        // SAFETY: the kernel reads an empty path and writes one structure.
        fixed (Statx* pointer = &status)
        {
            return Answer((nint)Libc.Syscall(Libc.SysStatx, this, (nint)(&empty), Libc.AtEmptyPath, (nint)Libc.StatxBasicStats, (nint)pointer));
        }
    }

    /// <summary>fsync(2): what was written, or changed in this folder, is on the disk when it returns.</summary>
    /// <returns>0, or an error number negated.</returns>
    public int Sync() => Answer(Libc.Fsync(this));

    /// <summary>readlinkat(2) of this file, which is a symbolic link opened with O_PATH and O_NOFOLLOW.</summary>
    public int ReadLink(Span<byte> target)
    {
        byte empty = 0;

        // SAFETY: the kernel reads an empty path and writes at most the span's bytes.
        fixed (byte* pointer = target)
        {
            return Answer(Libc.Readlinkat(this, &empty, pointer, (nuint)target.Length));
        }
    }

    /// <summary>faccessat2(2) of this file.</summary>
    /// <param name="mode">R_OK, W_OK and X_OK.</param>
    /// <returns>0, or an error number negated.</returns>
    public int Access(int mode)
    {
        byte empty = 0;

        // SAFETY: the kernel reads an empty path.
        return Answer((nint)Libc.Syscall(Libc.SysFaccessat2, this, (nint)(&empty), mode, Libc.AtEmptyPath));
    }

    /// <summary>Absolute path of this file as the kernel knows it, without links; empty when it has none.</summary>
    /// <remarks>What /proc/self/fd links to: proc(5).</remarks>
    public byte[] ResolvedPath()
    {
        byte[] path = new byte[PathMax];

        // SAFETY: the kernel writes at most the array's bytes.
        fixed (byte* pointer = path)
        {
            int length = Answer(Libc.Readlink($"/proc/self/fd/{Descriptor}", pointer, (nuint)path.Length));
            return length > 0 && path[0] == '/' ? path[..length] : [];
        }
    }

    /// <summary>getdents64(2); its records are alike on all architectures.</summary>
    public int ReadDirectory(Span<byte> records)
    {
        // SAFETY: the kernel writes at most the span's bytes.
        fixed (byte* pointer = records)
        {
            return Answer((nint)Libc.Syscall(Libc.SysGetdents64, this, (nint)pointer, records.Length));
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close(handle) == 0;

    private static int Answer(nint result) => result >= 0 ? (int)result : -(int)Libc.LastErrno;
}
