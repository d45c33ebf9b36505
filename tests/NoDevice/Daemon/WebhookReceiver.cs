// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Somebody whom a daemon tells what has happened.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpListener _listener = new();
    private readonly Task _receiving;

    public WebhookReceiver()
    {
        Url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Next()}/hook/");
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _receiving = Receive();
    }

    public string Url { get; }

    /// <summary>What it answers.</summary>
    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>What it was sent, in order, whatever it answered.</summary>
    public ConcurrentQueue<(WebHeaderCollection Headers, byte[] Body)> Received { get; } = [];

    public async Task<(WebHeaderCollection Headers, byte[] Body)[]> WaitFor(int count)
    {
        for (Stopwatch time = Stopwatch.StartNew(); Received.Count < count;)
        {
            Assert.True(time.Elapsed < Patience, $"It was told {Received.Count} of {count}.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return [.. Received];
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _receiving;
    }

    private async Task Receive()
    {
        while (true)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                using MemoryStream body = new();
                await context.Request.InputStream.CopyToAsync(body);
                Received.Enqueue(((WebHeaderCollection)context.Request.Headers, body.ToArray()));
                context.Response.StatusCode = (int)Status;
                context.Response.Close();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
