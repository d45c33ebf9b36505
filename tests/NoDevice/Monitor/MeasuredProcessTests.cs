// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Monitor;

/// <summary>The measured program as a process of the Linux that the tests run on. No KVM has a part in it.</summary>
public sealed class MeasuredProcessTests
{
    private const uint Rounds = 50;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);
    private static readonly HostLinux Linux = HostLinux.Probe();
    private static readonly CallLoopParameters Short = new() { Rounds = Rounds, Batches = 8, WarmUpRounds = 10, WarmUpGroups = 3 };

    // Days.
    private static readonly CallLoopParameters Endless = new() { Rounds = uint.MaxValue / 2, Batches = CallLoop.MaxBatches, WarmUpRounds = 1, WarmUpGroups = 1 };

    public static TheoryData<KernelProfile, EntryMechanism> Paths()
    {
        TheoryData<KernelProfile, EntryMechanism> data = [];
        foreach (KernelProfile profile in new[] { KernelProfile.Host32, KernelProfile.Host64 })
        {
            foreach (EntryMechanism mechanism in Enum.GetValues<EntryMechanism>().Where(mechanism => EntryPath.ProfilesOf(mechanism).Contains(profile)))
            {
                data.Add(profile, mechanism);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void It_times_as_many_calls_as_it_is_told_run_after_run(KernelProfile profile, EntryMechanism mechanism)
    {
        using MeasuredProcess process = Start(profile, mechanism);
        for (int i = 0; i < 3; i++)
        {
            CallRun run = process.Run(Short, Time);
            Assert.Equal(Rounds * CallLoop.CallsPerRound, run.Calls);
            CallLoopResults.BatchArray batches = run.Results.Batches;
            for (int batch = 0; batch < Short.Batches; batch++)
            {
                Assert.InRange(batches[batch].EndTicks, batches[batch].StartTicks + 1, ulong.MaxValue);
                Assert.True(batch == 0 || batches[batch].StartTicks > batches[batch - 1].EndTicks);
            }

            Assert.Equal(0UL, batches[(int)Short.Batches].EndTicks);
            Assert.InRange(run.Results.WarmUpGroups, 1u, 3u);
            Assert.True(run.Results.Before.AddChainTicks > 0);
            Assert.True(run.UsageAfter.PageFaults >= run.UsageBefore.PageFaults && run.UsageBefore.PageFaults > 0);
            Assert.InRange(run.UsageBefore.Cpu, 0, Environment.ProcessorCount - 1);
            Assert.Null(run.Statistics);
        }
    }

    [Fact]
    public void The_rate_of_the_TSC_is_the_same_for_both_programs()
    {
        double[] rates = [RateOf(KernelProfile.Host64), Linux.Runs32Bit ? RateOf(KernelProfile.Host32) : RateOf(KernelProfile.Host64)];
        Assert.Equal(1, rates[0] / rates[1], tolerance: 0.01);

        static double RateOf(KernelProfile profile)
        {
            using MeasuredProcess process = Start(profile, EntryMechanism.Empty);
            Assert.Null(process.TscKhz);
            process.Run(Short, Time);

            // The rate is that of the time between: what entering the kernel for the clock takes is nothing of it then.
            Thread.Sleep(50);
            process.Run(Short, Time);
            return process.TscKhz!.Value;
        }
    }

    [Fact]
    public void A_run_that_takes_too_long_ends_at_its_time_and_says_so()
    {
        using MeasuredProcess process = Start(KernelProfile.Host64, EntryMechanism.Syscall);
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(() => process.Run(Endless, TimeSpan.FromMilliseconds(100)));
        Assert.Equal(StopReason.Deadline, exception.Stop.Reason);
        Assert.Equal("syscall on host64: Deadline", exception.Message);
    }

    [Fact]
    public void A_run_can_be_cancelled()
    {
        using MeasuredProcess process = Start(KernelProfile.Host64, EntryMechanism.Syscall);
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(100));
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(() => process.Run(Endless, Time, source.Token));
        Assert.Equal(StopReason.Cancelled, exception.Stop.Reason);
    }

    [Fact]
    public void A_process_that_somebody_killed_between_two_runs_is_told_and_can_be_disposed()
    {
        MeasuredProcess process = Start(KernelProfile.Host64, EntryMechanism.Syscall);
        using Process child = Process.GetProcessById((int)process.Run(Short, Time).Results.LastResult);
        child.Kill();
        child.WaitForExit();
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(() => process.Run(Short, Time));
        Assert.Equal("syscall on host64: exit status 137", exception.Message);
        process.Dispose();
    }

    [Fact]
    public void A_program_that_the_kernel_ends_is_told_with_its_status()
    {
        // Nothing is mapped where the batch's number points, and no kernel of ours takes the fault.
        using MeasuredProcess process = Start(KernelProfile.Host64, EntryMechanism.PageFault);
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(() => process.Run(Short, Time));
        Assert.Equal("pagefault on host64: exit status 139", exception.Message);
    }

    [Fact]
    public void What_is_absent_has_a_reason_and_only_what_is_32_bit_can_be()
    {
        HostLinux none = new(Runs32Bit: false, HasVsyscall: false);
        Assert.Null(none.AbsenceOf(new(KernelProfile.Host64, EntryMechanism.Syscall)));
        Assert.Contains("CONFIG_IA32_EMULATION", none.AbsenceOf(new(KernelProfile.Host64, EntryMechanism.Int80)), StringComparison.Ordinal);
        Assert.Contains("CONFIG_IA32_EMULATION", none.AbsenceOf(new(KernelProfile.Host32, EntryMechanism.Vsyscall)), StringComparison.Ordinal);
        HostLinux without = new(Runs32Bit: true, HasVsyscall: false);
        Assert.Contains("vdso32=0", without.AbsenceOf(new(KernelProfile.Host32, EntryMechanism.Vsyscall)), StringComparison.Ordinal);
        Assert.Null(without.AbsenceOf(new(KernelProfile.Host32, EntryMechanism.Int80)));
        Assert.Null(new HostLinux(Runs32Bit: true, HasVsyscall: true).AbsenceOf(new(KernelProfile.Host32, EntryMechanism.Vsyscall)));
    }

    private static MeasuredProcess Start(KernelProfile profile, EntryMechanism mechanism)
    {
        EntryPath path = new(profile, mechanism, Alignment: 16);
        string? absence = Linux.AbsenceOf(path);
        Assert.SkipWhen(absence is not null, absence ?? "");
        return new MeasuredProcess(path);
    }
}
