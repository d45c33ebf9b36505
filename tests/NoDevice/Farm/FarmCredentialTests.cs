// SPDX-License-Identifier: MIT

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Tests.NoDevice.Daemon;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>Whole members whose keys or certificates are wrong: it is said on both sides, nobody gives up, and whoever is let in later joins without a restart.</summary>
public sealed class FarmCredentialTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvmsys-credentials-");
    private readonly List<FarmProcess> _members = [];

    public void Dispose()
    {
        foreach (FarmProcess member in _members)
        {
            member.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_host_whose_key_the_server_does_not_know_is_told_so_on_both_sides_and_joins_when_it_is_let_in()
    {
        using FarmServer server = await FarmServer.Start();
        FarmProcess controller = Controller(server, server.Broker.Url);
        await controller.Start();
        server.AddHost("c", FarmNames.CpuKey(Kvmsys.Monitor.Host.HostEnvironment.Read()));
        FarmProcess agent = Agent("c", server.Broker.Url, KeyFile("c", server.KeyOf("c")));
        agent.Begin();
        await Until(() => agent.Log.Contains("does not let this client in; trying again", StringComparison.Ordinal), "the host does not say it", server);
        Assert.Contains("Authorization Violation", agent.Log, StringComparison.OrdinalIgnoreCase);
        await Until(() => server.Broker.Log.Contains("authentication error", StringComparison.Ordinal), "the server does not say it", server);
        await server.Reload();
        await Until(() => controller.Log.Contains("host c, a ", StringComparison.Ordinal), "it does not join", server);
    }

    [Fact]
    public async Task A_host_with_another_ones_key_speaks_for_nobody_and_is_told_so()
    {
        using FarmServer server = await FarmServer.Start();
        FarmProcess controller = Controller(server, server.Broker.Url);
        await controller.Start();
        FarmProcess agent = Agent("a", server.Broker.Url, KeyFile("b", server.KeyOf("b")));
        agent.Begin();
        await Until(() => agent.Log.Contains("the server does not answer: it is away, or does not let this host; its log says which", StringComparison.Ordinal), "the host does not say it", server);
        await Until(() => server.Broker.Log.Contains("Publish Violation", StringComparison.Ordinal), "the server does not say it", server);
        Assert.Contains("refuses something: Permissions Violation for Publish to \"$KV.hosts.a\"", agent.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("host a, a ", controller.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("host b, a ", controller.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_named_by_every_member_and_a_new_one_is_taken_without_a_restart()
    {
        SettableClock clock = new() { Now = DateTimeOffset.UtcNow.AddDays(-FarmCertificates.ServerDays) };
        using FarmServer server = await FarmServer.Start(setup => setup with { TlsNames = ["127.0.0.1"] }, clock);
        server.AddHost("c", FarmNames.CpuKey(Kvmsys.Monitor.Host.HostEnvironment.Read()));
        await server.Reload();
        string url = server.Broker.Url.Replace("nats:", "tls:", StringComparison.Ordinal);
        BrokerTls tls = server.Folder.Read().Tls!;
        FarmProcess controller = Controller(server, url, "--ca", tls.Issuer!);
        FarmProcess agent = Agent("c", url, KeyFile("c", server.KeyOf("c")), "--ca", tls.Issuer!);
        controller.Begin();
        agent.Begin();
        foreach (FarmProcess member in _members)
        {
            await Until(() => member.Log.Contains("trying again: the server's certificate has expired at ", StringComparison.Ordinal), "it is not named", server);
        }

        Renew(tls);
        await server.Reload();
        await Until(() => controller.Log.Contains("host c, a ", StringComparison.Ordinal), "it does not join", server);
    }

    private static void Renew(BrokerTls tls)
    {
        using X509Certificate2 issuer = X509Certificate2.CreateFromPemFile(tls.Issuer!, Path.Combine(Path.GetDirectoryName(tls.Issuer)!, "ca-key.pem"));
        using X509Certificate2 old = X509Certificate2.CreateFromPemFile(tls.Certificate, tls.Key);
        using ECDsa key = old.GetECDsaPrivateKey()!;
        CertificateRequest request = new(old.SubjectName, key, HashAlgorithmName.SHA256);
        foreach (X509Extension extension in old.Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        using X509Certificate2 renewed = request.Create(issuer, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        File.WriteAllText(tls.Certificate, renewed.ExportCertificatePem());
    }

    private FarmProcess Controller(FarmServer server, string url, params string[] options) => Member(
        "controller", ["controller", "--broker", url, "--key", server.Folder.ControllerKeyPath, .. options]);

    private FarmProcess Agent(string name, string url, string key, params string[] options) => Member(name, ["agent", "--broker", url, "--host", name, "--key", key, .. options]);

    private FarmProcess Member(string name, string[] arguments)
    {
        string folder = Path.Combine(_folder.FullName, name);
        FarmProcess member = new(folder, arguments, ("KVMSYS_LOCK", folder), ("KVMSYS_DAEMON_FARM_QUIET_PERCENT", "100"));
        _members.Add(member);
        return member;
    }

    private string KeyFile(string name, FarmKey key)
    {
        string path = Path.Combine(_folder.FullName, $"{name}.nk");
        File.WriteAllText(path, key.Seed);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private Task Until(Func<bool> isSo, string complaint, FarmServer server) => Farm.Until(
        () => Task.FromResult(isSo()), complaint, () => $"{string.Join('\n', _members.Select(member => member.Log))}\nserver:\n{server.Broker.Log}", Patience);
}
