// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Reports;

/// <summary>A bench in the formats of others, line by line.</summary>
public sealed partial class ExportTests
{
    private static readonly BenchReport Shown = MadeUpBench.Emulated() with { ShowEmulated = true };

    [Fact]
    public void Comma_separated_values_are_those_of_RFC_4180()
    {
        string text = BenchCsv.Render(MadeUpBench.OnACpu());
        string[] lines = text.Split("\r\n");
        Assert.Equal(4, lines.Length);
        Assert.Equal("", lines[^1]);
        Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.DoesNotContain('"', text);
        Assert.Equal(
            "profile,mechanism,verdict,stable,core_cycles,core_cycles_low,core_cycles_high,ns,ns_low,ns_high,tsc_ticks,tsc_ticks_low,tsc_ticks_high,coverage,sessions,runs,pairs,discarded_pairs",
            lines[0]);
        Dictionary<string, string> int80 = Fields(lines[0], lines[1]);
        Assert.Equal(("bare", "int80", "hardware", "true"), (int80["profile"], int80["mechanism"], int80["verdict"], int80["stable"]));
        MechanismResult result = MadeUpBench.OnACpu().Results[0];
        Assert.Equal(
            [result.Cycles!.Estimate.Value, result.Cycles.Estimate.Low, result.Cycles.Estimate.High, result.Nanoseconds!.Estimate.Value, result.Ticks!.Estimate.High, result.Cycles.Estimate.Coverage],
            [Value("core_cycles"), Value("core_cycles_low"), Value("core_cycles_high"), Value("ns"), Value("tsc_ticks_high"), Value("coverage")]);
        Assert.Equal(("10", "480", "15360", "48"), (int80["sessions"], int80["runs"], int80["pairs"], int80["discarded_pairs"]));
        Assert.Equal("sysenter", Fields(lines[0], lines[2])["mechanism"]);

        double Value(string name) => double.Parse(int80[name], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Comma_separated_values_of_an_emulator_are_empty_or_marked()
    {
        string[] hidden = BenchCsv.Render(MadeUpBench.Emulated()).Split("\r\n");
        Assert.Equal("bare,int80,emulated,true,,,,,,,,,,,,480,15360,48", hidden[1]);
        Assert.Equal("bare,sysenter,emulated,true,,,,,,,,,,,,480,15360,48", hidden[2]);
        string[] shown = BenchCsv.Render(Shown).Split("\r\n");
        Assert.All(shown[1..^1], line => Assert.Matches(@"^bare,\w+,emulated,true,\d+", line));
    }

    [Fact]
    public void A_field_of_what_is_not_known_is_empty()
    {
        string[] lines = BenchCsv.Render(MadeUpBench.Of(
            MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), tscKhz: null),
            MadeUpBench.Result(EntryMechanism.Sysenter, null))).Split("\r\n");
        Assert.Equal(("", "450"), (Fields(lines[0], lines[1])["ns"], Fields(lines[0], lines[1])["tsc_ticks"]));
        Assert.Equal("bare,sysenter,hardware,false,,,,,,,,,,,,480,15360,15360", lines[2]);
    }

    [Fact]
    public void Markdown_is_a_table_and_a_line_that_says_where_it_is_from()
    {
        string[] lines = BenchMarkdown.Render(MadeUpBench.OnACpu()).Split('\n');
        Assert.Equal(
            [
                "| profile | mechanism | verdict | core cycles | +- | ns | TSC ticks | speed-up to int80 | counted |",
                "|---|---|---|--:|--:|--:|--:|--:|--:|",
                "| bare | int80 | hardware | 600.00 | 0.03 | 150.000 | 450.00 | 1.00 | 99.7 % |",
                "| bare | sysenter | hardware | 90.00 | 0.03 | 22.500 | 67.50 | 6.67 | 99.7 % |",
                "",
            ],
            lines[..5]);
        Assert.StartsWith("cpu `AMD EPYC 7003, made up`, verdict `hardware`, kvmsys `0.1.0`, cpu-signature `AuthenticAMD 25/1/2`, microcode `0xa0011d5`, kernel `6.12.1`, kvm-module `kvm_amd`, plan `", lines[5], StringComparison.Ordinal);
        Assert.Equal(("", 7), (lines[6], lines.Length));
    }

    [Fact]
    public void Markdown_of_an_emulator_is_empty_or_marked()
    {
        string[] hidden = BenchMarkdown.Render(MadeUpBench.Emulated()).Split('\n');
        Assert.Equal("| bare | int80 | emulated |  |  |  |  |  | 99.7 % |", hidden[2]);
        Assert.Equal("| bare | sysenter | emulated |  |  |  |  |  | 99.7 % |", hidden[3]);
        string[] shown = BenchMarkdown.Render(Shown).Split('\n');
        Assert.Equal("| bare | int80 | emulated | 600.00 | 0.03 | 150.000 | 450.00 | 1.00 | 99.7 % |", shown[2]);
    }

