// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A port of this host that leads to another one, by connections that can be cut, and stalled: what is sent then waits on the way.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _connections = [];
    private readonly int _to;
    private readonly Task _accepting;
    private volatile TaskCompletionSource _flowing = new();
    private int _number;

    /// <summary>A proxy that lets everything through.</summary>
    /// <param name="to">The port that it leads to.</param>
    public TcpProxy(int to)
    {
        _to = to;
        _flowing.SetResult();
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = Accept();
    }

    /// <summary>Where it listens at 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Cuts all connections that there are.</summary>
    public void Cut()
    {
        foreach (CancellationTokenSource connection in _connections.Values)
        {
            connection.Cancel();
        }
    }

    /// <summary>Lets nothing through, and cuts nothing.</summary>
    public void Stall() => _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets everything through again.</summary>
    public void Flow() => _flowing.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Flow();
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task Accept()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(Serve(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task Serve(TcpClient client)
    {
        int number = Interlocked.Increment(ref _number);
        using CancellationTokenSource cut = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        _connections[number] = cut;
        try
        {
            using TcpClient near = client;
            using TcpClient far = new();
            await far.ConnectAsync(IPAddress.Loopback, _to, cut.Token);
            await Task.WhenAny(Copy(near, far, cut.Token), Copy(far, near, cut.Token));
            await cut.CancelAsync();
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Nobody listens there, or it was cut before.
        }
        finally
        {
            _connections.TryRemove(number, out _);
        }
    }

    private async Task Copy(TcpClient from, TcpClient to, CancellationToken cut)
    {
        byte[] buffer = new byte[16 << 10];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, cut) is int read and > 0)
            {
                await _flowing.Task.WaitAsync(cut);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), cut);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the two has gone, or it was cut.
        }
    }
}
