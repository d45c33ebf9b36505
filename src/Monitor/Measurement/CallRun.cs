// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Measurement;

/// <summary>One run of a <see cref="CallLoop"/>, raw: what the guest left in its memory, and what the host saw meanwhile.</summary>
public sealed record CallRun
{
    /// <summary>What was run.</summary>
    public required EntryPath Path { get; init; }

    /// <summary>What the guest was told.</summary>
    public required CallLoopParameters Parameters { get; init; }

    /// <summary>What it timed.</summary>
    public required CallLoopResults Results { get; init; }

    /// <summary>What KVM counted, the terminating exit included; null where it counts nothing, and for a process of the host's.</summary>
    public required StatisticsDelta? Statistics { get; init; }

    /// <summary>Host time of the run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>What the thread that executed it had used before.</summary>
    public required ThreadUsage UsageBefore { get; init; }

    /// <summary>What it had used after.</summary>
    public required ThreadUsage UsageAfter { get; init; }

    /// <summary>Calls between two turns of the program's loop.</summary>
    public uint CallsInRound { get; init; } = CallLoop.CallsPerRound;

    /// <summary>Calls of a short batch.</summary>
    public uint Calls => Parameters.Rounds * CallsInRound;

    /// <summary>Calls of all batches together.</summary>
    public ulong TimedCalls
    {
        get
        {
            ulong calls = 0;
            for (int i = 0; i < Parameters.Batches; i++)
            {
                calls += CallLoop.IsLong(i) && Parameters.AllShort == 0 ? 2UL * Calls : Calls;
            }

            return calls;
        }
    }

    /// <summary>Calls of the whole run, its warm-up included.</summary>
    public ulong AllCalls =>
        TimedCalls + ((ulong)Results.WarmUpGroups * CallLoop.WarmUpBatches * Parameters.WarmUpRounds * CallsInRound);

    /// <summary>Exits beyond those that the calls make and the one that ends the run; null where KVM counts nothing.</summary>
    public long? UnexpectedExits => Statistics?.Exits - 1 - ((long)AllCalls * Path.ExitsPerCall);

    /// <summary>
    /// Instructions that KVM emulated beyond those that exit on purpose, which it may count as emulated, each of them or none: where the CPU does
    /// not tell how long an instruction is, KVM decodes it. Null where it counts nothing.
    /// </summary>
    public long? UnexpectedEmulations => Statistics?.EmulatedInstructions is long count && count >= (long)AllCalls
        ? count - ((long)AllCalls * Path.ExitsPerCall)
        : Statistics?.EmulatedInstructions;

    /// <summary>TSC ticks of all batches together.</summary>
    public ulong BatchTicks
    {
        get
        {
            CallLoopResults.BatchArray batches = Results.Batches;
            ulong ticks = 0;
            for (int i = 0; i < Parameters.Batches; i++)
            {
                ticks += batches[i].Ticks;
            }

            return ticks;
        }
    }
}
