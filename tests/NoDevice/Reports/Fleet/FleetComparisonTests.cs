// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Statistics;
using static Kvmsys.Tests.NoDevice.Reports.Fleet.MadeUpFleet;

namespace Kvmsys.Tests.NoDevice.Reports.Fleet;

/// <summary>What many hosts' benches come to, against values that were computed by hand.</summary>
public sealed class FleetComparisonTests
{
    private const string Int80 = "int80 on bare";

    // Of ten values, from the second to the ninth: outside are 2 * (1 + 10) of 1024 ways to be above or below the median.
    private const double CoverageOfTen = 1 - (22 / 1024.0);

    [Fact]
    public void One_bench_has_its_own_figures()
    {
        FleetComparison comparison = Compare(Bench());
        FleetRow row = Assert.Single(comparison.Mechanisms[0].Rows);
        Assert.Equal((1, 1, 1), (comparison.Cpus.Count, row.Hosts, row.Results.Count));
        AssertEstimate(600, 599.965, 600.035, CoverageOfTen, row.CoreCycles!.Estimate);
        AssertEstimate(150, 149.99125, 150.00875, CoverageOfTen, row.Ns!.Estimate);
        AssertEstimate(450, 449.97375, 450.02625, CoverageOfTen, row.TscTicks!.Estimate);
        Assert.Equal((FleetInterval.Sessions, 1.0, 1.0), (row.CoreCycles.Interval, row.Ratio!.Value, row.Ratio.Low));
        Assert.Empty(comparison.Warnings);
        Assert.Equal("AMD EPYC 7763", comparison.Base.Name);
    }

    [Fact]
    public void Of_a_few_benches_the_interval_is_what_all_of_theirs_cover()
    {
        FleetRow row = Compare(Bench(int80: 610), Bench(int80: 600), Bench(int80: 640)).Row(Int80, "AMD EPYC 7763");
        AssertEstimate(610, 599.965, 640.035, CoverageOfTen, row.CoreCycles!.Estimate);
        Assert.Equal((FleetInterval.Hull, 3, 3), (row.CoreCycles.Interval, row.CoreCycles.Benches, row.Hosts));
    }

    [Fact]
    public void Of_enough_benches_it_is_the_interval_of_their_medians()
    {
        // Of nine, from the second to the eighth: outside are 2 * (1 + 9) of 512.
        double[] medians = [600, 601, 602, 603, 604, 605, 606, 607, 620];
        FleetRow row = Compare([.. medians.Select(median => Bench(int80: median))]).Row(Int80, "AMD EPYC 7763");
        AssertEstimate(604, 601, 607, 1 - (20 / 512.0), row.CoreCycles!.Estimate);
        Assert.Equal((FleetInterval.Benches, 9), (row.CoreCycles.Interval, row.CoreCycles.Benches));

        FleetRow six = Compare([.. medians.Take(6).Select(median => Bench(int80: median))]).Row(Int80, "AMD EPYC 7763");
        AssertEstimate(602.5, 600, 605, 1 - (2 / 64.0), six.CoreCycles!.Estimate);
    }

    [Fact]
    public void A_files_own_estimates_are_not_believed()
    {
        BenchDocument bench = Bench();
        MechanismDocument int80 = bench.Results[0];
        BenchDocument lying = bench with { Results = [int80 with { CoreCycles = int80.CoreCycles! with { Value = 1, Low = 1, High = 1 } }] };
        AssertEstimate(600, 599.965, 600.035, CoverageOfTen, Compare(lying).Mechanisms[0].Rows[0].CoreCycles!.Estimate);
    }

    [Fact]
    public void A_ratios_interval_is_of_the_intervals_furthest_ends()
    {
        FleetComparison comparison = Compare(Bench(), Bench(Xeon, int80: 300, sysenter: 180));
        AssertEstimate(0.5, 299.965 / 600.035, 300.035 / 599.965, (2 * CoverageOfTen) - 1, comparison.Row(Int80, "Intel Xeon Platinum 8375C").Ratio!);
        AssertEstimate(2, 179.965 / 90.035, 180.035 / 89.965, (2 * CoverageOfTen) - 1, comparison.Row("sysenter on bare", "Intel Xeon Platinum 8375C").Ratio!);
        AssertEstimate(1, 1, 1, 1, comparison.Row(Int80, "AMD EPYC 7763").Ratio!);
    }

