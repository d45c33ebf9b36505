// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;

namespace Kvmsys.Monitor.Measurement;

/// <summary>The calls that took much longer than the others, by what KVM counted in their runs.</summary>
/// <param name="ThresholdTicks">From so many TSC ticks on a call is in the tail.</param>
/// <param name="WithExit">
/// Those that a VM exit can have lengthened: of a run with so many exits beyond its own, as many of its longest calls. An exit may also have come between
/// two calls, so that these are the most that exits account for.
/// </param>
/// <param name="WithoutExit">Those of which the guest had no exit: the CPU stood still by itself, as for an SMI, or something below this host's kernel took it.</param>
/// <param name="Unknown">Those of runs of which nothing was counted: without KVM's statistics, or of a process of the host's.</param>
public sealed record LatencyTail(double ThresholdTicks, long WithExit, long WithoutExit, long Unknown)
{
    /// <summary>All of them.</summary>
    public long Count => WithExit + WithoutExit + Unknown;

    /// <summary>This and the tail of one more run.</summary>
    public LatencyTail With(CallRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        CallLoopResults.BatchArray batches = run.Results.Batches;
        long late = 0;
        for (int i = 0; i < run.Parameters.Batches; i++)
        {
            late += batches[i].Ticks >= ThresholdTicks ? 1 : 0;
        }

        if (run.UnexpectedExits is not long exits)
        {
            return this with { Unknown = Unknown + late };
        }

        long withExit = Math.Clamp(exits, 0, late);
        return this with { WithExit = WithExit + withExit, WithoutExit = WithoutExit + late - withExit };
    }
}
