// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Two hosts of one CPU model whose costs in core cycles are further apart than their intervals allow: what the model's cost is, is not known
/// so well as its own interval says.</summary>
/// <param name="LowHost">The host whose interval ends first.</param>
/// <param name="Low">Its cost.</param>
/// <param name="HighHost">The host whose interval begins last.</param>
/// <param name="High">Its cost.</param>
public sealed record HostDisagreement(string LowHost, Estimate Low, string HighHost, Estimate High)
{
    /// <summary>A difference of so many per cent does not matter, nor one of <see cref="ThresholdCycles"/>: as in a comparison of two benches.</summary>
    public const double ThresholdPercent = 1;

    /// <summary>Nor does a difference of so many core cycles.</summary>
    public const double ThresholdCycles = 1;

    /// <summary>The disagreement of some hosts; null where they agree. A cost whose interval says nothing contradicts none.</summary>
    public static HostDisagreement? Of(IEnumerable<(string Host, FleetCost? Cost)> hosts)
    {
        (string Host, Estimate Cost)[] known =
            [.. from host in hosts where host.Cost is { Estimate.Coverage: > 0 } select (host.Host, host.Cost.Estimate)];
        if (known.Length < 2)
        {
            return null;
        }

        (string lowHost, Estimate low) = known.MinBy(host => host.Cost.High);
        (string highHost, Estimate high) = known.MaxBy(host => host.Cost.Low);
        double most = Math.Max(ThresholdCycles, ThresholdPercent / 100 * Math.Abs(low.Value));
        return high.Low > low.High && high.Value - low.Value > most ? new(lowHost, low, highHost, high) : null;
    }
}
