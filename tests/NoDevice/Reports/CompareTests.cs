// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Tests.NoDevice.CommandLine;
using Spectre.Console;

namespace Kvmsys.Tests.NoDevice.Reports;

public sealed class CompareTests
{
    [Fact]
    public void A_bench_is_the_same_as_itself()
    {
        BenchComparison comparison = Compare(MadeUpBench.OnACpu(), MadeUpBench.OnACpu());
        Assert.Equal(["int80 on bare", "sysenter on bare"], comparison.Results.Select(result => result.Name));
        Assert.All(comparison.Results, result => Assert.Equal((Finding.Same, 0, 1), (result.Change.Finding, result.Change.Shift.Value, result.Change.Ratio!.Value)));
        Assert.Empty(comparison.Slower);
        Assert.Empty(comparison.Warnings);
        Assert.Empty(comparison.OnlyInBase.Concat(comparison.OnlyInNew).Concat(comparison.WithoutFigure));
    }

    [Theory]
    [InlineData(620, Finding.Slower, 20)]
    [InlineData(580, Finding.Faster, -20)]
    [InlineData(605, Finding.Same, 5)]
    public void What_became_of_a_cost_is_found(double after, Finding finding, double shift)
    {
        BenchComparison comparison = Compare(MadeUpBench.OnACpu(), MadeUpBench.OnACpu(int80: after));
        MechanismComparison int80 = comparison.Results[0];
        Assert.Equal(finding, int80.Change.Finding);
        Assert.Equal(shift, int80.Change.Shift.Value, 1e-9);
        Assert.Equal((600, after), (int80.Base.Value, int80.New.Value), (one, other) => Math.Abs(one.Item1 - other.Item1) + Math.Abs(one.Item2 - other.Item2) < 1e-9);
        Assert.InRange(int80.Change.Ratio!.Value, (after / 600) - 0.001, (after / 600) + 0.001);
        Assert.Equal(Finding.Same, comparison.Results[1].Change.Finding);
        Assert.Equal(finding == Finding.Slower ? ["int80 on bare"] : [], comparison.Slower.Select(result => result.Name));
    }

    [Fact]
    public void The_thresholds_are_the_users()
    {
        Assert.Equal(Finding.Slower, Compare(MadeUpBench.OnACpu(), MadeUpBench.OnACpu(605), percent: 0.5).Results[0].Change.Finding);
        Assert.Equal(Finding.Same, Compare(MadeUpBench.OnACpu(), MadeUpBench.OnACpu(620), cycles: 30).Results[0].Change.Finding);
    }

