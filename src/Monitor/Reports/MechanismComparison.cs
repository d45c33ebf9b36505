// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>One mechanism on one kernel in two benches, in core cycles.</summary>
public sealed record MechanismComparison
{
    /// <summary>The guest kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>What the figures of the new bench are worth.</summary>
    public required string Verdict { get; init; }

    /// <summary>Sessions of the old bench that have a figure.</summary>
    public required int BaseSessions { get; init; }

    /// <summary>Sessions of the new bench that have one.</summary>
    public required int NewSessions { get; init; }

    /// <summary>The cost in the old bench: the median of its sessions' medians.</summary>
    public required Estimate Base { get; init; }

    /// <summary>The cost in the new bench.</summary>
    public required Estimate New { get; init; }

    /// <summary>How the sessions' medians have changed.</summary>
    public required Comparison Change { get; init; }

    /// <summary>What this is of, for people: for example "int80 on bare".</summary>
    public string Name => $"{Mechanism} on {Profile}";

    /// <summary>Compares two results of the same mechanism on the same kernel, which both have a figure. What is derived in a file is derived
    /// here again: its sessions' medians are all that is taken from it.</summary>
    /// <param name="before">The old result.</param>
    /// <param name="after">The new result.</param>
    /// <param name="thresholdRatio">A change of this part of the old cost does not matter.</param>
    /// <param name="thresholdCycles">Nor does a change of this, in core cycles.</param>
    public static MechanismComparison Of(MechanismDocument before, MechanismDocument after, double thresholdRatio, double thresholdCycles)
    {
        IReadOnlyList<double> baseValues = before.CoreCycles!.Sessions;
        IReadOnlyList<double> newValues = after.CoreCycles!.Sessions;
        return new()
        {
            Profile = after.Profile,
            Mechanism = after.Mechanism,
            Verdict = after.Verdict,
            BaseSessions = baseValues.Count,
            NewSessions = newValues.Count,
            Base = MedianInterval.Of(baseValues),
            New = MedianInterval.Of(newValues),
            Change = Comparison.Of(baseValues, newValues, thresholdRatio, thresholdCycles),
        };
    }
}
