// SPDX-License-Identifier: MIT

using Kvmsys.Native;

namespace Kvmsys.Monitor.Machine;

/// <summary>How much each of a vCPU's statistics grew during a run.</summary>
public sealed class StatisticsDelta
{
    private readonly SortedDictionary<string, long> _growth = new(StringComparer.Ordinal);

    /// <summary>The growth between two readings.</summary>
    internal StatisticsDelta(KvmStatistics statistics, ReadOnlySpan<ulong> before, ReadOnlySpan<ulong> after)
    {
        foreach (KvmStatistic statistic in statistics.All)
        {
            if (statistic.ValueCount == 1)
            {
                _growth.Add(statistic.Name, (long)(after[statistic.FirstValue] - before[statistic.FirstValue]));
            }
        }
    }

    /// <summary>The growth of these statistics.</summary>
    internal StatisticsDelta(IEnumerable<KeyValuePair<string, long>> growth)
    {
        foreach ((string name, long value) in growth)
        {
            _growth.Add(name, value);
        }
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
    public long? this[string name] => _growth.TryGetValue(name, out long growth) ? growth : null;

    /// <summary>Every single-valued statistic that changed, by name.</summary>
    public IReadOnlyDictionary<string, long> Changes() =>
        new SortedDictionary<string, long>(_growth.Where(statistic => statistic.Value != 0).ToDictionary(), StringComparer.Ordinal);
}
