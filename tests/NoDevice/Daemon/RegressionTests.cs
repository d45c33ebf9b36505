// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Tests.NoDevice.Statistics;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What has become dearer is told once, with its evidence, and the host's own noise is not.</summary>
public sealed class RegressionTests : IDisposable
{
    private static readonly string[] Kernels = ["6.1.0-1-amd64", "6.1.0-2-amd64"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;
    private readonly SettableClock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_noise_is_what_nineteen_of_twenty_pairs_of_the_same_do_not_exceed()
    {
        double[] costs = [600, 601, 600, 601, 600, 601, 600, 601, 600, 601, 600, 601, 600, 601, 600, 601, 600, 601, 600, 605, 605];
        NoiseFloor noise = NoiseFloor.Of([.. costs.Select((cost, index) => Figure(index + 1, cost))], [])!;
        Assert.Equal(new NoiseFloor(1, 20), noise);
    }

    [Fact]
    public void Where_something_has_changed_between_two_benches_they_are_no_pair()
    {
        HistoryFigure[] figures = [.. Enumerable.Range(0, 24).Select(index => Figure(index + 1, 600 + (index < 12 ? 0 : 50), kernel: Kernels[index / 12]))];
        Assert.Equal(new NoiseFloor(0, 22), NoiseFloor.Of(figures, []));
        HistoryFigure[] sameKernel = [.. figures.Select(figure => figure with { Entry = figure.Entry with { Kernel = Kernels[0] } })];
        Assert.Equal(new NoiseFloor(0, 22), NoiseFloor.Of(sameKernel, [12]));
    }

    [Fact]
    public void With_too_few_pairs_nothing_is_known_and_nothing_is_told()
    {
        Assert.Null(NoiseFloor.Of([.. Enumerable.Range(1, NoiseFloor.FewestPairs).Select(index => Figure(index, 600))], []));
        Assert.NotNull(NoiseFloor.Of([.. Enumerable.Range(1, NoiseFloor.FewestPairs + 1).Select(index => Figure(index, 600))], []));
        Assert.Null(NoiseFloor.Of([], []));
        HistoryFigure[] everyKernelOnce = [.. Series(600, 650).Select(figure => figure with { Entry = figure.Entry with { Kernel = $"6.{figure.Entry.Id}" } })];
        Assert.NotEmpty(HistorySeries.Of(everyKernelOnce).Single().Changes);
        Assert.Empty(RegressionDocument.In(HistorySeries.Of(everyKernelOnce).Single()));
    }

    [Theory]
    [InlineData(600, 650, "slower")]
    [InlineData(650, 600, "faster")]
    public void A_change_above_the_noise_is_found_with_its_evidence(double before, double after, string finding)
    {
        RegressionDocument found = Assert.Single(RegressionDocument.In(HistorySeries.Of(Series(before, after)).Single()));
        Assert.Equal(("int80", "bare", finding, 13L), (found.Mechanism, found.Profile, found.Finding, found.From));
        Assert.Equal((12, 12), (found.BenchesBefore, found.BenchesAfter));
        Assert.InRange(found.Before.Value, before - 3, before + 3);
        Assert.InRange(found.After.Value, after - 3, after + 3);
        Assert.InRange(found.Shift.Value, after - before - 3, after - before + 3);
        Assert.InRange(found.Noise.CoreCycles, 0.5, 8);
        Assert.Equal(Math.Max(found.Noise.CoreCycles, before / 100), found.Threshold, 0.1);
        Assert.Equal(["kernel 6.1.0-1-amd64 -> 6.1.0-2-amd64"], found.AlsoChanged);
    }

    [Fact]
    public void A_change_within_the_noise_is_not_told()
    {
        // Two placements that differ by 18 cycles from one bench to the next; that there are more of one than before is a change of the distribution.
        HistoryFigure[] figures = [.. Enumerable.Range(0, 80).Select(index => Figure(index + 1, 600 + (index % (index < 40 ? 2 : 4) == 0 ? 18 : 0)))];
        HistorySeries series = HistorySeries.Of(figures).Single();
        Assert.Empty(RegressionDocument.In(series));
    }

    [Theory]
    [InlineData("normal")]
    [InlineData("heavy-tailed")]
    [InlineData("bimodal")]
    [InlineData("skewed")]
    public void A_host_on_which_nothing_changes_raises_hardly_any_alarm(string shape)
    {
        const int series = 200;
        Random random = new(20261126);
        int alarms = Enumerable.Range(0, series).Count(_ =>
            RegressionDocument.In(HistorySeries.Of(Noise.Sample(shape, random, 60).Select((cost, index) => Figure(index + 1, cost))).Single()).Any());
        Assert.True(alarms <= series / 100, $"{alarms.ToString(CultureInfo.InvariantCulture)} of {series}");
    }

    [Fact]
    public void Figures_that_are_no_CPUs_raise_no_alarm() =>
        Assert.Empty(RegressionDocument.In(HistorySeries.Of(Series(600, 650).Select(figure => figure with { Verdict = "emulated" })).Single()));

    [Fact]
    public void Figures_that_are_not_to_be_trusted_are_not_looked_at()
    {
        HistoryFigure[] figures = [.. Series(600, 600).Select(figure => figure.Entry.Id > 12 ? figure with { Stable = false, Cost = new Estimate(900, 900, 900, 1) } : figure)];
        Assert.Empty(RegressionDocument.In(HistorySeries.Of(figures).Single()));
    }

    [Fact]
    public void A_regression_is_told_once_however_many_benches_follow_and_over_a_restart()
    {
        List<JobEvent> told = [];
        using (JobStore jobs = JobStore.Open(_folder, _clock))
        {
            told.AddRange(Add(jobs, Series(600, 650)));
            JobEvent found = Assert.Single(told);
            Assert.Equal((EventKinds.Regression, 13L), (found.Kind, found.Job));
            Assert.StartsWith("int80 on bare: 6", found.Text, StringComparison.Ordinal);
            Assert.Contains("kernel 6.1.0-1-amd64 -> 6.1.0-2-amd64", found.Text, StringComparison.Ordinal);
            Assert.Contains(jobs.EventsAfter(0, 1000), happened => happened.Id == found.Id);
        }

        using JobStore again = JobStore.Open(_folder, _clock);
        told.AddRange(Add(again, Series(650, 650)));
        Assert.Single(told);
        RegressionStore regressions = new(again, _clock);
        FoundRegression kept = Assert.Single(regressions.List(null, 10));
        Assert.Equal((told[0].Id, _clock.Now, "slower"), (kept.Id, kept.At, kept.Regression.Finding));
        Assert.Equal(kept.Id, regressions.Find(kept.Id)!.Id);
        Assert.Null(regressions.Find(kept.Id + 1));
        Assert.Empty(regressions.List(kept.Id, 10));
    }

    [Fact]
    public void What_comes_back_later_is_told_again()
    {
        using JobStore jobs = JobStore.Open(_folder, _clock);
        List<JobEvent> told = [.. Add(jobs, Series(600, 650)), .. Add(jobs, Series(600, 650)), .. Add(jobs, Series(650, 650))];
        Assert.Equal([EventKinds.Regression, EventKinds.Improvement, EventKinds.Regression], told.Select(found => found.Kind));
    }

    [Fact]
    public void Another_plan_is_another_series()
    {
        using JobStore jobs = JobStore.Open(_folder, _clock);
        Assert.Empty(Add(jobs, Series(600, 600)));
        Assert.Empty(Add(jobs, [.. Series(650, 650).Select(figure => figure with { Entry = figure.Entry with { PlanHash = "another" } })]));
    }

    [Fact]
    public void A_plan_that_is_rare_has_a_window_of_its_own()
    {
        using JobStore jobs = JobStore.Open(_folder, _clock);
        List<JobEvent> told = [];
        foreach (HistoryFigure nightly in Series(600, 650))
        {
            HistoryFigure hourly = nightly with { Cost = new Estimate(700, 699, 701, 0.95), Entry = nightly.Entry with { PlanHash = "another" } };
            told.AddRange(Add(jobs, [.. Enumerable.Repeat(hourly, 24), nightly]));
        }

        Assert.Equal(EventKinds.Regression, Assert.Single(told).Kind);
    }

    [Fact]
    public void A_series_is_in_the_order_in_which_its_benches_were_made_whatever_their_numbers()
    {
        using JobStore jobs = JobStore.Open(_folder, _clock);
        HistoryFigure figure = Figure(1, 600);
        for (int i = 0; i < 2; i++)
        {
            jobs.Submit(new JobRequest { Kind = JobKind.Bench, Priority = i }, "tester", null, 60, 1, 1000);
        }

        foreach (double cost in (double[])[1, 2])
        {
            (Job job, int attempt) = jobs.TakeNext()!.Value;
            HistoryEntry entry = figure.Entry with { Time = DateTimeOffset.UnixEpoch.AddHours(cost) };
            jobs.Finish(job.Id, attempt, new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), entry, [figure with { Cost = new Estimate(cost, cost, cost, 0.95) }]);
        }

        Assert.Equal([(2L, 1.0), (1L, 2.0)], jobs.SeriesOf(figure, 10).Select(point => (point.Entry.Id, point.Cost.Value)));
        Assert.Equal([1.0, 2.0], jobs.Figures(null, null, 10).Select(point => point.Cost.Value));
    }