    [Fact]
    public void What_a_hypervisor_says_of_its_CPU_cannot_leave_its_line()
    {
        BenchReport report = MadeUpBench.OnACpu();
        report = report with { Host = report.Host with { Cpu = MadeUpBench.Cpu with { Brand = "a`b\ncpu: c", Hypervisor = "" } } };
        Assert.Contains("cpu `a'b cpu: c`, ", BenchMarkdown.Render(report), StringComparison.Ordinal);
        Assert.StartsWith("cpu: a`b cpu: c\nverdict: ", GoBenchmarkText.Render(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Google_Benchmarks_JSON_has_a_repetition_for_each_session_and_their_median()
    {
        JsonElement root = Google(MadeUpBench.OnACpu());
        Assert.Equal(["context", "benchmarks"], root.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("kvmsys", "hardware"), (root.GetProperty("context").GetProperty("executable").GetString(), root.GetProperty("context").GetProperty("verdict").GetString()));
        JsonElement[] benchmarks = [.. root.GetProperty("benchmarks").EnumerateArray()];
        Assert.Equal(2 * (MadeUpBench.Sessions + 1), benchmarks.Length);
        CallCost nanoseconds = MadeUpBench.OnACpu().Results[0].Nanoseconds!;
        for (int session = 0; session < MadeUpBench.Sessions; session++)
        {
            JsonElement run = benchmarks[session];
            Assert.Equal(
                ["name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit", "core_cycles"],
                run.EnumerateObject().Select(field => field.Name));
            Assert.Equal(("enter/profile:bare/mechanism:int80", "enter/profile:bare/mechanism:int80", "iteration"), (Text(run, "name"), Text(run, "run_name"), Text(run, "run_type")));
            Assert.Equal((10, session, 1, 100_000), (Number(run, "repetitions"), Number(run, "repetition_index"), Number(run, "threads"), Number(run, "iterations")));
            Assert.Equal((nanoseconds.Sessions[session], nanoseconds.Sessions[session], "ns"), (Number(run, "real_time"), Number(run, "cpu_time"), Text(run, "time_unit")));
            Assert.Equal(MadeUpBench.Around(600)[session], Number(run, "core_cycles"));
        }

        JsonElement median = benchmarks[MadeUpBench.Sessions];
        Assert.Equal(
            ["name", "run_name", "run_type", "repetitions", "threads", "iterations", "real_time", "cpu_time", "time_unit", "core_cycles", "aggregate_name", "aggregate_unit"],
            median.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            ("enter/profile:bare/mechanism:int80_median", "enter/profile:bare/mechanism:int80", "aggregate", "median"),
            (Text(median, "name"), Text(median, "run_name"), Text(median, "run_type"), Text(median, "aggregate_name")));
        Assert.Equal((nanoseconds.Estimate.Value, 10), (Number(median, "real_time"), Number(median, "iterations")));
        Assert.Equal("enter/profile:bare/mechanism:sysenter", Text(benchmarks[MadeUpBench.Sessions + 1], "name"));
    }

    [Fact]
    public void Google_Benchmarks_JSON_of_an_emulator_has_its_context_alone_or_is_marked()
    {
        JsonElement hidden = Google(MadeUpBench.Emulated());
        Assert.Equal("emulated", hidden.GetProperty("context").GetProperty("verdict").GetString());
        Assert.Equal(0, hidden.GetProperty("benchmarks").GetArrayLength());
        JsonElement shown = Google(Shown).GetProperty("benchmarks");
        Assert.Equal(2 * (MadeUpBench.Sessions + 1), shown.GetArrayLength());
        Assert.All(shown.EnumerateArray(), run => Assert.Equal("emulated", Text(run, "label")));
        Assert.All(shown.EnumerateArray(), run => Assert.Matches("^enter/profile:bare/mechanism:[a-z0-9]+/emulated(_median)?$", Text(run, "name")));
    }

    [Fact]
    public void Gos_text_has_its_configuration_and_a_line_for_each_session()
    {
        string text = GoBenchmarkText.Render(MadeUpBench.OnACpu());
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.Equal(["cpu: AMD EPYC 7003, made up", "verdict: hardware", "# kvmsys: 0.1.0"], lines[..3]);
        string[] results = [.. lines.Where(line => line.StartsWith("Benchmark", StringComparison.Ordinal))];
        Assert.All(lines.Except(results).Skip(2), line => Assert.StartsWith("# ", line, StringComparison.Ordinal));
        Assert.Equal(2 * MadeUpBench.Sessions, results.Length);
        CallCost nanoseconds = MadeUpBench.OnACpu().Results[0].Nanoseconds!;
        for (int session = 0; session < MadeUpBench.Sessions; session++)
        {
            Assert.Equal(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"BenchmarkEnter/profile=bare/mechanism=int80 100000 {nanoseconds.Sessions[session]} ns/op {MadeUpBench.Around(600)[session]} cycles/op"),
                results[session]);
        }

        Assert.All(results[MadeUpBench.Sessions..], line => Assert.Matches(SysenterLine(), line));
    }

    [Fact]
    public void Gos_text_of_an_emulator_has_its_configuration_alone_or_is_marked()
    {
        string hidden = GoBenchmarkText.Render(MadeUpBench.Emulated());
        Assert.Contains("verdict: emulated\n", hidden, StringComparison.Ordinal);
        Assert.DoesNotContain("Benchmark", hidden, StringComparison.Ordinal);
        string[] shown = [.. GoBenchmarkText.Render(Shown).Split('\n').Where(line => line.StartsWith("Benchmark", StringComparison.Ordinal))];
        Assert.Equal(2 * MadeUpBench.Sessions, shown.Length);
        Assert.All(shown, line => Assert.Matches("^BenchmarkEnter/profile=bare/mechanism=[a-z0-9]+/emulated 100000 ", line));
    }

    [Fact]
    public void Where_one_of_two_was_emulated_each_has_its_own_verdict()
    {
        BenchReport report = MadeUpBench.Of(
            MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600)),
            MadeUpBench.Result(EntryMechanism.Sysenter, MadeUpBench.Around(90), Verdict.Emulated));
        string[] hidden = GoBenchmarkText.Render(report).Split('\n');
        Assert.Equal("verdict: emulated", hidden[1]);
        int change = Array.IndexOf(hidden, "verdict: hardware");
        Assert.All(hidden[(change + 1)..^1], line => Assert.StartsWith("BenchmarkEnter/profile=bare/mechanism=int80 ", line, StringComparison.Ordinal));
        string[] shown = GoBenchmarkText.Render(report with { ShowEmulated = true }).Split('\n');
        int back = Array.LastIndexOf(shown, "verdict: emulated");
        Assert.Equal(change + MadeUpBench.Sessions + 1, back);
        Assert.All(shown[(back + 1)..^1], line => Assert.StartsWith("BenchmarkEnter/profile=bare/mechanism=sysenter/emulated ", line, StringComparison.Ordinal));
        Assert.All(Google(report).GetProperty("benchmarks").EnumerateArray(), run => Assert.Equal("enter/profile:bare/mechanism:int80", Text(run, "run_name")));
    }

