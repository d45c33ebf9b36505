// SPDX-License-Identifier: MIT

using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>What is wrong on the command lines of agents, controllers and their clients is said, with what helps, and nothing is started.</summary>
public sealed class FarmUsageTests
{
    [Theory]
    [InlineData("agent", 2, "an agent needs a farm. Cure: name its server with --broker")]
    [InlineData("agent --host a", 2, "farmBroker and farmHost: one needs the other")]
    [InlineData("agent --broker x --host A.B", 2, "--broker: one or several nats:// and tls:// URLs of a server and its port, with commas between is needed, and not x; --host: 1 to 40")]
    [InlineData("agent --broker nats://127.0.0.1:1 --host a --key /no/such --state here", 71, "the key /no/such cannot be read")]
    [InlineData("controller", 2, "farmBroker: a controller needs it (--broker)")]
    [InlineData("submit --each --host a doctor", 2, "one of --each, --per-cpu, --host and --cpu-key is taken")]
    [InlineData("ls --connect unix:/no/such", 69, "no daemon answers at unix:/no/such: there is no such socket")]
    [InlineData("watch x", 2, "x: the number of a batch is needed")]
    [InlineData("cancel 0", 2, "0: the number of a job is needed")]
    public void A_wrong_command_line_is_refused(string command, int status, string reason)
    {
        string folder = Directory.CreateTempSubdirectory("kvmsys-usage-").FullName;
        try
        {
            (int known, string output, string error) = Shell.Run($"cd {folder} && XDG_STATE_HOME={folder} timeout 20 $kvmsys farm {command}; exit $?");
            Assert.Equal((status, ""), (known, output));
            Assert.Contains(reason, error, StringComparison.Ordinal);
            Assert.Contains("Cure: ", error, StringComparison.Ordinal);
            Assert.Equal(1, error.Count(c => c == '\n'));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
