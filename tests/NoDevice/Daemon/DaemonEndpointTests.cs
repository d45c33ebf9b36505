// SPDX-License-Identifier: MIT

using System.Net;
using Kvmsys.Monitor.Daemon;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Where a daemon listens, as text.</summary>
public sealed class DaemonEndpointTests
{
    [Theory]
    [InlineData("unix:/run/kvmsys/daemon.sock")]
    [InlineData("unix:/a path/with: everything")]
    [InlineData("http://127.0.0.1:8586")]
    [InlineData("https://192.0.2.1:443")]
    [InlineData("https://0.0.0.0:65535")]
    [InlineData("http://[::1]:8586")]
    [InlineData("https://[2001:db8::1]:1")]
    [InlineData("http://127.0.0.1:0")]
    public void An_endpoint_is_written_as_it_is_read(string text) => Assert.Equal(text, DaemonEndpoint.Parse(text)?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("/run/kvmsys.sock")]
    [InlineData("unix:")]
    [InlineData("unix:kvmsys.sock")]
    [InlineData("unix:./kvmsys.sock")]
    [InlineData("unix:/run/\0")]
    [InlineData("127.0.0.1:8586")]
    [InlineData("ftp://127.0.0.1:8586")]
    [InlineData("HTTP://127.0.0.1:8586")]
    [InlineData("http://")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://127.0.0.1:")]
    [InlineData("http://127.0.0.1:65536")]
    [InlineData("http://127.0.0.1:-1")]
    [InlineData("http://127.0.0.1:8586/jobs")]
    [InlineData("http://user@127.0.0.1:8586")]
    [InlineData("http://example.com:8586")]
    [InlineData("http://:8586")]
    [InlineData("http://[::1]")]
    [InlineData("http://::1")]
    [InlineData("http://::1:8586")]
    [InlineData("http://::0")]
    [InlineData("http://2001:db8::0")]
    [InlineData("http://[::0]")]
    public void What_is_none_is_refused(string text) => Assert.Null(DaemonEndpoint.Parse(text));

    [Theory]
    [InlineData("http://localhost:8586", "http://127.0.0.1:8586")]
    [InlineData("https://127.0.0.1:8586/", "https://127.0.0.1:8586")]
    public void A_usual_spelling_means_the_same(string text, string meant) => Assert.Equal(DaemonEndpoint.Parse(meant), DaemonEndpoint.Parse(text));

    [Theory]
    [InlineData("unix:/run/kvmsys.sock", true)]
    [InlineData("http://127.0.0.1:8586", true)]
    [InlineData("http://127.1.2.3:8586", true)]
    [InlineData("http://[::1]:8586", true)]
    [InlineData("http://0.0.0.0:8586", false)]
    [InlineData("http://[::]:8586", false)]
    [InlineData("https://192.0.2.1:8586", false)]
    public void Only_a_socket_and_a_loopback_address_are_local(string text, bool isLocal) => Assert.Equal(isLocal, DaemonEndpoint.Parse(text)!.IsLocal);

    [Fact]
    public void Only_https_is_encrypted()
    {
        Assert.True(DaemonEndpoint.Parse("https://127.0.0.1:1")!.IsEncrypted);
        Assert.False(DaemonEndpoint.Parse("http://127.0.0.1:1")!.IsEncrypted);
        Assert.False(DaemonEndpoint.Parse("unix:/https://")!.IsEncrypted);
    }

    [Fact]
    public void An_endpoint_is_a_socket_or_an_address()
    {
        DaemonEndpoint socket = DaemonEndpoint.Parse("unix:/run/kvmsys.sock")!;
        Assert.Equal(("/run/kvmsys.sock", null), (socket.Socket, socket.Address));
        DaemonEndpoint port = DaemonEndpoint.Parse("http://[::1]:8586")!;
        Assert.Equal((null, new IPEndPoint(IPAddress.IPv6Loopback, DaemonEndpoint.DefaultPort)), (port.Socket, port.Address));
    }
}
