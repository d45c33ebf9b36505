// SPDX-License-Identifier: MIT

using System.Data.Common;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Sql;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>What changes on the hosts of a farm, a kernel or a microcode, have done to what mechanisms cost there: what was found, by what had changed.</summary>
/// <param name="jobs">The jobs, with their benches.</param>
/// <param name="regressions">What was found in these.</param>
internal sealed class FarmChanges(JobStore jobs, RegressionStore regressions)
{
    // Hosts get a kernel one after the other. Who got it this long before the first finding is one that had the same change.
    private static readonly TimeSpan LongestRollout = TimeSpan.FromDays(30);

    /// <summary>The changes of which something was found.</summary>
    /// <param name="since">Since when it was found.</param>
    /// <param name="limit">So many findings at most, the latest.</param>
    public FarmChangeListDocument List(DateTimeOffset since, int limit)
    {
        IReadOnlyList<FoundRegression> found = regressions.OfHosts(since, limit + 1);
        IGrouping<string, FoundRegression>[] byChange = [.. found.Take(limit).GroupBy(one => KeyOf(one.Regression.AlsoChanged))];
        FarmChangeDocument[] changes = jobs.Read(connection =>
        {
            ILookup<string, HostStep> steps = byChange.Length == 0 ? Array.Empty<HostStep>().ToLookup(step => "") : StepsIn(connection, since - LongestRollout).ToLookup(step => step.Key);
            return byChange.Select(same => DocumentOf([.. same], HostsIn(connection, steps[same.Key]))).ToArray();
        });
        return new(since, [.. changes.OrderBy(change => change.What.Count == 0).ThenByDescending(change => change.LastAt)]) { More = found.Count > limit ? true : null };
    }

    private static string KeyOf(IEnumerable<string> what) => string.Join('\n', what.Order(StringComparer.Ordinal));

    /// <summary>All that has changed between two benches of one plan on a host that followed each other.</summary>
    private static IEnumerable<HostStep> StepsIn(DbConnection connection, DateTimeOffset since)
    {
        const string changed = "FROM bench WHERE changed_from IS NOT NULL AND time >= @since";
        (string, object?) from = ("@since", since.ToUnixTimeMilliseconds());
        Dictionary<long, long> earlier = connection.Rows($"SELECT job, changed_from {changed}", row => (Job: row.GetInt64(0), From: row.GetInt64(1)), from)
            .ToDictionary(row => row.Job, row => row.From);
        Dictionary<long, HistoryEntry> benches = JobStore.BenchesIn(connection, $"WHERE job IN (SELECT job {changed} UNION SELECT changed_from {changed})", from).ToDictionary(bench => bench.Id);
        foreach (IGrouping<(string?, string), HistoryEntry> series in benches.Values.Where(bench => earlier.ContainsKey(bench.Id)).GroupBy(bench => (bench.Host, bench.PlanHash)))
        {
            HistoryEntry[] firsts = [.. series.OrderBy(bench => bench.Time).ThenBy(bench => bench.Id)];
            for (int step = 0; step < firsts.Length; step++)
            {
                yield return new(firsts[step], step + 1 < firsts.Length ? firsts[step + 1].Time : DateTimeOffset.MaxValue, KeyOf(HistorySeries.Differences(benches[earlier[firsts[step].Id]], firsts[step])));
            }
        }
    }

    /// <summary>The hosts that had a change, each with the mechanisms of which enough was measured to tell; with none, where that is too little.</summary>
    private static Dictionary<string, HashSet<(string Mechanism, string Profile)>> HostsIn(DbConnection connection, IEnumerable<HostStep> steps)
    {
        Dictionary<string, HashSet<(string Mechanism, string Profile)>> hosts = new(StringComparer.Ordinal);
        foreach (HostStep step in steps)
        {
            if (!hosts.TryGetValue(step.First.Host!, out HashSet<(string Mechanism, string Profile)>? mechanisms))
            {
                hosts.Add(step.First.Host!, mechanisms = []);
            }

            if (HasEnough(connection, step, DateTimeOffset.MinValue, step.First.Time) && HasEnough(connection, step, step.First.Time, step.Until))
            {
                mechanisms.UnionWith(connection.Rows("SELECT mechanism, profile FROM figure WHERE job = @job", row => (row.GetString(0), row.GetString(1)), ("@job", step.First.Id)));
            }
        }

        return hosts;
    }

