// SPDX-License-Identifier: MIT

using Kvmsys.Native;

namespace Kvmsys.Monitor.Machine;

/// <summary>How much each of a vCPU's statistics grew during a run.</summary>
public sealed class StatisticsDelta
{
    private readonly KvmStatistics _statistics;
    private readonly ulong[] _before;
    private readonly ulong[] _after;

    internal StatisticsDelta(KvmStatistics statistics, ulong[] before, ulong[] after)
    {
        _statistics = statistics;
        _before = before;
        _after = after;
    }

    /// <summary>VM exits of every kind.</summary>
    public long? Exits => this["exits"];

    /// <summary>Exits to user space by port I/O.</summary>
    public long? IoExits => this["io_exits"];

    /// <summary>Exits by interrupts of the host.</summary>
    public long? IrqExits => this["irq_exits"];

    /// <summary>Exits by signals to the vCPU's thread.</summary>
    public long? SignalExits => this["signal_exits"];

    /// <summary>Guest instructions that KVM emulated.</summary>
    public long? EmulatedInstructions => this["insn_emulation"];

    /// <summary>The growth of a single-valued statistic, or null where this kernel has none of that name.</summary>
    public long? this[string name] => _statistics.Find(name) is KvmStatistic statistic
        ? (long)(_after[statistic.FirstValue] - _before[statistic.FirstValue])
        : null;

    /// <summary>Every single-valued statistic that changed, by name.</summary>
    public IReadOnlyDictionary<string, long> Changes()
    {
        SortedDictionary<string, long> changes = new(StringComparer.Ordinal);
        foreach (KvmStatistic statistic in _statistics.All)
        {
            if (statistic.ValueCount == 1 && this[statistic.Name] is long change and not 0)
            {
                changes.Add(statistic.Name, change);
            }
        }

        return changes;
    }
}
