// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.RegularExpressions;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A farm as its people set it up: by commands alone, with keys and TLS, to the table across CPU models.</summary>
public sealed class FarmSetUpTests
{
    [Fact]
    public async Task From_farm_init_to_the_comparison_everything_is_done_by_commands()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-lab-");
        int port = FreePort.Next();
        try
        {
            Run($"$kvmsys farm init --folder {folder}/farm --store {folder}/streams --listen 127.0.0.1:{port} --tls 127.0.0.1");
            string shown = Run($"$kvmsys farm key create --file {folder}/a.nk");
            string add = Regex.Match(shown, "kvmsys farm key add .*").Value;
            Assert.NotEqual("", add);
            Run($"{Regex.Replace(add, "^kvmsys farm key add \\S+", "$kvmsys farm key add a")} --folder {folder}/farm");

            using Broker broker = new((_, _) => File.ReadAllText($"{folder}/farm/server.conf"), port);
            await broker.Start();
            string[] members = ["--broker", $"tls://127.0.0.1:{port}", "--ca", $"{folder}/farm/ca.pem"];
            using FarmProcess controller = new(Path.Combine(folder.FullName, "controller"), ["controller", .. members, "--key", $"{folder}/farm/controller.nk"]);
            using FarmProcess agent = new(
                Path.Combine(folder.FullName, "a"),
                ["agent", "--host", "a", .. members, "--key", $"{folder}/a.nk"],
                ("KVMSYS_DAEMON_FARM_QUIET_PERCENT", "100"),
                ("KVMSYS_LOCK", folder.FullName));
            await controller.Start();
            await agent.Start();
            string connect = $"--connect unix:{controller.SocketPath}";
            await Farm.Until(
                () => Task.FromResult(Run($"$kvmsys farm ls --json {connect}").Replace(" ", "", StringComparison.Ordinal).Contains("\"there\":true", StringComparison.Ordinal)),
                "the host has not joined",
                () => $"{controller.Log}\n{agent.Log}\n{broker.Log}",
                TimeSpan.FromSeconds(60));
            Assert.Matches("│ a +│ idle", Run($"$kvmsys farm ls {connect} | cat"));

            // A figure of a host that is busy may be unstable; what counts here is that each attempt comes back.
            (int status, string output, string error) = Shell.Run(
                $"$kvmsys farm submit --per-cpu --wait --attempts 3 --json {connect} bench --profile host64 --mechanism syscall --sessions 2 --runs 3; exit $?");
            Assert.True(status is 0 or 6, error);
            using JsonDocument batch = JsonDocument.Parse(output);
            JsonElement job = Assert.Single(batch.RootElement.GetProperty("jobs").EnumerateArray());
            Assert.All(job.GetProperty("attempts").EnumerateArray(), attempt => Assert.Equal("a", attempt.GetProperty("host").GetString()));
            if (status == 0)
            {
                Assert.Contains("syscall", Run($"$kvmsys farm gather 1 {connect} | cat"), StringComparison.Ordinal);
                Run($"$kvmsys farm gather 1 {connect} --csv {folder}/fleet.csv --html {folder}/fleet.html --parquet {folder}/fleet.parquet");
                Assert.StartsWith("PAR1", File.ReadAllText($"{folder}/fleet.parquet"), StringComparison.Ordinal);
            }
            else
            {
                (status, _, error) = Shell.Run($"$kvmsys farm gather 1 {connect}; exit $?");
                Assert.Equal(6, status);
                Assert.Contains("batch 1 has no bench with a result. Cure: ", error, StringComparison.Ordinal);
            }

            Assert.Contains("drained", Run($"$kvmsys farm drain a {connect} | cat"), StringComparison.Ordinal);
            Run($"$kvmsys farm uncordon a {connect}");

            // A key that is revoked lets nobody in any more.
            Run($"$kvmsys farm key revoke a --folder {folder}/farm");
            File.Copy($"{folder}/farm/server.conf", broker.ConfigurationPath, overwrite: true);
            broker.Signal("HUP");
            await Farm.Until(
                () => Task.FromResult(Run($"$kvmsys farm ls --json {connect}").Replace(" ", "", StringComparison.Ordinal).Contains("\"there\":false", StringComparison.Ordinal)),
                "the host is still there",
                () => $"{controller.Log}\n{agent.Log}\n{broker.Log}",
                TimeSpan.FromSeconds(60));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static string Run(string command)
        {
            (int status, string output, string error) = Shell.Run($"{command}; exit $?");
            Assert.True(status == 0, $"{command}\n{output}\n{error}");
            return output;
        }
    }
}