    private static bool HasEnough(DbConnection connection, HostStep step, DateTimeOffset from, DateTimeOffset until) => ChangePoints.FewestToFind == (long)connection.Scalar(
        "SELECT count(*) FROM (SELECT 1 FROM bench WHERE host = @host AND plan_hash = @plan AND time >= @from AND time < @until LIMIT @enough) AS few",
        ("@host", step.First.Host),
        ("@plan", step.First.PlanHash),
        ("@from", from.ToUnixTimeMilliseconds()),
        ("@until", until.ToUnixTimeMilliseconds()),
        ("@enough", (long)ChangePoints.FewestToFind))!;

    private static FarmChangeDocument DocumentOf(FoundRegression[] found, Dictionary<string, HashSet<(string Mechanism, string Profile)>> hosts)
    {
        RegressionDocument[] all = [.. found.Select(one => one.Regression)];
        IReadOnlyList<string> what = all[0].AlsoChanged;
        bool isKnown = what.Count > 0;
        string[] slower = HostsOf(all.Where(one => one.IsSlower())), faster = HostsOf(all.Where(one => !one.IsSlower()));
        string[] others = [.. hosts.Keys.Except(slower).Except(faster).Order(StringComparer.Ordinal)];
        return new()
        {
            What = what,
            FirstAt = all.Min(one => one.Time),
            LastAt = all.Max(one => one.Time),
            Cpus = [.. all.Select(one => one.CpuBrand).Distinct().Order(StringComparer.Ordinal)],
            SlowerOn = slower,
            FasterOn = faster,
            UnchangedOn = isKnown ? [.. others.Where(host => hosts[host].Count > 0)] : null,
            UndecidedOn = isKnown ? [.. others.Where(host => hosts[host].Count == 0)] : null,
            Slower = FindingsOf(found.Where(one => one.Regression.IsSlower())),
            Faster = FindingsOf(found.Where(one => !one.Regression.IsSlower())),
        };

        static string[] HostsOf(IEnumerable<RegressionDocument> some) => [.. some.Select(one => one.Host!).Distinct().Order(StringComparer.Ordinal)];

        FarmFindingDocument[] FindingsOf(IEnumerable<FoundRegression> some) =>
        [
            .. from one in some
               group one by (one.Regression.Mechanism, one.Regression.Profile) into same
               let latest = same.GroupBy(one => one.Regression.Host!).Select(ofHost => OnHost(ofHost.MaxBy(one => one.Id)!)).OrderBy(one => one.Host, StringComparer.Ordinal).ToArray()
               orderby latest.Length descending, same.Key.Profile, same.Key.Mechanism
               select new FarmFindingDocument
               {
                   Mechanism = same.Key.Mechanism,
                   Profile = same.Key.Profile,
                   Hosts = latest,
                   Of = isKnown ? hosts.Where(host => host.Value.Contains(same.Key)).Select(host => host.Key).Union(latest.Select(one => one.Host)).Count() : null,
                   Ratio = Array.TrueForAll(latest, one => one.Ratio is not null) ? HostRangeDocument.Of([.. latest.Select(one => one.Ratio!.Value)]) : null,
                   Shift = HostRangeDocument.Of([.. latest.Select(one => one.Shift)]),
               },
        ];

        static HostFindingDocument OnHost(FoundRegression one) => new(
            one.Id,
            one.Regression.Host!,
            one.Regression.From,
            one.Regression.Before.Value > 0 ? one.Regression.After.Value / one.Regression.Before.Value : null,
            one.Regression.Shift.Value);
    }

    /// <summary>The first bench of a host after a change, until when it was as it is there, and what changed.</summary>
    private sealed record HostStep(HistoryEntry First, DateTimeOffset Until, string Key);
}
