// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Nodes;
using Kvmsys.Monitor;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Reports;

/// <summary>A file of kvmsys bench --json is read again, and what is none is refused in a line that says why.</summary>
public sealed class BenchFileTests
{
    private static readonly string Good = MadeUpBench.Json(MadeUpBench.OnACpu());

    [Fact]
    public void What_was_written_is_read()
    {
        BenchDocument bench = Parse(Good);
        Assert.Equal(Good, MadeUpBench.Json(MadeUpBench.OnACpu()));
        Assert.Equal(["int80 on bare", "sysenter on bare"], bench.Results.Select(result => result.Name));
        Assert.Equal(MadeUpBench.Around(600), bench.Results[0].CoreCycles!.Sessions);
        Assert.Equal(("AuthenticAMD", 25, 1, 2), (bench.Host.CpuVendor, bench.Host.CpuFamily, bench.Host.CpuModel, bench.Host.CpuStepping));
    }

    [Fact]
    public void A_bench_of_an_emulator_is_read_too() => Assert.All(Parse(MadeUpBench.Json(MadeUpBench.Emulated())).Results, result => Assert.Null(result.CoreCycles));

    [Fact]
    public void What_a_later_version_adds_is_passed_over() =>
        Assert.Equal(2, Parse(Changed(bench => bench["novelty"] = new JsonArray(1, 2))).Results.Count);

    [Theory]
    [InlineData("", "it is no JSON")]
    [InlineData("[]", "it has no schema, and kvmsys.bench/2 is needed")]
    [InlineData("7", "it has no schema")]
    [InlineData("{}", "it has no schema")]
    [InlineData("{\"schema\": 2}", "it has no schema")]
    [InlineData("{\"schema\": \"kvmsys.bench/1\"}", "its schema is kvmsys.bench/1, and kvmsys.bench/2 is needed")]
    [InlineData("{\"schema\": \"kvmsys\\nbench\"}", "its schema is kvmsys\\x0abench")]
    [InlineData("{\"schema\": \"kvmsys.bench/2\"}", "missing required properties")]
    [InlineData("{\"schema\": \"kvmsys.bench/2\", \"schema\": \"kvmsys.bench/2\"}", "uplicate")]
    [InlineData("{\"schema\": \"\\ud800\"}", "it has a text that is no Unicode")]
    [InlineData("\u0001\u0002", "it is no JSON")]
    public void What_is_no_bench(string text, string reason) => AssertRefused(text, reason);

    [Fact]
    public void A_file_that_was_cut_off_anywhere()
    {
        for (int length = 0; length < Good.Length; length += 97)
        {
            AssertRefused(Good[..length], "it is no JSON");
        }
    }

    [Fact]
    public void What_is_nested_too_deep() =>
        AssertRefused(Good.Insert(1, $"\"deep\": {new string('[', 100_000)}{new string(']', 100_000)},"), "depth");

    [Theory]
    [InlineData("\"600\"")]
    [InlineData("null")]
    [InlineData("[600]")]
    public void A_number_that_is_none(string cost) => AssertRefused(WithCost(cost), "$.results[0].coreCycles.sessions");

    [Fact]
    public void Not_a_number_is_no_JSON() => AssertRefused(WithCost("NaN"), "it is no JSON");

    [Theory]
    [InlineData("-1e16")]
    [InlineData("-1e-20")]
    [InlineData("5e-324")]
    [InlineData("1e300")]
    [InlineData("1e999")]
    [InlineData("1e-320")]
    public void A_cost_that_no_call_has(string cost) => AssertRefused(WithCost(cost), "core cycles in a session, which no call does");

    [Theory]
    [InlineData(0)]
    [InlineData(-0.125)]
    public void A_cost_of_nothing_or_less_is_what_a_coarse_timer_or_a_noisy_host_may_see_of_an_empty_loop(double cost) => Assert.Equal(
        cost,
        Parse(WithCost(cost.ToString(System.Globalization.CultureInfo.InvariantCulture))).Results[0].CoreCycles!.Sessions[0]);

