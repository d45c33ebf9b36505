// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Tests.NoDevice.Reports;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Jobs and results for a daemon to show, which nobody has measured.</summary>
internal static class DashboardData
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 6, 0, 0, TimeSpan.Zero);

    // Thousands of pairs take some seconds to be described.
    private static readonly Dictionary<Verdict, Lazy<BenchDocument>> Described = Enum.GetValues<Verdict>()
        .ToDictionary(verdict => verdict, verdict => new Lazy<BenchDocument>(() => BenchDocument.Of(MadeUpBench.Varied(verdict) with { ShowEmulated = true })));

    /// <summary>A bench of every kind of mechanism.</summary>
    public static BenchDocument Varied(Verdict verdict) => Described[verdict].Value;

    /// <summary>Submits a job and begins an attempt at it, of which nothing comes until somebody says so. The daemon's own loop begins none: it is cordoned.</summary>
    public static long Begin(JobStore store, JobRequest request)
    {
        store.IsCordoned = true;
        long id = Submit(store, request);
        Assert.Equal(id, store.TakeNext()!.Value.Job.Id);
        return id;
    }

    public static long Submit(JobStore store, JobRequest request) => store.Submit(request, "tester", null, deadlineSeconds: 60, maxAttempts: 3, longestQueue: 100_000)!.Value.Job.Id;

    /// <summary>Adds a job that has a bench for its result.</summary>
    public static long Add(JobStore store, BenchDocument bench, DateTimeOffset time, string? name = null)
    {
        JobRequest request = new() { Kind = JobKind.Bench, Name = name, Bench = new BenchSpec { Mechanisms = ["int80", "sysenter"], Profiles = ["bare"], Protocol = "full" } };
        long id = Begin(store, request);
        HistoryEntry entry = BenchFigures.EntryOf(bench, time);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(bench, KvmsysJson.Default.BenchDocument);
        store.Finish(id, 1, new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, json), entry, BenchFigures.Of(bench, entry));
        return id;
    }

    /// <summary>Adds a job that has some other document for its result.</summary>
    public static long Add(JobStore store, JobRequest request, string json)
    {
        long id = Begin(store, request);
        store.Finish(id, 1, new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, Encoding.UTF8.GetBytes(json)));
        return id;
    }

    /// <summary>Adds a job that has failed with its only attempt.</summary>
    public static long AddFailed(JobStore store, JobRequest request, string reason, string log)
    {
        long id = Begin(store, request with { MaxAttempts = 1 });
        store.Finish(id, 1, new AttemptEnd(AttemptOutcome.Crashed, 139, reason, log, null));
        return id;
    }

    /// <summary>
    /// A bench a day: the 21st is the first of another kernel, the 31st of another microcode, with which INT 0x80 costs 12 cycles more, and the 41st of
    /// other mitigations.
    /// </summary>
    public static void AddSeries(JobStore store, int benches = 50)
    {
        for (int day = 0; day < benches; day++)
        {
            double noise = ((day * 7) % 11) * 0.06;
            BenchDocument bench = BenchDocument.Of(MadeUpBench.OnACpu(int80: 600 + noise + (day >= 30 ? 12 : 0), sysenter: 90 + (noise / 10)));
            HostTuningOf(day, out string kernel, out string microcode, out string mitigation);
            bench = bench with
            {
                Host = bench.Host with
                {
                    Kernel = kernel,
                    Microcode = microcode,
                    Tuning = bench.Host.Tuning with { Vulnerabilities = new Dictionary<string, string> { ["meltdown"] = "Not affected", ["spectre_v2"] = mitigation } },
                },
            };
            Add(store, bench, Start.AddDays(day));
        }
    }

    /// <summary>What a program did, as the daemon keeps it.</summary>
    public static string Run(string output, string errors = "") =>
        JsonSerializer.Serialize(new RunDocument { ExitStatus = 3, Seconds = 0.125, Output = output, ErrorOutput = errors }, DaemonJson.Default.RunDocument);

    private static void HostTuningOf(int day, out string kernel, out string microcode, out string mitigation) =>
        (kernel, microcode, mitigation) = (day >= 20 ? "6.12.9" : "6.12.1", day >= 30 ? "0xa0011d7" : "0xa0011d5", day >= 40 ? "Vulnerable" : "Mitigation: Retpolines");
}
