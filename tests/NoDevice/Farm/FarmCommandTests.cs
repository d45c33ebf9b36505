// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>kvmsys farm init and key, as a shell runs them.</summary>
public sealed class FarmCommandTests : IDisposable
{
    private const string CpuKey = FarmServer.CpuKeyOfA;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvmsys-farm-");

    private string Location => Path.Combine(_folder.FullName, "farm");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Init_makes_the_folder_and_tells_what_to_do_next()
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys farm init --folder '{Location}' --tls farm.example.org,192.0.2.7");
        Assert.Equal((0, ""), (status, error));
        Assert.All(
            new[]
            {
                $"nats-server -c {Location}/server.conf", "kvmsys farm key create", $"kvmsys farm key add HOST --public U... --cpu KEY --folder {Location}", $"nats-server --signal reload={Location}/server.pid",
                $"kvmsys farm controller --broker tls://farm.example.org:4222 --key {Location}/controller.nk --ca {Location}/ca.pem", "kvmsys farm agent --broker tls://farm.example.org:4222 --host HOST --key FILE --ca",
            },
            line => Assert.Contains(line, output, StringComparison.Ordinal));
    }

    [Fact]
    public void A_host_goes_through_its_life()
    {
        (int status, string shown, _) = Shell.Run($"$kvmsys farm init --folder '{Location}' >/dev/null && $kvmsys farm key create --file '{_folder}/agent.nk'");
        Assert.Equal(0, status);
        string add = shown.Split('\n').Single(line => line.Contains("kvmsys farm key add", StringComparison.Ordinal)).Trim();
        string[] words = add.Split(' ');
        Assert.Equal(FarmKey.Read(Path.Combine(_folder.FullName, "agent.nk")).PublicKey, words[6]);
        Assert.DoesNotContain(FarmKey.Read(Path.Combine(_folder.FullName, "agent.nk")).Seed, shown, StringComparison.Ordinal);

        (status, _, string said) = Shell.Run($"${add} --folder '{Location}'");
        Assert.Equal(0, status);
        Assert.Contains($"nats-server --signal reload={Location}/server.pid", said, StringComparison.Ordinal);
        Assert.Equal([FarmDocument.ControllerName, words[4]], Listed().Select(key => key.GetProperty("name").GetString()).Order(StringComparer.Ordinal));

        (status, _, said) = Shell.Run($"$kvmsys farm key revoke {words[4]} --folder '{Location}'");
        Assert.Equal(0, status);
        Assert.Contains("--signal reload", said, StringComparison.Ordinal);
        Assert.Single(Listed());
    }

    [Fact]
    public void Keys_that_two_processes_add_at_once_are_both_there()
    {
        Assert.Equal(0, Shell.Run($"$kvmsys farm init --folder '{Location}'").Status);
        string all = string.Concat(Enumerable.Range(0, 8).Select(i => $"$kvmsys farm key add host{i} --public {FarmKey.Create().PublicKey} --cpu {CpuKey} --folder '{Location}' & "));
        (int status, _, string error) = Shell.Run($"{all} for job in $(jobs -p); do wait $job || exit 1; done");
        Assert.True(status == 0, error);
        Assert.Equal(9, Listed().Length);
    }

    [Theory]
    [InlineData("farm init --folder $FARM", 2, "is there already")]
    [InlineData("farm init --folder $FARM.2 --listen 0.0.0.0:4222", 2, "--tls NAME")]
    [InlineData("farm init --folder $FARM.2 --listen example.org", 2, "ADDRESS:PORT")]
    [InlineData("farm init --folder $FARM.2 --tls 'a b'", 2, "no name")]
    [InlineData("farm init --folder $FARM.2 --server-version new", 2, "a version is needed")]
    [InlineData("farm init --folder $FARM.2 --tls-certificate /none", 2, "give both")]
    [InlineData("farm init --folder $FARM.2 --tls-certificate /none --tls-key /none", 71, "cannot be used")]
    [InlineData("farm init --folder $FARM.2 --tls a --tls-certificate /none --tls-key /none", 2, "leave one of them out")]
    [InlineData("farm init --folder /proc/none", 71, "cannot be used")]
    [InlineData("farm key add a --public U --cpu GenuineIntel-6-143-8-kvm_intel --folder $FARM", 2, "no public key")]
    [InlineData("farm key add a --folder $FARM", 2, "--public")]
    [InlineData("farm key revoke a --folder $FARM", 2, "no host a")]
    [InlineData("farm key list --folder $FARM.2", 71, "kvmsys farm init makes one")]
    [InlineData("farm key create --file $FARM/controller.nk", 2, "never written over")]
    [InlineData("farm key create --file $FARM/none/key", 71, "cannot be made")]
    public void What_cannot_be_is_told_with_a_cure_and_a_status(string line, int status, string told)
    {
        Assert.Equal(0, Shell.Run($"$kvmsys farm init --folder '{Location}'").Status);
        Dictionary<string, string> before = Files();
        (int ended, string output, string error) = Shell.Run($"FARM='{Location}'; $kvmsys {line}");
        Assert.Equal((status, ""), (ended, output));
        Assert.Contains(told, error, StringComparison.Ordinal);
        Assert.Contains("Cure:", error, StringComparison.Ordinal);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Another_server_gets_another_configuration()
    {
        Assert.Equal(0, Shell.Run($"$kvmsys farm init --folder '{Location}' --server-version 2.9").Status);
        string configuration = Path.Combine(Location, "server.conf");
        Assert.Contains("# Without sync_interval", File.ReadAllText(configuration), StringComparison.Ordinal);
        (int status, _, string said) = Shell.Run($"$kvmsys farm configure --server-version 2.11 --folder '{Location}'");
        Assert.Equal(0, status);
        Assert.Contains("Start the server anew", said, StringComparison.Ordinal);
        Assert.Contains("\n  sync_interval: always\n", File.ReadAllText(configuration), StringComparison.Ordinal);

        // A server that runs would refuse a change of it, and with that the end of a key.
        Assert.Equal(0, Shell.Run($"$kvmsys farm key add a --public {FarmKey.Create().PublicKey} --cpu {CpuKey} --folder '{Location}'").Status);
        Assert.Contains("\n  sync_interval: always\n", File.ReadAllText(configuration), StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_has_the_farm_in_the_users_configuration_and_its_streams_in_the_users_state()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root runs something as another user");
        _folder.UnixFileMode = (UnixFileMode)0b111_111_111;
        File.Copy(Checkout.Binary, Path.Combine(_folder.FullName, "kvmsys"));
        (int status, _, string error) = Shell.Run($"cd '{_folder}' && HOME='{_folder}' XDG_STATE_HOME='{_folder}/state' setpriv --reuid 65534 --regid 65534 --clear-groups ./kvmsys farm init");
        Assert.True(status == 0, error);
        string farm = Path.Combine(_folder.FullName, ".config", "kvmsys", "farm");
        Assert.Contains($"store_dir: \"{_folder}/state/kvmsys/farm\"", File.ReadAllText(Path.Combine(farm, "server.conf")), StringComparison.Ordinal);

        // Root's file would be none that this user's server could read.
        (status, _, error) = Shell.Run($"$kvmsys farm key revoke a --folder '{farm}'");
        Assert.Equal(71, status);
        Assert.Contains("sudo -u '#65534'", error, StringComparison.Ordinal);
    }

    private JsonElement[] Listed()
    {
        (int status, string json, _) = Shell.Run($"$kvmsys farm key list --json --folder '{Location}'");
        Assert.Equal(0, status);
        return [.. JsonDocument.Parse(json).RootElement.GetProperty("keys").EnumerateArray()];
    }

    private Dictionary<string, string> Files() => Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllText);
}
