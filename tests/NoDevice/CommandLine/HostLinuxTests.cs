// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>bench and latency on this host's own Linux, as a user's shell runs them.</summary>
public sealed class HostLinuxTests
{
    private const string Syscall = "--profile host64 --mechanism syscall";

    [Fact]
    public void A_bench_of_the_hosts_Linux_needs_no_KVM()
    {
        (int status, string output, _) = Shell.Run($"$kvmsys bench {Syscall} --device /no/such/device --sessions 2 --runs 1 --no-history --json");
        Assert.True(status is 0 or 5, $"status {status}");
        using JsonDocument bench = JsonDocument.Parse(output);
        JsonElement result = Assert.Single(bench.RootElement.GetProperty("results").EnumerateArray());
        Assert.Equal(("syscall", "host64"), (result.GetProperty("mechanism").GetString(), result.GetProperty("profile").GetString()));
        Assert.Equal(8, result.GetProperty("runs").GetInt32());
        Assert.True(result.GetProperty("tscKhz").GetInt32() > 100_000);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("exits").ValueKind);
    }

    [Theory]
    [InlineData("bench --full --no-history")]
    [InlineData("latency --calls 1_000_000_000")]
    public void Ctrl_C_leaves_what_was_measured(string command)
    {
        (int status, string output, string error) = Shell.Run($"timeout --preserve-status -s INT 5 $kvmsys {command} {Syscall}");
        Assert.Equal((130, "kvmsys: interrupted"), (status, error.TrimEnd()));
        Assert.Contains("incomplete: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_that_has_no_name_is_the_mechanisms_or_none()
    {
        (int status, string output, _) = Shell.Run($"timeout --preserve-status -s INT 3 $kvmsys latency --calls 1_000_000_000 --hgrm {Syscall}");
        Assert.Equal((130, ""), (status, output));
    }

    [Fact]
    public void Too_few_files_for_so_many_processes_are_told_with_the_cure()
    {
        (int status, string output, string error) = Shell.Run("ulimit -n 60; $kvmsys bench --on host --no-history");
        Assert.Equal((71, ""), (status, output));
        Assert.Contains("(EMFILE): the measured program. Cure: raise this process's limits", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_latency_tells_every_call()
    {
        (int status, string output, _) = Shell.Run($"$kvmsys latency {Syscall} --calls 1000 --show-emulated --json");
        Assert.Equal(0, status);
        using JsonDocument latency = JsonDocument.Parse(output);
        JsonElement[] results = [.. latency.RootElement.GetProperty("results").EnumerateArray()];
        Assert.Equal(["empty", "syscall"], results.Select(result => result.GetProperty("mechanism").GetString()));
        Assert.All(results, result => Assert.Equal(1024, result.GetProperty("callsByTscTicks").EnumerateObject().Sum(bucket => bucket.Value.GetInt64())));
    }
}
