// SPDX-License-Identifier: MIT

using System.Text.Json;
using HdrHistogram;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native.Linux;
using Spectre.Console;

namespace Kvmsys.Tests.NoDevice.Monitor;

/// <summary>Single calls, of a program that takes what the test says.</summary>
public sealed class LatencyTests
{
    private const int TscKhz = 3_000_000;
    private const uint CallTicks = 200;

    private static readonly EntryPath Path = new(KernelProfile.Bare, EntryMechanism.Int80);
    private static readonly HostEnvironment Host = new(
        "0.1.0", new HostCpu("AuthenticAMD", "made up", 25, 1, 2, Hypervisor: null), null, "6.12", new KvmBackEnd("kvm_amd", new Dictionary<string, string>()));

    [Fact]
    public void Every_call_is_kept_and_the_longest_is_the_longest()
    {
        LatencyResult result = Measure(new FakeProgram(), calls: 10_000);
        Assert.Equal(157 * Latency.CallsPerRun, result.Ticks.TotalCount);
        Assert.Equal(157, result.Runs);
        Assert.Equal(CallTicks, result.Ticks.GetValueAtPercentile(50));
        Assert.Equal(Verdict.Hardware, result.Proof.Verdict);
        Assert.Equal(0, result.Tail.Count);
        LatencyResult late = Measure(new FakeProgram { Late = _ => [(5, 1_000_000)] }, calls: 64);
        Assert.InRange(late.Ticks.GetMaxValue(), 1_000_000, 1_001_000);
    }

    [Fact]
    public void Two_late_calls_of_a_run_with_one_exit_are_one_with_and_one_without()
    {
        LatencyResult result = Measure(new FakeProgram { Late = run => run is 3 or 30 ? [(5, 2000), (6, 3000)] : [], Exits = run => run is 3 or 30 or 31 ? 2 : 1 }, calls: 64 * 100);
        Assert.Equal((2L, 2L, 0L), (result.Tail.WithExit, result.Tail.WithoutExit, result.Tail.Unknown));
    }

    [Fact]
    public void A_late_call_of_a_run_without_an_exit_is_the_CPUs_own() =>
        Assert.Equal(1, Measure(new FakeProgram { Late = run => run == 50 ? [(0, 5000)] : [] }, calls: 64 * 100).Tail.WithoutExit);

    [Fact]
    public void Where_nothing_is_counted_nothing_is_known_of_the_tail() =>
        Assert.Equal((0L, 0L, 1L), Of(Measure(new FakeProgram { Late = run => run == 50 ? [(0, 5000)] : [], Exits = null }, calls: 64 * 100).Tail));

    [Theory]
    [InlineData(650, 0)]
    [InlineData(750, 1)]
    public void The_tail_begins_500_cycles_behind_the_median(uint ticks, int count) =>
        Assert.Equal(count, Measure(new FakeProgram { Late = run => run == 2 ? [(1, ticks)] : [] }, calls: 64 * 20).Tail.Count);

    [Fact]
    public void What_was_timed_before_the_end_is_there_when_it_comes_early()
    {
        using FakeProgram program = new() { StopsAt = 3 };
        Latency latency = new(Host, Path, program);
        Assert.Throws<GuestStoppedException>(() => latency.Run(1_000_000, TimeSpan.FromSeconds(1)));
        Assert.Equal(2 * Latency.CallsPerRun, latency.Result().Ticks.TotalCount);
    }

