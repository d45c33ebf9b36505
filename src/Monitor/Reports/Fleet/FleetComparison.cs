// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Benches of many hosts side by side: what each mechanism costs on each CPU model.</summary>
public sealed record FleetComparison
{
    private const int MostNames = 5;

    /// <summary>The benches, in the order in which they came.</summary>
    public required IReadOnlyList<FleetBench> Benches { get; init; }

    /// <summary>The CPU models, in the order in which they came.</summary>
    public required IReadOnlyList<CpuModel> Cpus { get; init; }

    /// <summary>The CPU model that the others are compared with.</summary>
    public required CpuModel Base { get; init; }

    /// <summary>The mechanisms, in the order in which they came.</summary>
    public required IReadOnlyList<FleetMechanism> Mechanisms { get; init; }

    /// <summary>What a reader should know before believing it, a sentence each.</summary>
    public IReadOnlyList<string> Warnings => FleetWarnings.Of(this);

    /// <summary>What names in it mean, a line each.</summary>
    public IEnumerable<string> Notes => CpuModels.MitigationNotesOf(Cpus);

    /// <summary>Why some benches cannot be compared, and the cure; null when they can.</summary>
    /// <param name="benches">The benches, each with its host's name.</param>
    /// <param name="baseText">What names the CPU model that the others are compared with; null for the first.</param>
    public static (string Reason, string Cure)? ObjectionTo(IReadOnlyList<(string Host, BenchDocument Bench)> benches, string? baseText = null)
    {
        ArgumentNullException.ThrowIfNull(benches);
        if (benches.Count == 0)
        {
            return ("there is no bench", "name at least one");
        }

        if (baseText is null)
        {
            return null;
        }

        IReadOnlyList<CpuModel> cpus = CpuModels.Of(benches);
        CpuModel[] found = Named(cpus, baseText);
        return found.Length switch
        {
            0 => ($"{Shown.OneLine(baseText)} is in no CPU's name, nor any host's", $"a part of one of these: {Names(cpus)}"),
            1 => null,
            _ => ($"{Shown.OneLine(baseText)} is in the names of {found.Length} CPUs", $"more of one of these: {Names(found)}"),
        };
    }

    /// <summary>Compares benches to which there is no objection.</summary>
    /// <param name="benches">The benches, each with its host's name; of a host there may be several.</param>
    /// <param name="baseText">What names the CPU model that the others are compared with; null for the first.</param>
    /// <param name="showEmulated">Whether figures are wanted that are no CPU's; then each of them is marked.</param>
    public static FleetComparison Of(IReadOnlyList<(string Host, BenchDocument Bench)> benches, string? baseText = null, bool showEmulated = false)
    {
        if (ObjectionTo(benches, baseText) is (string reason, string cure))
        {
            throw new ArgumentException($"{reason}. Cure: {cure}.", nameof(benches));
        }

        IReadOnlyList<CpuModel> cpus = CpuModels.Of(benches);
        CpuModel unit = baseText is null ? cpus[0] : Named(cpus, baseText)[0];
        FleetBench[] all = [.. Numbered(benches, cpus, showEmulated)];
        return new()
        {
            Benches = all,
            Cpus = cpus,
            Base = unit,
            Mechanisms =
            [
                .. from bench in all
                   from result in bench.Bench.Results
                   group new FleetResult(bench, result) by (result.Mechanism, result.Profile) into mechanism
                   select FleetMechanism.Of(mechanism.Key.Mechanism, mechanism.Key.Profile, RowsOf(mechanism, cpus), unit),
            ],
        };
    }

    private static IEnumerable<FleetBench> Numbered(IReadOnlyList<(string Host, BenchDocument Bench)> benches, IReadOnlyList<CpuModel> cpus, bool showEmulated)
    {
        Dictionary<CpuIdentity, CpuModel> models = cpus.ToDictionary(cpu => cpu.Identity);
        Dictionary<string, int> numbers = [];
        foreach ((string host, BenchDocument bench) in benches)
        {
            int number = numbers[host] = numbers.GetValueOrDefault(host) + 1;
            yield return new(host, number, models[CpuIdentity.Of(bench.Host)], bench.Showing(showEmulated));
        }
    }

    /// <summary>A row for each model in the models' order, and of each for each verdict, the best first.</summary>
    private static IEnumerable<FleetRow> RowsOf(IEnumerable<FleetResult> results, IReadOnlyList<CpuModel> cpus)
    {
        ILookup<CpuIdentity, FleetResult> byCpu = results.ToLookup(result => result.From.Cpu.Identity);
        return from cpu in cpus
               from verdict in byCpu[cpu.Identity].GroupBy(result => result.Result.Verdict).OrderByDescending(verdict => Spelling.VerdictOf(verdict.Key))
               select FleetRow.Of(cpu, verdict.Key, [.. verdict]);
    }

    /// <summary>The models that a text names: the one that is called so, those of the host that is called so, or all that have it in their names.</summary>
    private static CpuModel[] Named(IReadOnlyList<CpuModel> cpus, string text)
    {
        Func<CpuModel, bool>[] ways =
        [
            cpu => cpu.Name.Equals(text, StringComparison.OrdinalIgnoreCase),
            cpu => cpu.HostNames.Contains(text),
            cpu => new[] { cpu.Name, cpu.Identity.Brand, cpu.Identity.Signature }.Any(name => name.Contains(text, StringComparison.OrdinalIgnoreCase)),
        ];
        return ways.Select(way => cpus.Where(way).ToArray()).FirstOrDefault(found => found.Length > 0) ?? [];
    }

    private static string Names(IReadOnlyList<CpuModel> cpus) =>
        string.Join("; ", cpus.Take(MostNames).Select(cpu => cpu.Name)) + (cpus.Count > MostNames ? $"; and {cpus.Count - MostNames} more" : "");
}
