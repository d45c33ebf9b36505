// SPDX-License-Identifier: MIT

using System.Diagnostics.Metrics;
using System.Globalization;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Metrics;

/// <summary>The daemon's metrics as instruments of .NET. A label's value is a word that this code knows, whatever a document or a caller says.</summary>
internal sealed class DaemonMetrics : IDisposable
{
    private const string NoRoute = "none";

    private static readonly double[] DurationBounds = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600];
    private static readonly string[] Verdicts = [.. Enum.GetValues<Verdict>().Select(Spelling.Of)];
    private static readonly HashSet<string> Profiles = [.. Enum.GetValues<KernelProfile>().Select(Spelling.Of)];
    private static readonly HashSet<string> Mechanisms =
    [
        .. from mechanism in Enum.GetValues<EntryMechanism>()
           from mitigation in Enum.GetValues<Mitigation>()
           select Spelling.Of(mechanism, mitigation),
    ];

    private static int _made;

    private readonly TimeProvider _time;
    private readonly bool _isFarms;
    private readonly Meter _meter;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _durations;
    private readonly Counter<long> _pairs;
    private readonly Counter<long> _discardedPairs;
    private readonly Counter<long> _discards;
    private readonly Counter<long> _exits;
    private readonly Counter<long> _emulated;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _dead;
    private readonly Dictionary<string, Counter<long>> _ofEvents;

    // An exporter goes on with a series that is not there any more: it is told that there is no number.
    private readonly HashSet<(string Mechanism, string Profile, string Verdict)> _shown = [];
    private MetricsReading? _reading;

    /// <summary>The metrics of a daemon.</summary>
    /// <param name="host">Has the version.</param>
    /// <param name="time">The clock.</param>
    /// <param name="role">Whether it is a farm's controller, which has some more.</param>
    public DaemonMetrics(HostEnvironment host, TimeProvider time, DaemonRole role)
    {
        (_time, _isFarms) = (time, role == DaemonRole.Controller);
        Name = string.Create(CultureInfo.InvariantCulture, $"kvmsys.daemon.{Interlocked.Increment(ref _made)}");
        _meter = new Meter(Name);
        Gauge(DaemonMetric.BuildInfo, _ => [new(1, Label("version", host.Version))]);
        Gauge(DaemonMetric.StartTime, reading => [new(reading.Started.ToUnixTimeMilliseconds() / 1e3)]);
        Gauge(DaemonMetric.Jobs, reading => Enum.GetValues<JobState>().Select(state => new Measurement<double>(reading.Jobs.GetValueOrDefault(state), Label("state", JobWords.Of(state)))));
        Gauge(DaemonMetric.OldestWaiting, reading => [new(AgeOf(reading.OldestQueued))]);
        Gauge(DaemonMetric.Cordoned, reading => [new(reading.Cordoned ? 1 : 0)]);
        Gauge(DaemonMetric.WaitsForRoom, reading => [new(reading.WaitsForRoom ? 1 : 0)]);
        Gauge(DaemonMetric.SetAside, reading => [new(reading.SetAside ? 1 : 0)]);
        Gauge(DaemonMetric.BenchVerdict, reading => Known(reading.Latest).SelectMany(result => Verdicts.Select(verdict =>
            new Measurement<double>(result.Verdict == verdict ? 1 : 0, LabelsOf(result.Mechanism, result.Profile, verdict)))));
        Gauge(DaemonMetric.Median, Medians);
        FarmGauge(DaemonMetric.FarmHosts, farm => farm.Hosts.Select(state => new Measurement<double>(state.Value, Label("state", state.Key))));
        FarmGauge(DaemonMetric.BrokerConnected, farm => [new(farm.IsConnected ? 1 : 0)]);
        FarmGauge(DaemonMetric.Outbox, farm => [new(farm.Outbox)]);
        FarmGauge(DaemonMetric.OutboxAge, farm => [new(AgeOf(farm.OldestInOutbox))]);
        _attempts = Counter(DaemonMetric.Attempts);
        _durations = _meter.CreateHistogram(
            DaemonMetric.AttemptDuration.Name, unit: null, DaemonMetric.AttemptDuration.Meaning, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationBounds });
        _pairs = Counter(DaemonMetric.Pairs);
        _discardedPairs = Counter(DaemonMetric.DiscardedPairs);
        _discards = Counter(DaemonMetric.Discards);
        _exits = Counter(DaemonMetric.Exits);
        _emulated = Counter(DaemonMetric.Emulated);
        _requests = Counter(DaemonMetric.Requests);
        _dead = Counter(DaemonMetric.DeadJobs);
        _ofEvents = new()
        {
            [EventKinds.JobPublishedAgain] = Counter(DaemonMetric.PublishedAgain),
            [EventKinds.ResultSetAside] = Counter(DaemonMetric.ResultsAside),
            [EventKinds.ResultSuperseded] = Counter(DaemonMetric.ResultsSuperseded),
        };
    }

    /// <summary>The meter's name: of a daemon its own, where a process has several.</summary>
    public string Name { get; }

    /// <summary>Begins to count. A counter that is there from the start on has grown when it is first more than 0.</summary>
    public void Begin()
    {
        foreach (JobKind kind in Enum.GetValues<JobKind>())
        {
            foreach (AttemptOutcome outcome in Enum.GetValues<AttemptOutcome>())
            {
                Count(_attempts, 0, Label("kind", JobWords.Of(kind)), Label("outcome", JobWords.Of(outcome)));
            }
        }

        foreach (GateReason reason in Enum.GetValues<GateReason>().Where(reason => reason != GateReason.None))
        {
            Count(_discards, 0, Label("reason", Spelling.Of(reason)));
        }

        _pairs.Add(0);
        _discardedPairs.Add(0);
        CountExits(0, 0);
        _emulated.Add(0);
        foreach (Counter<long> counter in _isFarms ? [_dead, .. _ofEvents.Values] : Array.Empty<Counter<long>>())
        {
            counter.Add(0);
        }
    }

    /// <summary>Has the gauges say what was read.</summary>
    public void Take(MetricsReading reading) => _reading = reading;

    /// <summary>Counts an attempt that has ended.</summary>
    public void Ended(JobKind kind, AttemptOutcome outcome) => Count(_attempts, 1, Label("kind", JobWords.Of(kind)), Label("outcome", JobWords.Of(outcome)));

    /// <summary>Counts what an attempt's process has done.</summary>
    /// <param name="kind">The job's kind.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="bench">What it has measured; null for no bench.</param>
    public void Measured(JobKind kind, TimeSpan elapsed, BenchDocument? bench)
    {
        _durations.Record(elapsed.TotalSeconds, Label("kind", JobWords.Of(kind)));
        foreach (MechanismDocument result in bench?.Results ?? [])
        {
            Count(_pairs, result.Pairs);
            Count(_discardedPairs, result.DiscardedPairs);
            foreach ((string reason, int pairs) in result.DiscardReasons)
            {
                if (Spelling.GateReasonOf(reason) is not null)
                {
                    Count(_discards, pairs, Label("reason", reason));
                }
            }

            CountExits(result.IrqExits ?? 0, (result.Exits ?? 0) - (result.IrqExits ?? 0));
            Count(_emulated, result.EmulatedInstructions ?? 0);
        }
    }

    /// <summary>Counts what has happened in a farm.</summary>
    public void Happened(JobEvent happened)
    {
        if (_ofEvents.TryGetValue(happened.Kind, out Counter<long>? counter))
        {
            counter.Add(1);
        }
    }

    /// <summary>Counts a job of which no host has told the end.</summary>
    public void Died() => _dead.Add(1);

    /// <summary>Counts a request.</summary>
    /// <param name="route">Its route; null where there is none for it.</param>
    /// <param name="status">The answer's status.</param>
    public void Answered(ApiRoute? route, int status) => Count(
        _requests,
        1,
        Label("method", route?.Method ?? NoRoute),
        Label("route", route?.Pattern ?? NoRoute),
        Label("status", status.ToString(CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<ResultVerdict> Known(IEnumerable<ResultVerdict> results) =>
        results.Where(result => Mechanisms.Contains(result.Mechanism) && Profiles.Contains(result.Profile) && Verdicts.Contains(result.Verdict));

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);

    private static KeyValuePair<string, object?>[] LabelsOf(string mechanism, string profile, string verdict) =>
        [Label("mechanism", mechanism), Label("profile", profile), Label("verdict", verdict)];

    /// <summary>A document may say anything, and a counter never becomes less.</summary>
    private static void Count(Counter<long> counter, long value, params ReadOnlySpan<KeyValuePair<string, object?>> labels) => counter.Add(Math.Max(0, value), labels);

    private void CountExits(long irq, long other)
    {
        Count(_exits, irq, Label("kind", "irq"));
        Count(_exits, other, Label("kind", "other"));
    }

    private IEnumerable<Measurement<double>> Medians(MetricsReading reading)
    {
        Dictionary<(string Mechanism, string Profile, string Verdict), double> medians = Known(reading.Latest).Where(result => result.CoreCycles is not null)
            .ToDictionary(result => (result.Mechanism, result.Profile, result.Verdict), result => result.CoreCycles!.Value);
        _shown.UnionWith(medians.Keys);
        return _shown.Select(series => new Measurement<double>(
            medians.TryGetValue(series, out double median) ? median : double.NaN, LabelsOf(series.Mechanism, series.Profile, series.Verdict)));
    }

    private double AgeOf(DateTimeOffset? since) => since is DateTimeOffset at ? Math.Max(0, (_time.GetUtcNow() - at).TotalSeconds) : 0;

    private void FarmGauge(DaemonMetric metric, Func<FarmReading, IEnumerable<Measurement<double>>> read) => Gauge(metric, reading => reading.Farm is FarmReading farm ? read(farm) : []);

    private void Gauge(DaemonMetric metric, Func<MetricsReading, IEnumerable<Measurement<double>>> read) =>
        _meter.CreateObservableGauge(metric.Name, () => _reading is MetricsReading reading ? read(reading) : [], unit: null, metric.Meaning);

    private Counter<long> Counter(DaemonMetric metric) => _meter.CreateCounter<long>(metric.Name, unit: null, metric.Meaning);
}
