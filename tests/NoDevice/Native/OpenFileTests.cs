// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Native;

/// <summary>Files of a host whose reads and writes must not keep a monitor waiting.</summary>
public sealed class OpenFileTests
{
    private const int NonBlock = 0x800;

    [Fact]
    public void A_pipe_does_not_wait_and_its_other_owners_flags_stay()
    {
        string fifo = MakeFifo("fifo");
        try
        {
            // Of a FIFO that is open for both, neither end waits for the other.
            using FileStream both = new(fifo, FileMode.Open, FileAccess.ReadWrite);
            OpenFile shared = OpenFile.Standard((int)both.SafeFileHandle.DangerousGetHandle());
            using OpenFile own = shared.WithoutWaiting();
            Assert.Equal(-(int)Errno.EAGAIN, own.Read(new byte[1]));
            while (own.Write(new byte[4096]) > 0)
            {
                // Until it is full.
            }

            Assert.Equal(-(int)Errno.EAGAIN, own.Write(new byte[1]));
            Assert.Equal(0, shared.StatusFlags & NonBlock);
        }
        finally
        {
            File.Delete(fifo);
        }
    }

    [Fact]
    public void A_pipe_whose_writers_have_gone_is_at_its_end()
    {
        string fifo = MakeFifo("ended");
        try
        {
            using FileStream writer = new(fifo, FileMode.Open, FileAccess.ReadWrite);
            using FileStream reader = new(fifo, FileMode.Open, FileAccess.Read);
            writer.WriteByte(1);
            writer.Dispose();
            OpenFile file = OpenFile.Standard((int)reader.SafeFileHandle.DangerousGetHandle()).WithoutWaiting();
            Assert.Equal(1, file.Read(new byte[8]));
            using SignalFile signals = new(SignalSet.Of(ThreadSignals.FreeSignal));
            PolledFile[] polled = [new(file, PollEvents.In)];
            Assert.False(signals.Wait(polled, TimeSpan.Zero));
            Assert.Equal(PollEvents.Hup, polled[0].Ready);
        }
        finally
        {
            File.Delete(fifo);
        }
    }

    [Fact]
    public void A_socket_does_not_wait()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen();
        using Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        using Socket far = listener.Accept();
        using OpenFile file = OpenFile.Standard((int)near.SafeHandle.DangerousGetHandle()).WithoutWaiting();
        Assert.Equal(-(int)Errno.EAGAIN, file.Read(new byte[1]));
        Assert.Equal(0, file.Read([]));
        far.Send([7]);
        Assert.True(near.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead));
        Assert.Equal(1, file.Read(new byte[8]));
        Assert.Equal(2, file.Write(new byte[2]));
    }

    [Fact]
    public void A_regular_file_is_what_it_was()
    {
        using FileStream stream = File.OpenRead("/proc/self/cmdline");
        OpenFile file = OpenFile.Standard((int)stream.SafeFileHandle.DangerousGetHandle());
        Assert.Same(file, file.WithoutWaiting());
        Assert.EndsWith("/cmdline", System.Text.Encoding.UTF8.GetString(file.ResolvedPath()), StringComparison.Ordinal);
    }

    private static string MakeFifo(string name)
    {
        string path = Path.Combine(Path.GetTempPath(), $"kvmsys-{name}-{Environment.ProcessId}");
        using System.Diagnostics.Process mkfifo = System.Diagnostics.Process.Start("mkfifo", [path]);
        mkfifo.WaitForExit();
        return path;
    }
}
