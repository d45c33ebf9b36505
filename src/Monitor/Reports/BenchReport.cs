// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>What one bench found, and the host that it is from.</summary>
public sealed record BenchReport
{
    /// <summary>The host.</summary>
    public required HostEnvironment Host { get; init; }

    /// <summary>What was to be done.</summary>
    public required BenchPlan Plan { get; init; }

    /// <summary>What was found, in the plan's order; at least one.</summary>
    public required IReadOnlyList<MechanismResult> Results { get; init; }

    /// <summary>Runs that were made.</summary>
    public required int RunsDone { get; init; }

    /// <summary>What the host granted the vCPUs' threads.</summary>
    public required GrantedPlacement Placed { get; init; }

    /// <summary>Time that went into making machines.</summary>
    public required TimeSpan SetUpTime { get; init; }

    /// <summary>Time in runs.</summary>
    public required TimeSpan GuestTime { get; init; }

    /// <summary>Time of the whole bench.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Whether figures are shown that are no CPU's.</summary>
    public required bool ShowEmulated { get; init; }

    /// <summary>Whether all that was planned was measured.</summary>
    public bool IsComplete => RunsDone == Plan.Runs;

    /// <summary>The least of the results' verdicts.</summary>
    public Verdict Verdict => Results.Min(result => result.Proof.Verdict);

    /// <summary>The evidence behind <see cref="Verdict"/>: of the first result that has it.</summary>
    public IReadOnlyList<Evidence> Evidence => Results.First(result => result.Proof.Verdict == Verdict).Proof.Evidence;

    /// <summary>The results that are not to be trusted.</summary>
    public IEnumerable<MechanismResult> Unstable => Results.Where(result => result.IsUnstable);

    /// <summary>What mitigations and the host's Linux add, of the results that may be shown.</summary>
    public IReadOnlyList<CostDifference> Differences => CostDifference.Of([.. Results.Where(Shows)]);

    /// <summary>Whether one of a difference's two figures is no CPU's.</summary>
    public static bool IsEmulated(CostDifference difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        return difference.Without.Proof.Verdict == Verdict.Emulated || difference.With.Proof.Verdict == Verdict.Emulated;
    }

    /// <summary>Whether a result's figures may be shown.</summary>
    public bool Shows(MechanismResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return ShowEmulated || result.Proof.Verdict != Verdict.Emulated;
    }

    /// <summary>The results whose times may be shown and are known, which formats have that know no gap.</summary>
    public IEnumerable<MechanismResult> Timed => Results.Where(result => Shows(result) && result.Nanoseconds is not null);

    /// <summary>Calls that were timed in each session, on average.</summary>
    public ulong CallsPerSession(MechanismResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Calls / (ulong)Plan.Protocol.Sessions;
    }

    /// <summary>How many times a mechanism is as fast as INT 0x80 on the same kernel with the same mitigation; null for what does not enter it or exits, or when INT 0x80 was not measured.</summary>
    public double? SpeedUp(MechanismResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new EntryPath(result.Profile, result.Mechanism) is { IsAnswered: true, ExitsPerCall: 0 }
            ? Int80Beside(result)?.Ticks?.Estimate.Value / result.Ticks?.Estimate.Value
            : null;
    }

    private MechanismResult? Int80Beside(MechanismResult result) => Results.FirstOrDefault(other =>
        other.Mechanism == EntryMechanism.Int80 && (other.Profile, other.Mitigation) == (result.Profile, result.Mitigation) && Shows(other));
}