    [Theory]
    [InlineData("xeon", "Intel Xeon Platinum 8375C")]
    [InlineData("GenuineIntel", "Intel Xeon Platinum 8375C")]
    [InlineData("2.90GHz", "Intel Xeon Platinum 8375C")]
    [InlineData("b", "Intel Xeon Platinum 8375C")]
    [InlineData("AMD EPYC 7763", "AMD EPYC 7763")]
    public void The_base_is_named_by_a_part_of_its_name_or_by_a_host(string text, string name)
    {
        (string, BenchDocument)[] benches = Named(Bench(), Bench(Xeon, int80: 300), Bench("AMD EPYC 7763X"));
        Assert.Null(FleetComparison.ObjectionTo(benches, text));
        FleetComparison comparison = FleetComparison.Of(benches, text);
        Assert.Equal(name, comparison.Base.Name);
        Assert.Equal(1, comparison.Row(Int80, name).Ratio!.Value);
    }

    [Fact]
    public void A_base_that_is_no_CPU_or_several_is_refused_with_the_names()
    {
        (string, BenchDocument)[] benches = Named(Bench(), Bench(Xeon));
        Assert.Equal(("\\x1bPentium is in no CPU's name, nor any host's", "a part of one of these: AMD EPYC 7763; Intel Xeon Platinum 8375C"), FleetComparison.ObjectionTo(benches, "\u001bPentium"));
        Assert.Equal(("7 is in the names of 2 CPUs", "more of one of these: AMD EPYC 7763; Intel Xeon Platinum 8375C"), FleetComparison.ObjectionTo(benches, "7"));
        Assert.Equal(("there is no bench", "name at least one"), FleetComparison.ObjectionTo([]));
        Assert.Throws<ArgumentException>(() => FleetComparison.Of(benches, "Pentium"));
    }

    [Fact]
    public void Models_of_one_brand_are_told_apart_by_what_differs()
    {
        FleetComparison comparison = Compare(
            Bench().With(microcode: "0x1", kernel: "6.1.0"),
            Bench().With(microcode: "0x2", kernel: "6.1.0"),
            Bench(Xeon).With(kernel: "6.12.0", meltdown: "Not affected"),
            Bench(Xeon).With(kernel: "6.12.0", meltdown: "Mitigation: PTI"),
            Bench(Xeon).With(kernel: "6.12.0", meltdown: "Mitigation: PTI", coreType: "atom"));
        Assert.Equal(
            [
                "AMD EPYC 7763, microcode 0x1", "AMD EPYC 7763, microcode 0x2",
                "Intel Xeon Platinum 8375C, core type unknown, mitigations 1", "Intel Xeon Platinum 8375C, core type unknown, mitigations 2",
                "Intel Xeon Platinum 8375C, core type atom, mitigations 2",
            ],
            comparison.Cpus.Select(cpu => cpu.Name));
        Assert.Equal(
            ["Intel Xeon Platinum 8375C, mitigations 1: meltdown: Not affected", "Intel Xeon Platinum 8375C, mitigations 2: meltdown: Mitigation: PTI"],
            comparison.Notes);
        Assert.Equal(5, comparison.Mechanisms[0].Rows.Count);
    }

    [Fact]
    public void Two_models_never_have_one_name()
    {
        FleetComparison comparison = Compare(
            Bench("X, microcode 0x1"), Bench("X").With(microcode: "0x1"), Bench("X").With(microcode: "0x2"), Bench("X").With(microcode: $"{new string('0', 300)}1"), Bench("X").With(microcode: $"{new string('0', 300)}2"));
        Assert.Equal(5, comparison.Cpus.Select(cpu => cpu.Name).Distinct().Count());
        Assert.Equal("X, microcode 0x1 (2)", comparison.Cpus[1].Name);
    }

    [Fact]
    public void A_CPU_without_a_brand_is_called_by_its_numbers() => Assert.Equal("AuthenticAMD 25/1/2", Compare(Bench("")).Base.Name);

    [Fact]
    public void Hosts_of_one_model_that_differ_beyond_their_intervals_are_told()
    {
        FleetComparison comparison = Compare(Bench(int80: 600), Bench(int80: 603), Bench(int80: 640));
        FleetRow row = comparison.Row(Int80, "AMD EPYC 7763");
        Assert.Equal(("a", "c"), (row.Disagreement!.LowHost, row.Disagreement.HighHost));
        AssertEstimate(600, 599.965, 600.035, CoverageOfTen, row.Disagreement.Low);
        AssertEstimate(640, 639.965, 640.035, CoverageOfTen, row.Disagreement.High);
        Assert.StartsWith(
            "hosts of AMD EPYC 7763 disagree on int80 on bare, a 600.00 (599.97 to 600.03) and c 640.00 (639.97 to 640.03) core cycles. Cure:",
            Assert.Single(comparison.Warnings),
            StringComparison.Ordinal);
        Assert.Equal("603 !", FleetColumns.Of(row)[FleetColumns.Cost]);
    }

