// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What a reader should know of a comparison before believing it, a sentence each.</summary>
internal static class FleetWarnings
{
    private const int MostNames = 5;
    private const int MostDisagreements = 3;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Of(FleetComparison comparison) =>
    [
        .. Disagreements(comparison), .. WithoutBase(comparison), .. NothingInCommon(comparison), .. Plans(comparison),
        .. Doubts(comparison), .. Copies(comparison), .. Hosts(comparison),
    ];

    private static IEnumerable<string> Disagreements(FleetComparison comparison) =>
        from mechanism in comparison.Mechanisms
        from row in mechanism.Rows
        where row.Disagreement is not null
        let hosts = row.Disagreement
        group $"{mechanism.Name}, {Cost(hosts.LowHost, hosts.Low)} and {Cost(hosts.HighHost, hosts.High)} core cycles" by row.Name into cpu
        select $"hosts of {cpu.Key} disagree on {string.Join("; ", cpu.Take(MostDisagreements))}{(cpu.Count() > MostDisagreements ? string.Create(Invariant, $"; and on {cpu.Count() - MostDisagreements} more") : "")}. Cure: kvmsys doctor on both tells what is set differently";

    private static string Cost(string host, Estimate cost)
    {
        string format = $"F{Digits.Decimals(cost)}";
        return $"{Shown.OneLine(host)} {cost.Value.ToString(format, Invariant)} ({cost.Low.ToString(format, Invariant)} to {cost.High.ToString(format, Invariant)})";
    }

    private static IEnumerable<string> WithoutBase(FleetComparison comparison)
    {
        string[] without =
        [
            .. from mechanism in comparison.Mechanisms
               where mechanism.Rows.All(row => row.Ratio is null) && mechanism.Rows.Any(row => row.CoreCycles is not null && row.Cpu != comparison.Base)
               select mechanism.Name,
        ];
        if (without.Length > 0)
        {
            yield return $"no ratio to {comparison.Base.Name}, which has no figure of {Listed(without)}. Cure: another --base";
        }
    }

    private static IEnumerable<string> NothingInCommon(FleetComparison comparison)
    {
        if (comparison.Cpus.Count > 1 && comparison.Mechanisms.All(mechanism => mechanism.Cpus < 2))
        {
            yield return "no two CPUs have a mechanism in common. Cure: measure the same mechanisms on the same profiles";
        }
    }

    private static IEnumerable<string> Plans(FleetComparison comparison)
    {
        string[] plans = [.. comparison.Benches.Select(bench => bench.Bench.Plan.Hash).Distinct()];
        if (plans.Length > 1)
        {
            yield return $"the plans differ ({Listed(plans)}): the benches did not measure the same in the same way. Cure: run all with the same options";
        }
    }

    private static IEnumerable<string> Doubts(FleetComparison comparison)
    {
        string[] incomplete = [.. comparison.Benches.Where(bench => !bench.Bench.Complete).Select(NameOf)];
        if (incomplete.Length > 0)
        {
            yield return $"incomplete, something ended it early: {Listed(incomplete)}";
        }

        string[] unstable =
        [
            .. from bench in comparison.Benches
               let results = bench.Bench.Results.Where(result => !result.Stable).Select(result => result.Name).ToArray()
               where results.Length > 0
               select $"{NameOf(bench)} ({Listed(results)})",
        ];
        if (unstable.Length > 0)
        {
            yield return $"unstable, and left out where another bench of the same CPU is stable: {Listed(unstable)}. Cure: see what each bench says of discarded pairs";
        }
    }

    private static IEnumerable<string> Copies(FleetComparison comparison) =>
        from bench in comparison.Benches
        where bench.Bench.Results.Any(result => result.CoreCycles is not null)
        group bench by string.Join('|', bench.Bench.Results.SelectMany(result => result.CoreCycles?.Sessions ?? []).Select(value => value.ToString("R", Invariant)).Prepend($"{bench.Bench.Plan.Hash} {bench.Bench.Plan.Seed}")) into same
        where same.Count() > 1
        select $"one bench is there {same.Count()} times, and counts as often: {Listed([.. same.Select(NameOf)])}. Cure: name each once";

    private static IEnumerable<string> Hosts(FleetComparison comparison) =>
        from bench in comparison.Benches
        group CpuName.SignatureOf(bench.Bench.Host) by bench.Host into host
        let signatures = host.Distinct().ToArray()
        where signatures.Length > 1
        select $"the host {Shown.OneLine(host.Key)} has benches of {signatures.Length} CPUs: {Listed([.. signatures.Select(Shown.OneLine)])}. Cure: give each host a name of its own, HOST=FILE";

    private static string NameOf(FleetBench bench) => bench.Number == 1 ? Shown.OneLine(bench.Host) : string.Create(Invariant, $"{Shown.OneLine(bench.Host)}, bench {bench.Number}");

    private static string Listed(string[] names) =>
        string.Join(", ", names.Take(MostNames)) + (names.Length > MostNames ? string.Create(Invariant, $" and {names.Length - MostNames} more") : "");
}
