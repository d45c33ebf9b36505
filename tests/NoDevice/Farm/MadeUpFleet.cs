// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>The ledger of a farm, with benches of its hosts that nobody has made: one an hour on each host.</summary>
internal sealed class MadeUpFleet(JobStore jobs, TimeProvider time)
{
    public const string OldKernel = "6.1.0-18-amd64";
    public const string NewKernel = "6.1.0-20-amd64";
    public const string KernelChange = $"kernel {OldKernel} -> {NewKernel}";

    private readonly FarmLedger _ledger = new(jobs, time);
    private readonly RegressionStore _regressions = new(jobs, time);
    private readonly Dictionary<string, int> _made = [];
    private readonly DateTimeOffset _start = time.GetUtcNow().AddDays(-6);

    /// <summary>Lets the controller hear of hosts.</summary>
    public void Hear(params string[] hosts)
    {
        FarmHosts all = new(jobs, time);
        foreach (string host in hosts)
        {
            all.Hear(host, Report(host, time));
        }
    }

    /// <summary>What a host says of itself.</summary>
    public static HostReport Report(string host, TimeProvider time) => new()
    {
        Protocol = FarmProtocol.Version,
        OldestProtocol = FarmProtocol.Oldest,
        Instance = host,
        At = time.GetUtcNow(),
        CpuKey = FarmServer.CpuKeyOfB,
        Labels = new Dictionary<string, string> { ["cpu"] = "AMD EPYC 7003, made up", ["kernel"] = NewKernel },
        Readiness = HostReadiness.Idle,
    };

    /// <summary>Adds 12 benches of a host with the old kernel, and some with the new one, by default with nothing else changed.</summary>
    public void GetNewKernel(string host, double before, double after, int benchesAfter = 12, string newMicrocode = "0x1", string mechanism = "int80")
    {
        Measure(host, 12, before, mechanism: mechanism);
        Measure(host, benchesAfter, after, NewKernel, newMicrocode, mechanism: mechanism);
    }

    /// <summary>Adds benches of a host, and looks for regressions after each, as the controller does.</summary>
    public void Measure(string host, int benches, double cost, string kernel = OldKernel, string microcode = "0x1", string mechanism = "int80", string plan = "0123456789abcdef")
    {
        for (int bench = 0; bench < benches; bench++)
        {
            int number = _made[host] = _made.GetValueOrDefault(host) + 1;
            long id = jobs.Submit(new JobRequest { Kind = JobKind.Bench }, "tester", null, 60, 3, 100)!.Value.Job.Id;
            HistoryEntry entry = new()
            {
                Id = id,
                Time = _start.AddHours(number),
                CpuBrand = "AMD EPYC 7003, made up",
                CpuSignature = "AuthenticAMD 25/1/1",
                Microcode = microcode,
                Kernel = kernel,
                Version = "0.1.0",
                Verdict = "hardware",
                PlanHash = plan,
                Mechanisms = 1,
                Complete = true,
                Stable = true,
            };
            double noisy = cost + (number * 7 % 11 * 0.06);
            HistoryFigure figure = new(entry, "linux26", mechanism, "hardware", Stable: true, new Estimate(noisy, noisy - 0.1, noisy + 0.1, 0.95));
            AttemptReport report = new()
            {
                Protocol = FarmProtocol.Version,
                Farm = _ledger.Id,
                Job = id,
                Host = host,
                Run = id.ToString(CultureInfo.InvariantCulture),
                StartedAt = entry.Time,
                Outcome = AttemptOutcome.Succeeded,
            };
            _ledger.End(report, new JudgedAttempt(new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), entry, [figure]));
            _regressions.LookFor([figure with { Entry = entry with { Host = host } }]);
        }
    }
}
