// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.AnyKvm.Native;

public sealed class StatisticsTests : IDisposable
{
    private readonly FlatGuest _guest = new("e6 10 eb fc"); // out 0x10, al; jmp to it
    private readonly KvmStatistics _statistics;

    public StatisticsTests()
    {
        Assert.SkipWhen(_guest.Kvm.CheckExtension(KvmCapability.BinaryStatsFd) == 0, "this KVM has no KVM_CAP_BINARY_STATS_FD");
        Assert.True(_guest.Vcpu.TryGetStatistics(out KvmStatistics? statistics));
        _statistics = statistics;
    }

    public void Dispose()
    {
        _statistics?.Dispose();
        _guest.Dispose();
    }

    [Fact]
    public void They_are_named_after_the_VM_and_the_vCPU() =>
        Assert.Matches("^kvm-[0-9]+/vcpu-0$", _statistics.Id);

    [Fact]
    public void The_counters_that_a_measurement_needs_are_there_and_only_grow()
    {
        foreach (string name in new[] { "exits", "insn_emulation", "irq_exits", "signal_exits", "halt_exits" })
        {
            KvmStatistic? statistic = _statistics.Find(name);
            Assert.NotNull(statistic);
            Assert.Equal((KvmStatsType.Cumulative, KvmStatsUnit.None, 1), (statistic.Type, statistic.Unit, statistic.ValueCount));
        }
    }

    [Fact]
    public void Units_and_histograms_are_described()
    {
        KvmStatistic? wait = _statistics.Find("halt_wait_ns");
        Assert.SkipWhen(wait is null, "this KVM does not count halt_wait_ns");
        Assert.Equal((KvmStatsUnit.Seconds, KvmStatsBase.Pow10, -9), (wait.Unit, wait.Base, wait.Exponent));
        KvmStatistic? histogram = _statistics.Find("halt_wait_hist");
        Assert.SkipWhen(histogram is null, "this KVM does not count halt_wait_hist");
        Assert.Equal(KvmStatsType.LogHist, histogram.Type);
        Assert.True(histogram.ValueCount > 1);
    }

    [Fact]
    public void No_two_statistics_share_a_value()
    {
        KvmStatistic[] all = [.. _statistics.All.OrderBy(statistic => statistic.FirstValue)];
        Assert.All(all.Zip(all.Skip(1)), pair => Assert.True(pair.First.FirstValue + pair.First.ValueCount <= pair.Second.FirstValue));
        Assert.Equal(_statistics.ValueCount, all[^1].FirstValue + all[^1].ValueCount);
    }

    [Fact]
    public void Each_exit_to_user_space_is_counted_as_an_exit_or_as_an_emulated_instruction()
    {
        ulong before = Activity();
        for (int i = 0; i < 100; i++)
        {
            _guest.Run();
        }

        Assert.True(Activity() - before >= 100, "100 exits were not counted.");
    }

    [Fact]
    public void An_unknown_name_is_not_found() => Assert.Null(_statistics.Find("no such statistic"));

    [Fact]
    public void Too_little_room_is_refused()
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => _statistics.Read(new ulong[_statistics.ValueCount - 1]));
        Assert.Contains($"there are {_statistics.ValueCount}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        ulong[] values = new ulong[_statistics.ValueCount];
        _statistics.Read(values);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            _statistics.Read(values);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private ulong Activity()
    {
        ulong[] values = new ulong[_statistics.ValueCount];
        _statistics.Read(values);
        return values[_statistics.Find("exits")!.FirstValue] + values[_statistics.Find("insn_emulation")!.FirstValue];
    }
}
