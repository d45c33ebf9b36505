// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Guest.Probes;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Tests.AnyKvm.Machine;

/// <summary>A guest in JMP to itself with interrupts disabled: nothing but a kick ends it.</summary>
public sealed class KickTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _machine;

    public KickTests() => _machine = new VirtualMachine(_kvm, ProbeGuest.Spin(), GuestCpuid.Of(_kvm));

    public void Dispose()
    {
        _machine.Dispose();
        _kvm.Dispose();
    }

    [Fact]
    public void A_deadline_ends_it_and_not_before()
    {
        long start = Stopwatch.GetTimestamp();
        MachineStop stop = _machine.Run(TimeSpan.FromMilliseconds(20));
        Assert.Equal(StopReason.Deadline, stop.Reason);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(20));
        Assert.Equal((uint)ProbeGuest.Text, stop.Crash!.Context.Eip);
        Assert.Contains("(spin)", stop.Crash.Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void The_shortest_deadline_ends_it() => Assert.Equal(StopReason.Deadline, _machine.Run(TimeSpan.FromTicks(1)).Reason);

    [Fact]
    public void After_a_deadline_it_can_be_run_on()
    {
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(StopReason.Deadline, _machine.Run(TimeSpan.FromMilliseconds(1)).Reason);
        }
    }

    [Fact]
    public void A_cancellation_before_the_run_ends_it_at_once() =>
        Assert.Equal(StopReason.Cancelled, _machine.Run(Long, new CancellationToken(canceled: true)).Reason);

    [Fact]
    public void A_thousand_cancellations_in_a_row_at_any_moment_lose_none()
    {
        Random random = new(1);
        for (int i = 0; i < 1000; i++)
        {
            using CancellationTokenSource source = new();
            int spins = random.Next(20_000);
            Thread kicker = new(() =>
            {
                Thread.SpinWait(spins);
                source.Cancel();
            });
            kicker.Start();
            Assert.Equal(StopReason.Cancelled, _machine.Run(Long, source.Token).Reason);
            kicker.Join();
        }
    }

    [Fact]
    public void A_cancellation_that_comes_too_late_does_not_end_the_next_run()
    {
        using VirtualMachine machine = new(_kvm, ProbeGuest.Flat(), GuestCpuid.Of(_kvm));
        using CancellationTokenSource source = new();
        Assert.Equal(StopReason.Exit, machine.Run(Long, source.Token).Reason);
        source.Cancel();
        Assert.Equal(StopReason.Deadline, _machine.Run(TimeSpan.FromMilliseconds(5)).Reason);
    }

    [Fact]
    public void The_collector_is_not_held_up_by_a_guest_and_does_not_end_it()
    {
        using CancellationTokenSource source = new();
        MachineStop? stop = null;
        Thread runner = new(() => stop = _machine.Run(Long, source.Token));
        runner.Start();
        for (int i = 0; i < 20; i++)
        {
            GC.Collect();
        }

        source.Cancel();
        runner.Join();
        Assert.Equal(StopReason.Cancelled, stop!.Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void A_time_that_is_none_is_refused(long ticks) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _machine.Run(TimeSpan.FromTicks(ticks)));
}
