// SPDX-License-Identifier: MIT

using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Monitor.Measurement;

/// <summary>Everything that a bench is going to do, decided before it begins.</summary>
public sealed record BenchPlan
{
    /// <summary>How often, and for how long.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>Decides frames, process identifiers and the order of the runs.</summary>
    public required int Seed { get; init; }

    /// <summary>What is measured, in the order in which it is reported; at which alignments, the protocol says.</summary>
    public required IReadOnlyList<EntryPath> Mechanisms { get; init; }

    /// <summary>What was asked for and is not there.</summary>
    public required IReadOnlyList<AbsentMechanism> Absent { get; init; }

    /// <summary>Each mechanism in each of its alignments.</summary>
    public IReadOnlyList<EntryPath> Paths =>
    [
        .. from mechanism in Mechanisms
           from alignment in Protocol.Alignments
           select mechanism with { Alignment = alignment },
    ];

    /// <summary>Runs in all.</summary>
    public int Runs => Paths.Count * Protocol.Sessions * Protocol.Runs;

    /// <summary>
    /// Sixteen digits that are the same for every bench that measures the same in the same way, whatever its seed: XxHash64 of the protocol and the
    /// mechanisms.
    /// </summary>
    public string Hash
    {
        get
        {
            string alignments = string.Join(',', Protocol.Alignments);
            string constants = string.Create(
                CultureInfo.InvariantCulture,
                $"{Protocol.Batches} {Protocol.Batch.Ticks} {Protocol.WarmUp.Ticks} {Protocol.WarmUpCalls} {Protocol.WarmUpGroups} {CallLoop.CallsPerRound}");
            string plan = string.Create(CultureInfo.InvariantCulture, $"{Protocol.Sessions} {Protocol.Runs} {alignments} {constants}\n")
                + string.Join('\n', Mechanisms.Select(path => $"{path.Profile} {path.Mechanism} {path.Mitigation}"));
            return XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(plan)).ToString("x16", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A plan for what is there: what is not is told apart from what is measured.</summary>
    /// <param name="mechanisms">What is wanted; a kernel that has no such entry is passed over.</param>
    /// <param name="protocol">How often.</param>
    /// <param name="seed">Decides all that is random.</param>
    /// <param name="absenceOf">Why a kernel's entry cannot be used here, for people; null when it can.</param>
    public static BenchPlan Of(
        IReadOnlyList<EntryPath> mechanisms, Protocol protocol, int seed, Func<EntryPath, string?> absenceOf)
    {
        ILookup<bool, (EntryPath Path, string? Absence)> found = mechanisms
            .Where(wanted => EntryPath.ProfilesOf(wanted.Mechanism).Contains(wanted.Profile))
            .Select(wanted => (Path: wanted, Absence: absenceOf(wanted)))
            .ToLookup(wanted => wanted.Absence is null);
        return new BenchPlan
        {
            Protocol = protocol,
            Seed = seed,
            Mechanisms = [.. found[true].Select(wanted => wanted.Path)],
            Absent = [.. found[false].Select(wanted => new AbsentMechanism(wanted.Path.Profile, wanted.Path.Mechanism, wanted.Absence!, wanted.Path.Mitigation))],
        };
    }
}
