// SPDX-License-Identifier: MIT

using System.Security.Cryptography.X509Certificates;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Tests.NoDevice.Daemon;
using NATS.Client.Core;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A farm's server that speaks TLS, and what clients make of its certificate.</summary>
public sealed class FarmTlsTests
{
    private static readonly string[] Names = ["localhost", "127.0.0.1"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_client_that_knows_the_issuer_connects(string name)
    {
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = Names });
        await using NatsConnection host = new(Options(server, name, server.Folder.Read().Tls!.Issuer));
        await host.ConnectAsync();
        await host.PingAsync(Cancellation);
    }

    [Fact]
    public async Task A_client_that_does_not_know_the_issuer_refuses()
    {
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = Names });
        await Refuses(Options(server, "localhost", issuer: null));
    }

    [Fact]
    public async Task A_client_that_knows_another_farms_issuer_refuses()
    {
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = Names });
        using FarmServer other = await FarmServer.Start(setup => setup with { TlsNames = Names });
        await Refuses(Options(server, "localhost", other.Folder.Read().Tls!.Issuer));
    }

    [Fact]
    public async Task A_client_refuses_a_certificate_of_another_name()
    {
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = ["farm.example.org"] });
        await Refuses(Options(server, "localhost", server.Folder.Read().Tls!.Issuer));
    }

    [Fact]
    public async Task A_client_refuses_a_certificate_that_has_expired()
    {
        SettableClock clock = new() { Now = DateTimeOffset.UtcNow.AddDays(-FarmCertificates.ServerDays) };
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = Names }, clock);
        await Refuses(Options(server, "localhost", server.Folder.Read().Tls!.Issuer));
    }

    [Fact]
    public async Task A_client_without_TLS_is_not_let_in()
    {
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = Names });
        await Refuses(server.OptionsOf("a") with { TlsOpts = new NatsTlsOpts { Mode = TlsMode.Disable } });
    }

    [Fact]
    public void The_servers_certificate_is_good_for_825_days_and_its_issuers_for_ten_years()
    {
        SettableClock clock = new();
        FarmCertificates made = FarmCertificates.Make(["farm.example.org"], clock);
        using X509Certificate2 server = X509Certificate2.CreateFromPem(made.Server, made.ServerKey);
        using X509Certificate2 issuer = X509Certificate2.CreateFromPem(made.Issuer, made.IssuerKey);
        Assert.Equal(clock.Now.AddHours(-1).AddDays(825), server.NotAfter.ToUniversalTime());
        Assert.Equal(clock.Now.AddHours(-1).AddYears(10), issuer.NotAfter.ToUniversalTime());
        Assert.Equal(clock.Now.AddHours(-1), server.NotBefore.ToUniversalTime());
    }

    [Theory]
    [InlineData("farm.example.org", true)]
    [InlineData("bench1", true)]
    [InlineData("192.0.2.7", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a/b", false)]
    [InlineData("farm.example.org:4222", false)]
    [InlineData("127.1", false)]
    [InlineData("*", false)]
    [InlineData("a\nb", false)]
    public void A_name_is_one_that_a_certificate_can_have(string text, bool isName) => Assert.Equal(isName, FarmCertificates.IsName(text));

    [Fact]
    public async Task A_certificate_that_there_is_already_is_taken()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-farm-");
        string certificate = Path.Combine(folder.FullName, "cert.pem");
        string key = Path.Combine(folder.FullName, "key.pem");
        TestCertificate.Write(certificate, key);
        using FarmServer server = await FarmServer.Start(setup => setup with { OwnTls = new() { Certificate = certificate, Key = key } });
        await using NatsConnection host = new(Options(server, "localhost", certificate));
        await host.ConnectAsync();
        folder.Delete(recursive: true);
    }

    private static NatsOpts Options(FarmServer server, string name, string? issuer) => server.OptionsOf("a") with
    {
        Url = server.Broker.Url.Replace("nats://127.0.0.1", $"tls://{name}", StringComparison.Ordinal),
        TlsOpts = new NatsTlsOpts { Mode = TlsMode.Require, CaFile = issuer },
    };

    private static async Task Refuses(NatsOpts options)
    {
        await using NatsConnection connection = new(options);
        await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
        Assert.NotEqual(NatsConnectionState.Open, connection.ConnectionState);
    }
}
