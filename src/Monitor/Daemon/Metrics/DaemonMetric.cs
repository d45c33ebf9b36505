// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Metrics;

/// <summary>One of the daemon's metrics. Their names and labels are read by dashboards and alert rules: one that was released stays.</summary>
/// <param name="Name">As Prometheus has it: base units, and counters end in _total.</param>
/// <param name="Type">gauge, counter or histogram.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Meaning">What it says.</param>
internal sealed record DaemonMetric(string Name, string Type, IReadOnlyList<string> Labels, string Meaning)
{
    /// <summary>A type: a value that grows and falls.</summary>
    public const string Gauge = "gauge";

    /// <summary>A type: a number that only grows, from 0 at the start of the daemon on.</summary>
    public const string Counter = "counter";

    /// <summary>A type: how many values were how large, as counters.</summary>
    public const string Histogram = "histogram";

    public static readonly DaemonMetric BuildInfo = new("kvmsys_build_info", Gauge, ["version"], "1, and the version of kvmsys");
    public static readonly DaemonMetric StartTime = new("kvmsys_start_time_seconds", Gauge, [], "since when the daemon runs, in seconds since 1970");
    public static readonly DaemonMetric Jobs = new("kvmsys_jobs", Gauge, ["state"], "jobs in each state");
    public static readonly DaemonMetric OldestWaiting = new("kvmsys_oldest_waiting_job_age_seconds", Gauge, [], "how long the job that has waited longest waits; 0 when none does");
    public static readonly DaemonMetric Cordoned = new("kvmsys_cordoned", Gauge, [], "1 while no job is begun until somebody allows it again");
    public static readonly DaemonMetric WaitsForRoom = new("kvmsys_result_waits_for_room", Gauge, [], "1 while a result waits for room on the disk");
    public static readonly DaemonMetric SetAside = new("kvmsys_database_set_aside", Gauge, [], "1 when the database was found damaged at the start, and was set aside");
    public static readonly DaemonMetric Attempts = new("kvmsys_attempts_total", Counter, ["kind", "outcome"], "attempts at jobs that have ended");
    public static readonly DaemonMetric AttemptDuration = new("kvmsys_attempt_duration_seconds", Histogram, ["kind"], "how long attempts took");
    public static readonly DaemonMetric Pairs = new("kvmsys_bench_pairs_total", Counter, [], "pairs of batches that benches have timed, accepted or not");
    public static readonly DaemonMetric DiscardedPairs = new("kvmsys_bench_discarded_pairs_total", Counter, [], "those of them that were not counted");
    public static readonly DaemonMetric Discards = new("kvmsys_bench_discards_total", Counter, ["reason"], "the same by reason; a pair may have several");
    public static readonly DaemonMetric Exits = new("kvmsys_kvm_exits_total", Counter, ["kind"], "VM exits of benches: by interrupts of the host (irq), and all others (other)");
    public static readonly DaemonMetric Emulated = new("kvmsys_kvm_emulated_instructions_total", Counter, [], "instructions of benches that KVM emulated");
    public static readonly DaemonMetric BenchVerdict = new("kvmsys_bench_verdict", Gauge, ["mechanism", "profile", "verdict"], "1 for the verdict of the latest accepted bench of a mechanism, and 0 for the others");
    public static readonly DaemonMetric Median = new("kvmsys_bench_median_core_cycles", Gauge, ["mechanism", "profile", "verdict"], "what a call cost in the latest accepted bench, in core cycles; NaN when that shows no such figure any more");
    public static readonly DaemonMetric Requests = new("kvmsys_http_requests_total", Counter, ["method", "route", "status"], "requests that were answered, by the route's pattern; none for what is no route");

    // Of a farm's controller alone.
    public static readonly DaemonMetric FarmHosts = new("kvmsys_farm_hosts", Gauge, ["state"], "of a farm's controller: hosts that would begin a job (idle) or not, those that are cordoned, and those that are gone");
    public static readonly DaemonMetric BrokerConnected = new("kvmsys_farm_broker_connected", Gauge, [], "of a farm's controller: 1 while the farm's NATS server is there");
    public static readonly DaemonMetric Outbox = new("kvmsys_farm_outbox_jobs", Gauge, [], "of a farm's controller: jobs that are in its ledger, and not where a host gets them yet");
    public static readonly DaemonMetric OutboxAge = new("kvmsys_farm_outbox_oldest_age_seconds", Gauge, [], "of a farm's controller: how long the oldest of these has been so; 0 when there is none");
    public static readonly DaemonMetric PublishedAgain = new("kvmsys_farm_jobs_published_again_total", Counter, [], "of a farm's controller: jobs that were not where a host would get them any more, and were put there again");
    public static readonly DaemonMetric ResultsAside = new("kvmsys_farm_results_set_aside_total", Counter, [], "of a farm's controller: what came where results come and is none");
    public static readonly DaemonMetric ResultsSuperseded = new("kvmsys_farm_results_superseded_total", Counter, [], "of a farm's controller: results of attempts whose job had ended already");
    public static readonly DaemonMetric DeadJobs = new("kvmsys_farm_dead_jobs_total", Counter, [], "of a farm's controller: jobs that were given to hosts as often as they may be, and of which none has told the end");

    /// <summary>Series that it has at most, for each of which the exporter keeps room: its labels have few words, but for mechanisms and routes.</summary>
    public int MostSeries => Labels.Count == 0 ? 1 : Labels.Contains("mechanism") || Labels.Contains("route") ? 2000 : 100;

    /// <summary>Those that only a farm's controller has.</summary>
    public static IReadOnlyList<DaemonMetric> OfFarm => [FarmHosts, BrokerConnected, Outbox, OutboxAge, PublishedAgain, ResultsAside, ResultsSuperseded, DeadJobs];

    /// <summary>All of them, in the order of docs/DAEMON.md.</summary>
    public static readonly IReadOnlyList<DaemonMetric> All =
    [
        BuildInfo, StartTime, Jobs, OldestWaiting, Cordoned, WaitsForRoom, SetAside, Attempts, AttemptDuration, Pairs, DiscardedPairs, Discards, Exits, Emulated,
        BenchVerdict, Median, Requests, .. OfFarm,
    ];
}