    [Fact]
    public void What_is_left_out_is_told()
    {
        Assert.Equal("", BenchCommand.OmissionsOf(MadeUpBench.OnACpu()));
        Assert.Equal("", BenchCommand.OmissionsOf(Shown));
        Assert.Equal(
            "kvmsys: no figure of int80 on bare, sysenter on bare: emulated. Cure: measure on a CPU, or have it all the same with --show-emulated.\n",
            BenchCommand.OmissionsOf(MadeUpBench.Emulated()));
        Assert.Equal(
            "kvmsys: no time of int80 on bare, sysenter on bare: nothing is left that counts, or KVM does not tell the TSC's rate. Cure: see --json.\n",
            BenchCommand.OmissionsOf(MadeUpBench.Of(
                MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), tscKhz: null),
                MadeUpBench.Result(EntryMechanism.Sysenter, null))));
    }

    private static Dictionary<string, string> Fields(string header, string line)
    {
        string[] names = header.Split(',');
        string[] values = line.Split(',');
        Assert.Equal(names.Length, values.Length);
        return names.Zip(values).ToDictionary(field => field.First, field => field.Second);
    }

    private static JsonElement Google(BenchReport report)
    {
        using JsonDocument document = JsonDocument.Parse(
            JsonSerializer.Serialize(GoogleBenchmarkDocument.Of(report), KvmsysJson.Default.GoogleBenchmarkDocument));
        return document.RootElement.Clone();
    }

    private static string? Text(JsonElement element, string field) => element.GetProperty(field).GetString();

    private static double Number(JsonElement element, string field) => element.GetProperty(field).GetDouble();

    [GeneratedRegex(@"^BenchmarkEnter/profile=bare/mechanism=sysenter 100000 \d+(\.\d+)? ns/op \d+(\.\d+)? cycles/op$")]
    private static partial Regex SysenterLine();
}
