// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>What became of one mechanism's cost, in JSON. Costs are in core cycles.</summary>
public sealed record ComparedMechanismDocument
{
    /// <summary>The guest kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>What the new figures are worth.</summary>
    public required string Verdict { get; init; }

    /// <summary>Sessions of the old bench that have a figure.</summary>
    public required int BaseSessions { get; init; }

    /// <summary>Sessions of the new bench that have one.</summary>
    public required int NewSessions { get; init; }

    /// <summary>The old cost.</summary>
    public required Estimate Base { get; init; }

    /// <summary>The new cost.</summary>
    public required Estimate New { get; init; }

    /// <summary>How much higher the new cost is.</summary>
    public required Estimate Shift { get; init; }

    /// <summary>How many times the old cost the new one is; null where a session's median is 0.</summary>
    public Estimate? Ratio { get; init; }

    /// <summary>The two-sided p value of Mann and Whitney's test.</summary>
    public required double PValue { get; init; }

    /// <summary>The largest change that does not matter.</summary>
    public required double Threshold { get; init; }

    /// <summary>What it comes to: same, slower, faster or undecided.</summary>
    public required string Finding { get; init; }

    /// <summary>The document of a comparison.</summary>
    public static ComparedMechanismDocument Of(MechanismComparison result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new()
        {
            Profile = result.Profile,
            Mechanism = result.Mechanism,
            Verdict = result.Verdict,
            BaseSessions = result.BaseSessions,
            NewSessions = result.NewSessions,
            Base = result.Base,
            New = result.New,
            Shift = result.Change.Shift,
            Ratio = result.Change.Ratio,
            PValue = result.Change.PValue,
            Threshold = result.Change.Threshold,
            Finding = Spelling.Of(result.Change.Finding),
        };
    }
}