    [Fact]
    public void Fields_that_are_not_as_they_should_be()
    {
        AssertRefused(Changed(bench => bench["results"] = new JsonArray()), "it has 0 results");
        AssertRefused(Changed(bench => bench["results"] = null), "results");
        AssertRefused(Changed(bench => bench["results"]![0] = null), "one of its results is null");
        AssertRefused(Changed(bench => bench["results"]![1]!["mechanism"] = "int80"), "it has int80 on bare twice");
        AssertRefused(Changed(bench => bench["results"]![0]!["mechanism"] = "int\u001b[31m80"), "int\\x1b[31m80 is no mechanism's name");
        AssertRefused(Changed(bench => bench["results"]![0]!["profile"] = ""), "'' is no profile's name");
        AssertRefused(Changed(bench => bench["results"]![0]!["profile"] = null), "profile");
        AssertRefused(Changed(bench => bench["results"]![0]!["verdict"] = "believe me"), "int80 on bare has the verdict believe me, and there are emulated, hardware-nested, hardware");
        AssertRefused(Changed(bench => bench["results"]![0]!["coreCycles"]!["sessions"] = new JsonArray()), "int80 on bare has the costs of 0 sessions, and 1 to 1000 are needed");
        AssertRefused(
            Changed(bench => bench["results"]![0]!["coreCycles"]!["sessions"] = new JsonArray([.. Enumerable.Repeat(0, 1001).Select(_ => JsonValue.Create(1.5))])),
            "int80 on bare has the costs of 1001 sessions");
        AssertRefused(Changed(bench => bench["host"] = null), "host");
        AssertRefused(Changed(bench => bench["host"]!["cpuVendor"] = null), "cpuVendor");
        AssertRefused(Changed(bench => bench["host"]!["cpuFamily"] = 1e10), "cpuFamily");
        AssertRefused(Changed(bench => bench["plan"]!["hash"] = null), "hash");
        AssertRefused(Changed(bench => bench["complete"] = "yes"), "complete");
    }

    [Fact]
    public void No_field_that_is_needed_may_be_missing()
    {
        string[] optional = ["emulated", "coreCycles", "tscTicks", "ns", "interceptCoreCycles", "speedUp", "tscKhz", "exits", "irqExits", "emulatedInstructions", "microcode", "hypervisor", "kvmModule"];
        string[] fields = ["version", "verdict", "complete", "stable", "host", "plan", "placement", "seconds", "results"];
        Assert.All(fields, field => AssertRefused(Changed(bench => bench.AsObject().Remove(field)), field));
        JsonObject result = JsonNode.Parse(Good)!["results"]![0]!.AsObject();
        Assert.All(
            result.Select(field => field.Key).Except(optional),
            field => AssertRefused(Changed(bench => bench["results"]![0]!.AsObject().Remove(field)), field));
    }

    [Fact]
    public void Whatever_bytes_are_changed_it_is_refused_or_can_be_compared()
    {
        byte[] good = MadeUpBench.Bytes(Good);
        byte[] interesting = [.. "0123456789-.eE\"\\[]{},: ntu"u8];
        Random random = new(Seed: 8);
        int accepted = 0;
        for (int trial = 0; trial < 3000; trial++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(4) == 0 ? (byte)random.Next(256) : interesting[random.Next(interesting.Length)];
            }

            try
            {
                BenchDocument bench = BenchFile.Parse(bytes, "bench.json");
                BenchComparison comparison = CompareCommand.Compare(bench, bench, percent: 1, cycles: 1, differentHosts: false);
                Assert.NotEmpty(JsonSerializer.Serialize(CompareDocument.Of(comparison), KvmsysJson.Default.CompareDocument));
                Assert.NotNull(CompareTable.Render(comparison));
                accepted++;
            }
            catch (CommandFailedException refusal)
            {
                Assert.Equal(ExitCode.Usage, refusal.ExitCode);
                Assert.DoesNotContain(refusal.Message, char.IsControl);
            }
        }

        Assert.InRange(accepted, 100, 2900);
    }

    [Fact]
    public void A_file_that_is_not_there_or_too_large()
    {
        CommandFailedException absent = Assert.Throws<CommandFailedException>(() => BenchFile.Read("/no/such/bench.json"));
        Assert.Equal((ExitCode.Usage, "the bench /no/such/bench.json cannot be used: there is no such file."), (absent.ExitCode, absent.Message));
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength((16 << 20) + 1);
            }

            Assert.Contains("16384 KiB are the most", Assert.Throws<CommandFailedException>(() => BenchFile.Read(path)).Message, StringComparison.Ordinal);
            File.WriteAllText(path, Good);
            Assert.Equal(2, BenchFile.Read(path).Results.Count);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static BenchDocument Parse(string text) => BenchFile.Parse(MadeUpBench.Bytes(text), "bench.json");

    /// <summary>The good file with another cost of the first session.</summary>
    private static string WithCost(string cost)
    {
        int start = Good.IndexOf('[', Good.IndexOf("\"sessions\": [", Good.IndexOf("\"coreCycles\"", StringComparison.Ordinal), StringComparison.Ordinal)) + 1;
        int end = Good.IndexOf(',', start);
        return $"{Good[..start]}{cost}{Good[end..]}";
    }

    private static string Changed(Action<JsonNode> change)
    {
        JsonNode bench = JsonNode.Parse(Good)!;
        change(bench);
        return bench.ToJsonString();
    }

    private static void AssertRefused(string text, string reason)
    {
        CommandFailedException refusal = Assert.Throws<CommandFailedException>(() => Parse(text));
        Assert.Equal(ExitCode.Usage, refusal.ExitCode);
        Assert.StartsWith("the bench bench.json cannot be used: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith(". Cure: write it with kvmsys bench --json.", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }
}
