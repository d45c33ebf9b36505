// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What a bench is to measure: kvmsys bench's options, with the same meanings and defaults.</summary>
public sealed record BenchSpec
{
    private const string Quick = "quick";
    private const string Full = "full";

    /// <summary>Every way into a kernel that there is.</summary>
    public static IReadOnlyList<string> KnownMechanisms { get; } = [.. Enum.GetValues<EntryMechanism>().Select(Spelling.Of)];

    /// <summary>Every kernel that there is.</summary>
    public static IReadOnlyList<string> KnownProfiles { get; } = [.. Enum.GetValues<KernelProfile>().Select(Spelling.Of)];

    /// <summary>Every mitigation that there is.</summary>
    public static IReadOnlyList<string> KnownMitigations { get; } = [.. Enum.GetValues<Mitigation>().Where(mitigation => mitigation != Mitigation.None).Select(Spelling.Of)];

    /// <summary>Every protocol that there is, the usual one first.</summary>
    public static IReadOnlyList<string> KnownProtocols { get; } = [Quick, Full];

    /// <summary>Ways into the kernel; all where there are none.</summary>
    public IReadOnlyList<string> Mechanisms { get => field ?? []; init; }

    /// <summary>Kernels; all guests' where there are none.</summary>
    public IReadOnlyList<string> Profiles { get => field ?? []; init; }

    /// <summary>What the 64-bit kernel does on an entry beyond that, each measured too.</summary>
    public IReadOnlyList<string> Mitigations { get => field ?? []; init; }

    /// <summary>"quick" or "full"; quick where nothing is said.</summary>
    public string? Protocol { get; init; }

    /// <summary>Times that every machine is made anew.</summary>
    public int? Sessions { get; init; }

    /// <summary>Runs of each mechanism and alignment in a session.</summary>
    public int? Runs { get; init; }

    /// <summary>The CPU to measure on.</summary>
    public int? Cpu { get; init; }

    /// <summary>Decides all that is random.</summary>
    public int? Seed { get; init; }

    /// <summary>Whether figures that are no CPU's are shown, each of them marked.</summary>
    public bool ShowEmulated { get; init; }

    /// <summary>What is wrong with it; empty where nothing is.</summary>
    public IEnumerable<string> Objections()
    {
        foreach (string objection in Unknown("mechanisms", Mechanisms, KnownMechanisms)
            .Concat(Unknown("profiles", Profiles, KnownProfiles))
            .Concat(Unknown("mitigations", Mitigations, KnownMitigations)))
        {
            yield return objection;
        }

        if (Protocol is not (null or Quick or Full))
        {
            yield return $"bench.protocol: {Quick} or {Full}";
        }

        if (Sessions is < 1 or > Measurement.Protocol.MostSessions)
        {
            yield return $"bench.sessions: 1 to {Measurement.Protocol.MostSessions}";
        }

        if (Runs is < 1 or > Measurement.Protocol.MostRuns)
        {
            yield return $"bench.runs: 1 to {Measurement.Protocol.MostRuns}";
        }

        if (Cpu is < 0 or > ushort.MaxValue)
        {
            yield return "bench.cpu: the number of a CPU";
        }

        if (Seed < 0)
        {
            yield return "bench.seed: 0 or more";
        }
    }

    private static IEnumerable<string> Unknown(string field, IReadOnlyList<string> given, IReadOnlyList<string> known) =>
        given.All(known.Contains) && given.Distinct().Count() == given.Count
            ? []
            : [$"bench.{field}: of {string.Join(", ", known)}, each at most once"];
}