    /// <summary>Makes a bench of each figure, and looks for regressions after each, as the daemon does.</summary>
    private List<JobEvent> Add(JobStore jobs, IEnumerable<HistoryFigure> figures)
    {
        RegressionStore regressions = new(jobs, _clock);
        List<JobEvent> told = [];
        jobs.Happened += Collect;
        foreach (HistoryFigure figure in figures)
        {
            jobs.Submit(new JobRequest { Kind = JobKind.Bench }, "tester", null, 60, 1, 1000);
            (Job job, int attempt) = jobs.TakeNext()!.Value;
            HistoryEntry entry = figure.Entry with { Id = job.Id, Time = DateTimeOffset.UnixEpoch.AddHours(job.Id) };
            jobs.Finish(job.Id, attempt, new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), entry, [figure]);
            regressions.LookFor([figure with { Entry = entry }]);
        }

        jobs.Happened -= Collect;
        return told;

        void Collect(JobEvent happened)
        {
            if (happened.Kind is EventKinds.Regression or EventKinds.Improvement)
            {
                told.Add(happened);
            }
        }
    }

    /// <summary>12 benches at one level and 12 at another, with noise; the kernel is another one from the second level on.</summary>
    private static HistoryFigure[] Series(double before, double after)
    {
        double[] noise = [.. Noise.Sample("normal", new Random(26), 24).Select(cost => cost - Noise.Cost)];
        return [.. noise.Select((deviation, index) => Figure(index + 1, (index < 12 ? before : after) + deviation, Kernels[before == after ? 1 : index / 12]))];
    }

    private static HistoryFigure Figure(long id, double cost, string? kernel = null) => new(
        new HistoryEntry
        {
            Id = id,
            Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddHours(id),
            CpuBrand = "AMD EPYC 7003, made up",
            CpuSignature = "AuthenticAMD 25/1/2",
            Microcode = "0xa0011d5",
            Kernel = kernel ?? Kernels[0],
            Version = "0.1.0",
            Verdict = "hardware",
            PlanHash = "0123456789abcdef",
            Mechanisms = 1,
            Complete = true,
            Stable = true,
        },
        "bare",
        "int80",
        "hardware",
        Stable: true,
        new Estimate(cost, cost - 0.1, cost + 0.1, 0.95));
}