    [Fact]
    public void The_table_has_the_percentiles_a_histogram_and_the_tail()
    {
        string text = Render(new FakeProgram { Late = run => run == 50 ? [(0, 5000)] : [] });
        Assert.Matches(@"│ +50 │ +200 │ +200 │ +67 │", text);
        Assert.Matches(@"│ +greatest │ +5,00\d │ +5,00\d │ +1,66\d │", text);
        Assert.Matches(@"128 to 255 ticks +█+ +6,399\n", text);
        Assert.Matches(@"4,096 to 8,191 ticks +█+ +1\n", text);
        Assert.Contains("1 of 6,400 calls took 700 ticks or more, 500 core cycles beyond the median: 0 with a VM exit, 1 without one", text.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_an_emulator_no_time_is_told_unless_it_was_asked_for()
    {
        FakeProgram emulated = new() { MultiplyTicks = 1 };
        Assert.DoesNotContain("200", Render(emulated).Replace("6,400", "", StringComparison.Ordinal).Split("verdict")[0], StringComparison.Ordinal);
        Assert.Contains("no figure is a CPU's", Render(emulated, showEmulated: true).ReplaceLineEndings(" "), StringComparison.Ordinal);
        using JsonDocument hidden = JsonDocument.Parse(Json(emulated, showEmulated: false));
        JsonElement result = hidden.RootElement.GetProperty("results")[0];
        Assert.All(["tscKhz", "tscTicksPerCoreCycle", "tscStepTicks", "tscTicksByPercentile", "callsByTscTicks", "tail"], name => Assert.Equal(JsonValueKind.Null, result.GetProperty(name).ValueKind));
        using JsonDocument shown = JsonDocument.Parse(Json(emulated, showEmulated: true));
        Assert.True(shown.RootElement.GetProperty("results")[0].GetProperty("emulated").GetBoolean());
    }

    [Fact]
    public void JSON_has_every_call_in_its_buckets()
    {
        using JsonDocument json = JsonDocument.Parse(Json(new FakeProgram(), showEmulated: false));
        Assert.Equal("kvmsys.latency/1", json.RootElement.GetProperty("schema").GetString());
        JsonElement result = json.RootElement.GetProperty("results")[0];
        Assert.Equal(6400, result.GetProperty("callsByTscTicks").EnumerateObject().Sum(bucket => bucket.Value.GetInt64()));
        Assert.Equal(200, result.GetProperty("tscTicksByPercentile").GetProperty("99.9").GetInt64());
        Assert.False(result.TryGetProperty("emulated", out _));
    }

    [Theory]
    [InlineData(6400, EntryMechanism.Int80, true)]
    [InlineData(6401, EntryMechanism.Int80, false)]
    [InlineData(6400, EntryMechanism.Sysenter, false)]
    public void What_was_not_done_to_its_end_is_marked(long wanted, EntryMechanism mechanism, bool complete)
    {
        LatencyReport report = Report(new FakeProgram(), showEmulated: false) with { CallsWanted = wanted, Path = Path with { Mechanism = mechanism } };
        Assert.Equal(complete, report.IsComplete);
        Assert.Equal(complete, LatencyDocument.Of(report).Complete);
    }

    private static (long, long, long) Of(LatencyTail tail) => (tail.WithExit, tail.WithoutExit, tail.Unknown);

    private static LatencyResult Measure(FakeProgram program, long calls)
    {
        using (program)
        {
            Latency latency = new(Host, Path, program);
            latency.Run(calls, TimeSpan.FromSeconds(1));
            return latency.Result();
        }
    }

    private static LatencyReport Report(FakeProgram program, bool showEmulated) =>
        new() { Host = Host, Path = Path, CallsWanted = 6400, Results = [Measure(program, calls: 6400)], Placed = default, Seed = 1, ShowEmulated = showEmulated };

    private static string Json(FakeProgram program, bool showEmulated) =>
        JsonSerializer.Serialize(LatencyDocument.Of(Report(program, showEmulated)), KvmsysJson.Default.LatencyDocument);

    private static string Render(FakeProgram program, bool showEmulated = false)
    {
        using StringWriter writer = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), ColorSystem = ColorSystemSupport.NoColors, Ansi = AnsiSupport.No });
        console.Profile.Width = 120;
        console.Write(LatencyTable.Render(Report(program, showEmulated)));
        return string.Join('\n', writer.ToString().Split('\n').Select(line => line.TrimEnd()));
    }

    /// <summary>Runs as they are told: a core cycle is a tick, and a call takes <see cref="CallTicks"/>.</summary>
    private sealed class FakeProgram : IMeasuredProgram
    {
        private static readonly ThreadUsage Usage = new(1, 2, 3, 4);
        private int _run = -1;

        public Func<int, (int Call, uint Ticks)[]> Late { get; init; } = _ => [];

        public Func<int, long>? Exits { get; init; } = _ => 1;

        public uint MultiplyTicks { get; init; } = 3;

        public int StopsAt { get; init; } = int.MaxValue;

        public int? TscKhz => LatencyTests.TscKhz;

        public GrantedPlacement Placed => default;

        public CallRun Run(in CallLoopParameters parameters, TimeSpan timeLimit, CancellationToken cancellation = default)
        {
            _run++;
            if (_run == StopsAt)
            {
                throw new GuestStoppedException("made up", new MachineStop(StopReason.Deadline, 0, null, null, timeLimit, Usage, Usage));
            }

            Assert.Equal((1u, Latency.CallsPerRun, 1u), (parameters.Rounds, parameters.Batches, parameters.AllShort));
            CalibrationTimes times = new()
            {
                AddChainTicks = CalibrationChain.Length + 30,
                MultiplyChainTicks = (MultiplyTicks * CalibrationChain.Length) + 30,
                FloatChainTicks = (4 * CalibrationChain.Length) + 30,
                TimerTicks = 30,
            };
            CallLoopResults results = new() { Before = times, After = times, ReachedPlateau = 1 };
            (int Call, uint Ticks)[] late = Late(_run);
            for (int i = 0; i < parameters.Batches; i++)
            {
                uint ticks = late.Where(call => call.Call == i).Select(call => call.Ticks).FirstOrDefault(CallTicks);
                results.Batches[i] = new() { StartTicks = (ulong)i * 1000, EndTicks = ((ulong)i * 1000) + ticks };
            }

            return new CallRun
            {
                Path = Path,
                CallsInRound = 1,
                Parameters = parameters,
                Results = results,
                Statistics = Exits is null ? null : new StatisticsDelta(new Dictionary<string, long> { ["exits"] = Exits(_run), ["irq_exits"] = 0, ["insn_emulation"] = 0 }),
                Elapsed = TimeSpan.FromMilliseconds(5),
                UsageBefore = Usage,
                UsageAfter = Usage,
            };
        }

        public void Dispose()
        {
        }
    }
}