    [Fact]
    public void Few_sessions_decide_nothing_and_that_is_said()
    {
        BenchReport before = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600, 3)));
        BenchReport after = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(900, 8)));
        BenchComparison comparison = Compare(before, after);
        Assert.Equal(Finding.Undecided, comparison.Results[0].Change.Finding);
        Assert.Equal((3, 8), (comparison.Results[0].BaseSessions, comparison.Results[0].NewSessions));
        Assert.StartsWith("fewer than 9 sessions (3 and 8): the intervals are coarse. Cure:", Assert.Single(comparison.Warnings), StringComparison.Ordinal);
        BenchReport enough = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600, 9)));
        Assert.Empty(Compare(enough, enough).Warnings);
    }

    [Fact]
    public void What_is_in_one_of_them_or_has_no_figure_is_named()
    {
        MechanismResult int80 = MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600));
        MechanismResult lost = MadeUpBench.Result(EntryMechanism.Vsyscall, null);
        BenchReport before = MadeUpBench.Of(int80, MadeUpBench.Result(EntryMechanism.Vsyscall, MadeUpBench.Around(90)), MadeUpBench.Result(EntryMechanism.CallGate, MadeUpBench.Around(400)));
        BenchReport after = MadeUpBench.Of(int80, MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(700), profile: KernelProfile.Linux26), lost);
        BenchComparison comparison = Compare(before, after);
        Assert.Equal("int80 on bare", Assert.Single(comparison.Results).Name);
        Assert.Equal(["callgate on bare"], comparison.OnlyInBase);
        Assert.Equal(["int80 on linux26"], comparison.OnlyInNew);
        Assert.Equal(["vsyscall on bare"], comparison.WithoutFigure);
        Assert.Equal(2, comparison.Warnings.Count);
        Assert.StartsWith("the plans differ (", comparison.Warnings[0], StringComparison.Ordinal);
        Assert.StartsWith("the new bench is unstable: vsyscall on bare", comparison.Warnings[1], StringComparison.Ordinal);
        string table = Rendered(comparison);
        Assert.Contains("only in the base: callgate on bare", table, StringComparison.Ordinal);
        Assert.Contains("only in the new one: int80 on linux26", table, StringComparison.Ordinal);
        Assert.Contains("without a figure in one of them: vsyscall on bare", table, StringComparison.Ordinal);
        Assert.Contains("warning: the plans differ (", table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bench_that_was_ended_early_is_doubted() =>
        Assert.Equal(
            ["the base bench is incomplete: something ended it early"],
            Compare(MadeUpBench.OnACpu() with { RunsDone = 1 }, MadeUpBench.OnACpu()).Warnings);

    [Theory]
    [InlineData("GenuineIntel", 25, 1, 2)]
    [InlineData("AuthenticAMD", 23, 1, 2)]
    [InlineData("AuthenticAMD", 25, 2, 2)]
    [InlineData("AuthenticAMD", 25, 1, 0)]
    public void Two_CPUs_are_compared_only_when_that_was_wanted(string vendor, int family, int model, int stepping)
    {
        BenchReport report = MadeUpBench.OnACpu();
        BenchReport other = report with { Host = report.Host with { Cpu = new(vendor, "", family, model, stepping, null) } };
        AssertRefused(
            report, other, $"the benches are from different CPUs: AuthenticAMD family 25 model 1 stepping 2, and {vendor} family {family} model {model} stepping {stepping}. Cure:", "--different-hosts");
        Assert.Equal(2, Compare(report, other, differentHosts: true).Results.Count);
    }

    [Fact]
    public void Bare_metal_and_a_virtual_machine_are_compared_only_when_that_was_wanted()
    {
        BenchReport nested = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), Verdict.HardwareNested));
        AssertRefused(MadeUpBench.OnACpu(), nested, "the verdicts on int80 on bare differ: hardware and hardware-nested. Cure:", "--different-hosts");
        Assert.Single(Compare(MadeUpBench.OnACpu(), nested, differentHosts: true).Results);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_CPU_and_an_emulator_are_never_compared(bool differentHosts)
    {
        BenchReport emulated = MadeUpBench.Emulated() with { ShowEmulated = true };
        AssertRefused(MadeUpBench.OnACpu(), emulated, "the verdicts on int80 on bare differ: hardware and emulated. Cure: measure both on a CPU.", "", differentHosts);
        AssertRefused(emulated, MadeUpBench.OnACpu(), "the verdicts on int80 on bare differ: emulated and hardware. Cure: measure both on a CPU.", "", differentHosts);
    }

    [Fact]
    public void What_was_emulated_has_to_have_figures_and_each_finding_says_so()
    {
        BenchReport shown = MadeUpBench.Emulated() with { ShowEmulated = true };
        AssertRefused(MadeUpBench.Emulated(), shown, "int80 on bare was emulated, and a bench has no figure of it. Cure:", "--show-emulated");
        AssertRefused(shown, MadeUpBench.Emulated(), "int80 on bare was emulated, and a bench has no figure of it. Cure:", "--show-emulated");
        AssertRefused(MadeUpBench.Emulated(), MadeUpBench.Emulated(), "int80 on bare was emulated", "--show-emulated");
        BenchComparison comparison = Compare(shown, shown);
        Assert.All(comparison.Results, result => Assert.Equal((Finding.Same, "emulated"), (result.Change.Finding, result.Verdict)));
        Assert.Equal(2, Rendered(comparison).Split("same, emulated").Length - 1);
    }

    [Fact]
    public void Benches_with_nothing_in_common() => AssertRefused(
        MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600))),
        MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Sysenter, MadeUpBench.Around(90))),
        "nothing is in both benches. Cure:",
        "the same mechanisms");

    [Fact]
    public void The_table_has_a_row_per_mechanism()
    {
        string[] rows = Rendered(Compare(MadeUpBench.OnACpu(), MadeUpBench.OnACpu(int80: 620))).Split('\n');
        string[] int80 = Cells(Assert.Single(rows, row => row.Contains("int80", StringComparison.Ordinal)));
        Assert.Equal(["bare", "int80", "600.00", "620.00"], int80[..4]);
        Assert.StartsWith("+20.0", int80[4], StringComparison.Ordinal);
        Assert.Matches(@"^\+19\.9\d* to \+20\.0\d*$", int80[5]);
        Assert.Equal(["1.033", "1.033 to 1.033", "<0.001", "slower"], int80[6..]);
        string[] sysenter = Cells(Assert.Single(rows, row => row.Contains("sysenter", StringComparison.Ordinal)));
        Assert.Equal(("1.000", "same"), (sysenter[6], sysenter[^1]));
        Assert.All(rows, row => Assert.True(row.Length <= 120, row));
    }

    [Fact]
    public void The_JSON_says_what_the_table_says()
    {
        BenchComparison comparison = Compare(MadeUpBench.OnACpu(), MadeUpBench.OnACpu(int80: 620));
        using JsonDocument document = JsonDocument.Parse(JsonSerializer.Serialize(CompareDocument.Of(comparison), KvmsysJson.Default.CompareDocument));
        JsonElement root = document.RootElement;
        Assert.Equal("kvmsys.compare/1", root.GetProperty("schema").GetString());
        Assert.True(root.GetProperty("regression").GetBoolean());
        Assert.Equal((1, 1), (root.GetProperty("thresholdPercent").GetDouble(), root.GetProperty("thresholdCycles").GetDouble()));
        Assert.Equal(comparison.New.Plan.Hash, root.GetProperty("new").GetProperty("planHash").GetString());
        Assert.Equal("AuthenticAMD", root.GetProperty("base").GetProperty("host").GetProperty("cpuVendor").GetString());
        JsonElement int80 = root.GetProperty("results")[0];
        Assert.Equal(("bare", "int80", "hardware", "slower"), (Text("profile"), Text("mechanism"), Text("verdict"), Text("finding")));
        Assert.Equal(20, int80.GetProperty("shift").GetProperty("value").GetDouble(), 1e-9);
        Assert.InRange(int80.GetProperty("shift").GetProperty("low").GetDouble(), 19.8, 20);
        Assert.InRange(int80.GetProperty("ratio").GetProperty("high").GetDouble(), 1.0333, 1.034);
        Assert.InRange(int80.GetProperty("pValue").GetDouble(), 0, 0.001);
        Assert.Equal(6, int80.GetProperty("threshold").GetDouble(), 1e-9);

        string? Text(string field) => int80.GetProperty(field).GetString();
    }

    [Fact]
    public void A_cost_of_nothing_has_no_ratio_and_is_told_all_the_same()
    {
        BenchReport report = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Empty, [.. Enumerable.Repeat(0.0, 10)]));
        BenchComparison comparison = Compare(report, report);
        Assert.Null(comparison.Results[0].Change.Ratio);
        Assert.Contains("same", Rendered(comparison), StringComparison.Ordinal);
        Assert.NotEmpty(JsonSerializer.Serialize(CompareDocument.Of(comparison), KvmsysJson.Default.CompareDocument));
    }

    [Theory]
    [InlineData("--json BASE NEW", ExitCode.Done)]
    [InlineData("BASE SLOW --fail-on-regression", ExitCode.Regression)]
    [InlineData("BASE SLOW", ExitCode.Done)]
    [InlineData("--fail-on-regression BASE NEW", ExitCode.Done)]
    [InlineData("--fail-on-regression SLOW NEW", ExitCode.Done)]
    [InlineData("--fail-on-regression BASE SLOW", ExitCode.Regression)]
    [InlineData("--fail-on-regression --threshold-percent 10 BASE SLOW", ExitCode.Done)]
    [InlineData("--fail-on-regression --threshold-cycles 100 BASE SLOW", ExitCode.Done)]
    public void Only_a_regression_that_was_asked_for_is_a_failure(string arguments, int status)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "BASE"), MadeUpBench.Json(MadeUpBench.OnACpu()));
            File.WriteAllText(Path.Combine(folder, "NEW"), MadeUpBench.Json(MadeUpBench.OnACpu()));
            File.WriteAllText(Path.Combine(folder, "SLOW"), MadeUpBench.Json(MadeUpBench.OnACpu(int80: 620)));
            (int found, string output, string error) = Shell.Run($"cd {folder} && $kvmsys compare {arguments}");
            Assert.Equal(status, found);
            Assert.Contains("int80", output, StringComparison.Ordinal);
            Assert.Equal(
                status == ExitCode.Done ? "" : "kvmsys: regression: int80 on bare became slower. Cure: find what changed; both benches name their host's kernel, microcode and KVM.\n",
                error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static BenchComparison Compare(BenchReport before, BenchReport after, double percent = 1, double cycles = 1, bool differentHosts = false) =>
        CompareCommand.Compare(Read(before), Read(after), percent, cycles, differentHosts);

    /// <summary>As it comes from a file.</summary>
    private static BenchDocument Read(BenchReport report) => BenchFile.Parse(MadeUpBench.Bytes(MadeUpBench.Json(report)), "bench.json");

    private static void AssertRefused(BenchReport before, BenchReport after, string reason, string cure, bool differentHosts = false)
    {
        CommandFailedException refusal = Assert.Throws<CommandFailedException>(() => Compare(before, after, differentHosts: differentHosts));
        Assert.Equal(ExitCode.Usage, refusal.ExitCode);
        Assert.StartsWith(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(cure, refusal.Message, StringComparison.Ordinal);
    }

    private static string Rendered(BenchComparison comparison)
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = 120;
        console.Write(CompareTable.Render(comparison));
        return text.ToString();
    }

    private static string[] Cells(string row) => [.. row.Split('│', StringSplitOptions.TrimEntries)[1..^1]];
}