    [Fact]
    public void Of_many_mechanisms_on_which_they_differ_a_few_are_told()
    {
        EntryMechanism[] mechanisms = [EntryMechanism.Int80, EntryMechanism.Sysenter, EntryMechanism.Syscall, EntryMechanism.CallGate, EntryMechanism.Cpuid];
        FleetComparison comparison = Compare([.. new[] { 600.0, 700 }.Select(cycles => On(Epyc, [.. mechanisms.Select(mechanism => MadeUpBench.Result(mechanism, MadeUpBench.Around(cycles)))]))]);
        Assert.Contains("; syscall on bare, a 600.00 (599.97 to 600.03) and b 700.00 (699.97 to 700.03) core cycles; and on 2 more. Cure:", Assert.Single(comparison.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(606.1, true)]
    [InlineData(605.9, false)]
    public void A_difference_of_one_per_cent_does_not_matter(double other, bool matters) =>
        Assert.Equal(matters, Compare(Bench(int80: 600), Bench(int80: other)).Row(Int80, "AMD EPYC 7763").Disagreement is not null);

    [Fact]
    public void Neither_a_cycle_matters_nor_what_a_single_session_says()
    {
        Assert.Null(Compare(Bench(sysenter: 5), Bench(sysenter: 5.9)).Row("sysenter on bare", "AMD EPYC 7763").Disagreement);
        BenchDocument[] single = [.. new[] { 600.0, 900 }.Select(cycles => On(Epyc, MadeUpBench.Result(EntryMechanism.Int80, [cycles])))];
        FleetRow row = Compare(single).Row(Int80, "AMD EPYC 7763");
        Assert.Null(row.Disagreement);
        AssertEstimate(750, 600, 900, 0, row.CoreCycles!.Estimate);
        Assert.Equal("", FleetColumns.Of(row)[FleetColumns.Cost + 1]);
    }

    [Fact]
    public void A_host_with_several_benches_is_one_host()
    {
        FleetComparison comparison = FleetComparison.Of([("a", Bench(int80: 600)), ("a", Bench(int80: 650)), ("b", Bench(int80: 625))]);
        FleetRow row = comparison.Row(Int80, "AMD EPYC 7763");
        Assert.Equal((2, 3, 625), (row.Hosts, row.CoreCycles!.Benches, row.CoreCycles.Estimate.Value));
        Assert.Null(row.Disagreement);
        Assert.Equal([1, 2, 1], comparison.Benches.Select(bench => bench.Number));
    }

    [Fact]
    public void Bare_metal_a_virtual_machine_and_an_emulator_are_never_put_together()
    {
        FleetComparison comparison = Compare(
            Bench(int80: 9000, verdict: Verdict.Emulated), Bench(int80: 610, verdict: Verdict.HardwareNested), Bench(int80: 600), Bench(Xeon, int80: 300));
        Assert.Equal(
            ["AMD EPYC 7763", "AMD EPYC 7763, hardware-nested", "AMD EPYC 7763, emulated", "Intel Xeon Platinum 8375C"],
            comparison.Mechanisms[0].Rows.Select(row => row.Name));
        Assert.Equal([600.0, 610, null, 300], comparison.Mechanisms[0].Rows.Select(row => row.CoreCycles?.Estimate.Value));
        Assert.Equal([1.0, 610.0 / 600, null, 0.5], comparison.Mechanisms[0].Rows.Select(row => row.Ratio?.Value));
        Assert.Equal(["1", "1", "emulated", "", "", "", ""], FleetColumns.Of(comparison.Mechanisms[0].Rows[2]));
    }

    [Fact]
    public void What_an_emulator_costs_is_shown_only_on_demand_and_is_no_ratio()
    {
        (string, BenchDocument)[] benches = Named(Bench("QEMU", int80: 9000, verdict: Verdict.Emulated), Bench("QEMU", int80: 12000, verdict: Verdict.Emulated), Bench());
        FleetComparison hidden = FleetComparison.Of(benches);
        Assert.Null(hidden.Row(Int80, "QEMU, emulated").CoreCycles);
        Assert.All(hidden.Benches.Take(2), bench => Assert.All(bench.Bench.Results, result => Assert.Null(result.CoreCycles)));
        FleetComparison shown = FleetComparison.Of(benches, showEmulated: true);
        FleetRow row = shown.Row(Int80, "QEMU, emulated");
        Assert.Equal(10500, row.CoreCycles!.Estimate.Value, 1e-9);
        Assert.Null(row.Ratio);
        Assert.Null(row.Disagreement);
        Assert.Null(shown.Row(Int80, "AMD EPYC 7763").Ratio);
        Assert.Contains(" emulated", FleetColumns.Of(row)[FleetColumns.Cost], StringComparison.Ordinal);
        Assert.Contains(shown.Warnings, warning => warning.StartsWith("no ratio to QEMU, which has no figure of int80 on bare, sysenter on bare. Cure: another --base", StringComparison.Ordinal));
    }

    [Fact]
    public void No_mechanism_in_common_is_told()
    {
        FleetComparison comparison = Compare(
            On(Epyc, MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600))),
            On(Xeon, MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), profile: KernelProfile.Linux26)));
        Assert.Equal([Int80, "int80 on linux26"], comparison.Mechanisms.Select(mechanism => mechanism.Name));
        Assert.Contains(comparison.Warnings, warning => warning.StartsWith("no two CPUs have a mechanism in common. Cure:", StringComparison.Ordinal));
        Assert.Contains(comparison.Warnings, warning => warning.StartsWith("no ratio to AMD EPYC 7763, which has no figure of int80 on linux26", StringComparison.Ordinal));
        Assert.Contains(comparison.Warnings, warning => warning.StartsWith("the plans differ (", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_unstable_counts_only_where_nothing_is_stable()
    {
        BenchDocument unstable = Bench(int80: 800);
        unstable = unstable with { Results = [.. unstable.Results.Select(result => result with { Stable = false })] };
        FleetComparison comparison = Compare(Bench(), unstable);
        FleetRow row = comparison.Row(Int80, "AMD EPYC 7763");
        Assert.Equal((600, 2, 1, true), (row.CoreCycles!.Estimate.Value, row.Results.Count, row.Counted.Count, row.Stable));
        Assert.StartsWith("unstable, and left out where another bench of the same CPU is stable: b (int80 on bare, sysenter on bare). Cure:", Assert.Single(comparison.Warnings), StringComparison.Ordinal);
        FleetRow alone = Compare(unstable).Row(Int80, "AMD EPYC 7763");
        Assert.False(alone.Stable);
        Assert.Equal("800.00 unstable", FleetColumns.Of(alone)[FleetColumns.Cost]);
    }

    [Fact]
    public void What_is_missing_or_strange_is_told()
    {
        BenchDocument bench = Bench();
        FleetComparison comparison = FleetComparison.Of(
            [("a", bench), ("b", bench), ("c", Bench() with { Complete = false }), ("c", Bench(Xeon)), ("d", On(Epyc, MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), tscKhz: null), MadeUpBench.Result(EntryMechanism.Sysenter, null)))]);
        Assert.Contains("incomplete, something ended it early: c", comparison.Warnings);
        Assert.Contains("one bench is there 2 times, and counts as often: a, b. Cure: name each once", comparison.Warnings);
        Assert.Contains("the host c has benches of 2 CPUs: AuthenticAMD 25/1/2, GenuineIntel 6/106/2. Cure: give each host a name of its own, HOST=FILE", comparison.Warnings);
        FleetRow row = comparison.Row(Int80, "AMD EPYC 7763");
        Assert.Equal((4, 3), (row.CoreCycles!.Benches, row.Ns!.Benches));
        Assert.Equal(["1", "1", "unknown", "", "", "", ""], FleetColumns.Of(Compare(On(Epyc, MadeUpBench.Result(EntryMechanism.Vsyscall, null))).Mechanisms[0].Rows[0]));
    }

    [Fact]
    public void A_cost_that_may_be_nothing_has_no_ratio()
    {
        BenchDocument[] benches = [.. new[] { Epyc, Xeon }.Select(brand => On(brand, MadeUpBench.Result(EntryMechanism.Empty, MadeUpBench.Around(0.01))))];
        FleetComparison comparison = Compare(benches);
        Assert.Equal([1.0, null], comparison.Mechanisms[0].Rows.Select(row => row.Ratio?.Value));
    }

    [Fact]
    public void Five_hundred_benches_are_compared_and_written()
    {
        (string, BenchDocument)[] benches =
            [.. Enumerable.Range(0, 500).Select(index => ($"host{index}", Bench($"Made-up CPU {index % 60}", int80: 600 + (index % 60) + (index / 60 * 0.01))))];
        FleetComparison comparison = FleetComparison.Of(benches);
        Assert.Equal((500, 60, 2), (comparison.Benches.Count, comparison.Cpus.Count, comparison.Mechanisms.Count));
        Assert.All(comparison.Mechanisms[0].Rows, row => Assert.InRange(row.Hosts, 8, 9));
        Assert.Equal(501, FleetCsv.Render(comparison).Split("\r\n").Count(line => line.Contains("int80", StringComparison.Ordinal) || line.StartsWith("host,", StringComparison.Ordinal)));
        Assert.Contains("The first 40 of 60; all are in the table.", Kvmsys.Monitor.Reports.Html.FleetPage.Render(comparison), StringComparison.Ordinal);
    }

    private static void AssertEstimate(double value, double low, double high, double coverage, Estimate estimate)
    {
        double[] expected = [value, low, high, coverage];
        double[] found = [estimate.Value, estimate.Low, estimate.High, estimate.Coverage];
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }
}
