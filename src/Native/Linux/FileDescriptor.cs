// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>File descriptors that the process was started with, written as C does it.</summary>
/// <remarks>
/// The runtime's own streams will not do for them: a file stream writes at an offset of its own, over what the next process in the same
/// script writes, and the console takes a closed pipe for success.
/// </remarks>
public static unsafe class FileDescriptor
{
    /// <summary>Standard output.</summary>
    public const int StandardOutput = 1;

    /// <summary>Standard error.</summary>
    public const int StandardError = 2;

    private const int StandardInput = 0;
    private const int Forever = -1;

    /// <summary>
    /// Opens those of the three standard descriptors that the process was started without, so that no other file gets their numbers and is
    /// taken for them. Nothing can be written to them: it fails as on a closed one (EBADF).
    /// </summary>
    public static void OccupyStandardOnes()
    {
        for (int descriptor = StandardInput; descriptor <= StandardError; descriptor++)
        {
            // The lowest free number is what open gives.
            if (Libc.Fcntl(descriptor, Libc.FGetfd) < 0)
            {
                Libc.Open("/dev/null", Libc.ORdonly);
            }
        }
    }

    /// <summary>Whether the descriptor is a terminal.</summary>
    /// <remarks>isatty(3).</remarks>
    public static bool IsTerminal(int descriptor) => Libc.Isatty(descriptor) == 1;

    /// <summary>Columns of the terminal; 0 where it does not tell, or is none.</summary>
    /// <remarks>TIOCGWINSZ.</remarks>
    public static int TerminalColumns(int descriptor)
    {
        Libc.Winsize size = default;

        // SAFETY: the pointer is to a local that outlives the call.
        return Libc.Ioctl(descriptor, Libc.Tiocgwinsz, &size) == 0 ? size.WsCol : 0;
    }

    /// <summary>Writes all the bytes at the descriptor's own offset, waiting where another process has made it non-blocking.</summary>
    /// <remarks>write(2).</remarks>
    /// <param name="descriptor">An open file, pipe or terminal.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="KvmException">It is closed (EBADF), nobody reads it (EPIPE), its disk is full (ENOSPC).</exception>
    public static void WriteAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint written;

            // SAFETY: the kernel reads at most the span's bytes.
            fixed (byte* pointer = bytes)
            {
                written = Libc.Write(descriptor, pointer, (nuint)bytes.Length);
            }

            if (written >= 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            switch (Libc.LastErrno)
            {
                case Errno.EINTR:
                    break;
                case Errno.EAGAIN:
                    Libc.Pollfd ready = new() { Fd = descriptor, Events = (short)PollEvents.Out };

                    // SAFETY: the pointer is to one local that outlives the call.
                    Libc.Poll(&ready, 1, Forever);
                    break;
                default:
                    throw new KvmException("write", Libc.LastErrno, $"{bytes.Length} bytes to file descriptor {descriptor}");
            }
        }
    }
}
