// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Broker;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>The folder that a farm's server is set up by.</summary>
public sealed class FarmFolderTests : IDisposable
{
    private const string CpuKey = FarmServer.CpuKeyOfA;

    private static readonly FarmSetup Local = new() { Listen = BrokerAddress.Parse("127.0.0.1:4222")! };

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("kvmsys-farm-");

    private string Location => Path.Combine(_parent.FullName, "farm");

    public void Dispose() => _parent.Delete(recursive: true);

    [Fact]
    public void It_and_all_in_it_are_its_owners_alone_and_nothing_is_left_beside_it()
    {
        FarmFolder farm = new(Location);
        farm.Create(Local with { TlsNames = ["localhost"] }, TimeProvider.System);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Location));
        string[] files = Directory.GetFiles(Location);
        Assert.Equal(["ca-key.pem", "ca.pem", "controller.nk", "farm.json", "server-key.pem", "server.conf", "server.pem"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal([Location], Directory.GetFileSystemEntries(_parent.FullName));
        Assert.Equal(FarmKey.Read(farm.ControllerKeyPath).PublicKey, Assert.Single(farm.Read().Members).PublicKey);
        Assert.DoesNotContain(FarmKey.Read(farm.ControllerKeyPath).Seed, File.ReadAllText(farm.ConfigurationPath), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_is_there_is_refused_and_nothing_changed(bool isEmpty)
    {
        Directory.CreateDirectory(Location);
        if (!isEmpty)
        {
            File.WriteAllText(Path.Combine(Location, "farm.json"), "mine");
        }

        Assert.True(Assert.Throws<BrokerException>(() => new FarmFolder(Location).Create(Local, TimeProvider.System)).IsRefusal);
        Assert.Equal(isEmpty ? [] : ["mine"], Directory.GetFiles(Location).Select(File.ReadAllText));
        Assert.Equal([Location], Directory.GetFileSystemEntries(_parent.FullName));
    }

    [Theory]
    [InlineData("0.0.0.0:4222")]
    [InlineData("192.0.2.7:4222")]
    [InlineData("[::]:4222")]
    public void An_address_that_others_reach_is_refused_without_TLS(string address)
    {
        BrokerException refusal = Assert.Throws<BrokerException>(() => new FarmFolder(Location).Create(new() { Listen = BrokerAddress.Parse(address)! }, TimeProvider.System));
        Assert.Contains("--tls NAME", refusal.Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(Location));
    }

    [Theory]
    [InlineData("127.0.0.1:4222", "nats://127.0.0.1:4222")]
    [InlineData("localhost:4300", "nats://127.0.0.1:4300")]
    [InlineData("[::1]:4222", "nats://[::1]:4222")]
    [InlineData("127.0.0.1", null)]
    [InlineData("4222", null)]
    [InlineData("1:4222", null)]
    [InlineData("127.0.0.1:0", null)]
    [InlineData("127.0.0.1:65536", null)]
    [InlineData("example.org:4222", null)]
    [InlineData("127.0.0.1:4222\"", null)]
    [InlineData("", null)]
    public void An_address_has_a_port(string text, string? url) => Assert.Equal(url, BrokerAddress.Parse(text)?.UrlOf(name: null, tls: false));

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("-a")]
    [InlineData("a.b")]
    [InlineData("a\n")]
    [InlineData("a*")]
    [InlineData("controller")]
    [InlineData("a2345678901234567890123456789012345678901")]
    public void A_host_is_called_as_hosts_may_be_called(string name) => Refused(name, FarmKey.Create().PublicKey, CpuKey);

    [Theory]
    [InlineData("")]
    [InlineData("GenuineIntel")]
    [InlineData("GenuineIntel-6-143-8-kvm.intel")]
    [InlineData("GenuineIntel-6-143-8-kvm_intel\n")]
    [InlineData(">-6-143-8-kvm_intel")]
    public void A_CPU_key_is_one(string cpuKey) => Refused("a", FarmKey.Create().PublicKey, cpuKey);

    [Fact]
    public void A_public_key_is_one_and_no_secret() => Refused("a", FarmKey.Create().Seed, CpuKey);

    [Fact]
    public void A_name_and_a_key_are_one_hosts()
    {
        FarmFolder farm = Created();
        string key = FarmKey.Create().PublicKey;
        farm.Add("a", key, CpuKey, TimeProvider.System);
        Assert.Contains("there is a host a already", Assert.Throws<BrokerException>(() => farm.Add("a", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Contains("a has that public key already", Assert.Throws<BrokerException>(() => farm.Add("b", key, CpuKey, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "controller has that public key already", Assert.Throws<BrokerException>(() => farm.Add("b", FarmKey.Read(farm.ControllerKeyPath).PublicKey, CpuKey, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.Equal(2, farm.Read().Members.Count);
    }

    [Fact]
    public void A_host_for_whom_there_is_no_account_is_refused_until_there_are_more()
    {
        FarmFolder farm = new(Path.Combine(_parent.FullName, "small"));
        farm.Create(new() { Listen = BrokerAddress.Parse("127.0.0.1:4222")!, Hosts = 2 }, TimeProvider.System);
        farm.Add("a", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System);
        Assert.Equal(2, farm.Add("b", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System).Account);
        BrokerException refusal = Assert.Throws<BrokerException>(() => farm.Add("c", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System));
        Assert.Contains("accounts for 2 hosts, and each has one. Cure: kvmsys farm configure --hosts 4, and start the server anew", refusal.Message, StringComparison.Ordinal);
        farm.Revoke("a");
        Assert.Equal(1, farm.Add("c", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System).Account);
        Assert.Throws<BrokerException>(() => farm.Configure(null, 1));
        farm.Configure(null, 3);
        Assert.Equal(3, farm.Add("d", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System).Account);
        Assert.Equal(3, farm.Read().Hosts);
        farm.Configure(null);
        Assert.Equal(3, farm.Read().Hosts);
    }

    [Fact]
    public void A_host_that_is_revoked_is_in_neither_file_and_may_be_added_again()
    {
        FarmFolder farm = Created();
        string key = FarmKey.Create().PublicKey;
        farm.Add("a", key, CpuKey, TimeProvider.System);
        Assert.Contains(key, File.ReadAllText(farm.ConfigurationPath), StringComparison.Ordinal);
        farm.Revoke("a");
        Assert.All(Directory.GetFiles(Location), file => Assert.DoesNotContain(key, File.ReadAllText(file), StringComparison.Ordinal));
        farm.Add("a", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System);
    }

    [Theory]
    [InlineData("b")]
    [InlineData("controller")]
    public void Nobody_is_revoked_but_a_host_that_there_is(string name)
    {
        FarmFolder farm = Created();
        Assert.True(Assert.Throws<BrokerException>(() => farm.Revoke(name)).IsRefusal);
        Assert.Single(farm.Read().Members);
    }

    [Fact]
    public async Task Hosts_that_are_added_at_once_are_all_there()
    {
        Created();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => new FarmFolder(Location).Add($"host{i}", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System), TestContext.Current.CancellationToken)));
        FarmFolder farm = new(Location);
        FarmDocument document = farm.Read();
        Assert.Equal(21, document.Members.Count);
        Assert.All(document.Members, member => Assert.Contains(member.PublicKey, File.ReadAllText(farm.ConfigurationPath), StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_that_ended_between_its_two_files_is_finished_by_the_next_one_even_if_that_is_refused()
    {
        FarmFolder farm = Created();
        string key = FarmKey.Create().PublicKey;
        farm.Add("a", key, CpuKey, TimeProvider.System);
        string old = File.ReadAllText(farm.ConfigurationPath);
        farm.Revoke("a");
        File.WriteAllText(farm.ConfigurationPath, old);

        Assert.Throws<BrokerException>(() => farm.Revoke("a"));
        Assert.DoesNotContain(key, File.ReadAllText(farm.ConfigurationPath), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"listen":"127.0.0.1:4222","store":"/s","members":[],"more":1}""")]
    [InlineData("""{"listen":"0.0.0.0:4222","store":"/s","members":[]}""")]
    [InlineData("""{"listen":"127.0.0.1:4222","store":"/s\n","members":[]}""")]
    [InlineData("""{"listen":"127.0.0.1:4222","store":"/s","serverVersion":"new","members":[]}""")]
    [InlineData("""{"listen":"127.0.0.1:4222","store":"/s","members":[{"name":"a","role":"host","publicKey":"U","cpuKey":"A-1-1-1-kvm","addedAt":"2026-01-01T00:00:00Z"}]}""")]
    public void A_damaged_document_is_told_and_nothing_is_written(string json)
    {
        FarmFolder farm = Created();
        string path = Path.Combine(Location, "farm.json");
        string configuration = File.ReadAllText(farm.ConfigurationPath);
        File.WriteAllText(path, json);
        BrokerException failure = Assert.Throws<BrokerException>(() => farm.Add("a", FarmKey.Create().PublicKey, CpuKey, TimeProvider.System));
        Assert.False(failure.IsRefusal);
        Assert.Equal(json, File.ReadAllText(path));
        Assert.Equal(configuration, File.ReadAllText(farm.ConfigurationPath));
    }

    [Fact]
    public void A_path_that_a_configuration_cannot_name_is_refused() => Assert.Throws<BrokerException>(() => new FarmFolder("a\nb"));

    private FarmFolder Created()
    {
        FarmFolder farm = new(Location);
        farm.Create(Local, TimeProvider.System);
        return farm;
    }

    private void Refused(string name, string publicKey, string cpuKey)
    {
        FarmFolder farm = Created();
        BrokerException refusal = Assert.Throws<BrokerException>(() => farm.Add(name, publicKey, cpuKey, TimeProvider.System));
        Assert.True(refusal.IsRefusal);
        Assert.Contains("Cure:", refusal.Message, StringComparison.Ordinal);
        Assert.Single(farm.Read().Members);
    }
}
