// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench in JSON.</summary>
public sealed record BenchDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.bench/2";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>The least of the results' verdicts.</summary>
    public required string Verdict { get; init; }

    /// <summary>Whether all that was planned was measured.</summary>
    public required bool Complete { get; init; }

    /// <summary>Whether enough was left of every result to be trusted.</summary>
    public required bool Stable { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>What was to be done.</summary>
    public required PlanDocument Plan { get; init; }

    /// <summary>What the host granted the vCPUs' threads.</summary>
    public required GrantedPlacement Placement { get; init; }

    /// <summary>Seconds of the whole bench, and of them those that went into making machines and those in runs.</summary>
    public required IReadOnlyDictionary<string, double> Seconds { get; init; }

    /// <summary>The results.</summary>
    public required IReadOnlyList<MechanismDocument> Results { get; init; }

    /// <summary>What mitigations and the host's Linux add; none in files of before they were measured.</summary>
    public IReadOnlyList<DifferenceDocument> Differences { get => field ?? []; init; }

    /// <summary>The result whose verdict is the least: the first that has it.</summary>
    [JsonIgnore]
    public MechanismDocument Weakest => Results.MinBy(result => Spelling.VerdictOf(result.Verdict))!;

    /// <summary>The same bench, where it is from a file: figures that are no CPU's are there only where they are wanted, and then each of them is marked.</summary>
    /// <param name="showEmulated">Whether they are wanted.</param>
    public BenchDocument Showing(bool showEmulated)
    {
        HashSet<string> names = [.. Results.Select(result => result.Name)];
        HashSet<string> emulated = [.. Results.Where(result => result.Verdict == Spelling.Of(Measurement.Verdict.Emulated)).Select(result => result.Name)];
        return this with
        {
            Verdict = Weakest.Verdict,
            Results = [.. Results.Select(result => result.Showing(showEmulated))],
            Differences =
            [
                .. from difference in Differences
                   let marked = emulated.Contains(difference.Name) || emulated.Contains(difference.BaseName)
                   where names.Contains(difference.Name) && names.Contains(difference.BaseName) && (showEmulated || !marked)
                   select difference with { Emulated = marked ? true : null },
            ],
        };
    }

    /// <summary>The document of a report.</summary>
    public static BenchDocument Of(BenchReport report) => new()
    {
        Version = report.Host.Version,
        Verdict = Spelling.Of(report.Verdict),
        Complete = report.IsComplete,
        Stable = !report.Unstable.Any(),
        Host = HostDocument.Of(report.Host),
        Plan = PlanDocument.Of(report.Plan),
        Placement = report.Placed,
        Seconds = new Dictionary<string, double>
        {
            ["all"] = report.Elapsed.TotalSeconds,
            ["setUp"] = report.SetUpTime.TotalSeconds,
            ["guest"] = report.GuestTime.TotalSeconds,
        },
        Results = [.. report.Results.Select(result => MechanismDocument.Of(report, result))],
        Differences = [.. report.Differences.Select(DifferenceDocument.Of)],
    };
}
