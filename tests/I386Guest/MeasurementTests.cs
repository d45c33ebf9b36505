// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.I386Guest;

public sealed class MeasurementTests : IDisposable
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(120);

    private readonly Kvm _kvm = Kvm.Open();
    private readonly HostEnvironment _host = HostEnvironment.Read();
    private readonly GuestCpuid _cpuid;

    public MeasurementTests() => _cpuid = GuestCpuid.Of(_kvm);

    public static TheoryData<KernelProfile, EntryMechanism> Combinations()
    {
        TheoryData<KernelProfile, EntryMechanism> data = [];
        foreach (KernelProfile profile in Enum.GetValues<KernelProfile>())
        {
            foreach (EntryMechanism mechanism in Enum.GetValues<EntryMechanism>())
            {
                data.Add(profile, mechanism);
            }
        }

        return data;
    }

    public void Dispose() => _kvm.Dispose();

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Every_mechanism_runs_on_every_kernel_and_no_instruction_of_the_timed_region_is_emulated(KernelProfile profile, EntryMechanism mechanism)
    {
        SkipWithoutStatistics();
        CallResult result = Measure(profile, mechanism, 1000);
        Assert.True(result.Ticks > 0);
        Assert.Equal(0, result.Statistics!.EmulatedInstructions);
        Assert.Equal(1, result.Statistics.IoExits);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void No_call_exits(KernelProfile profile, EntryMechanism mechanism)
    {
        // What is not the end of the program and not the host's interrupts must not grow with the number of calls. The least of some runs:
        // an NMI or a page that the host moves are exits too.
        SkipWithoutStatistics();
        Assert.InRange(OtherExits(profile, mechanism, 1_000_000), 0, OtherExits(profile, mechanism, 10_000));
    }

    [Fact]
    public void Without_SEP_the_page_is_entered_by_INT_0x80()
    {
        CallMeasurement measurement = new(_kvm, _cpuid.WithoutSep(), _host);
        CallResult result = measurement.Run(new CallPlan(KernelProfile.Linux26, EntryMechanism.Vsyscall, 1000, Seed: 1), Time);
        Assert.Equal(VsyscallVariant.Int80, result.VsyscallVariant);
    }

    [Fact]
    public void The_page_lies_elsewhere_with_another_seed()
    {
        uint[] addresses = [.. Enumerable.Range(0, 10).Select(seed => Measure(KernelProfile.Bare, EntryMechanism.Vsyscall, 10, seed).VsyscallPhysicalAddress)];
        Assert.True(addresses.Distinct().Count() > 5);
    }

    [Fact]
    public void A_measurement_that_takes_too_long_is_stopped_and_says_where()
    {
        CallMeasurement measurement = new(_kvm, _cpuid, _host);
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(
            () => measurement.Run(new CallPlan(KernelProfile.Bare, EntryMechanism.Int80, uint.MaxValue, Seed: 1), TimeSpan.FromMilliseconds(100)));
        Assert.Equal(StopReason.Deadline, exception.Stop.Reason);
        Assert.StartsWith("int80 on the bare kernel: The guest's time was over in ring ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_measurement_can_be_cancelled()
    {
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(100));
        CallMeasurement measurement = new(_kvm, _cpuid, _host);
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(
            () => measurement.Run(new CallPlan(KernelProfile.Bare, EntryMechanism.Int80, uint.MaxValue, Seed: 1), Time, source.Token));
        Assert.Equal(StopReason.Cancelled, exception.Stop.Reason);
    }

    [Fact]
    public void The_checkup_finds_that_the_guest_runs_here()
    {
        Checkup checkup = Checkup.Of(Kvm.DefaultPath, _host);
        Assert.True(checkup.CanRunGuest, string.Join('\n', checkup.Checks));
        Assert.Null(checkup.Obstacle);
        Assert.NotNull(checkup.Proof);
    }

    [Fact]
    public void In_the_lab_the_verdict_is_emulated_and_never_hardware()
    {
        Assert.SkipWhen(Lab.IsHost, "this KVM is the host's own");
        Assert.Equal(Verdict.Emulated, Measure(KernelProfile.Bare, EntryMechanism.Sysenter, 1000).Proof.Verdict);
    }

    [Theory]
    [Trait(Lab.Mode, Lab.Exact)]
    [InlineData(KernelProfile.Bare, EntryMechanism.Empty, 3)]
    [InlineData(KernelProfile.Bare, EntryMechanism.Int80, 6)]
    [InlineData(KernelProfile.Bare, EntryMechanism.Sysenter, 8)]
    [InlineData(KernelProfile.Bare, EntryMechanism.Vsyscall, 17)]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Empty, 3)]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Int80, 52)]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Sysenter, 59)]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Vsyscall, 59)]
    public void A_call_is_exactly_so_many_instructions(KernelProfile profile, EntryMechanism mechanism, ulong instructions)
    {
        // The TSC counts instructions here. Around the loop there are the second half of one timer, CALL, RET, two moves and the first half of
        // another; QEMU's RDTSC gives the count before itself at both ends, Bochs' does so at one.
        ulong around = _host.BackEnd.Module == "kvm_intel" ? 9UL : 8;
        foreach (uint calls in new uint[] { 1, 1000, 10_000 })
        {
            CallLoopResults results = RunUndisturbed(profile, mechanism, calls);
            Assert.Equal((instructions * calls) + around, results.EndTicks - results.StartTicks);
        }
    }

    [Fact]
    [Trait(Lab.Mode, Lab.Exact)]
    public void Two_runs_are_the_same_to_the_last_instruction()
    {
        CallLoopResults first = RunUndisturbed(KernelProfile.Linux26, EntryMechanism.Vsyscall, 10_000);
        CallLoopResults second = RunUndisturbed(KernelProfile.Linux26, EntryMechanism.Vsyscall, 10_000);
        Assert.Equal(first.EndTicks - first.StartTicks, second.EndTicks - second.StartTicks);
        Assert.Equal(
            (first.AddChainTicks, first.MultiplyChainTicks, first.TimerTicks, first.LastResult),
            (second.AddChainTicks, second.MultiplyChainTicks, second.TimerTicks, second.LastResult));
    }

    private CallResult Measure(KernelProfile profile, EntryMechanism mechanism, uint calls, int seed = 1) =>
        new CallMeasurement(_kvm, _cpuid, _host).Run(new CallPlan(profile, mechanism, calls, seed), Time);

    /// <summary>
    /// A run with no exit but its last: the lab's timer interrupts one now and then, and the TSC counts what the handler executes. Making a
    /// machine waits for ticks of that timer, so that every run would meet the same tick, were it not for a pause that differs.
    /// </summary>
    private CallLoopResults RunUndisturbed(KernelProfile profile, EntryMechanism mechanism, uint calls)
    {
        const int tries = 50;
        Guest.I386Guest guest = GuestRun.Build(new CallLoop(mechanism, calls).Assemble(profile), profile);
        for (int i = 0; i < tries; i++)
        {
            using VirtualMachine machine = new(_kvm, guest.Image, _cpuid);
            Thread.SpinWait(i * 2000);
            Assert.Equal(StopReason.Mark, machine.Run(Time).Reason);
            MachineStop stop = machine.Run(Time);
            if (stop.Statistics!.Exits == 1)
            {
                return machine.Ram.Read<CallLoopResults>(guest.Image.PhysicalAddressOf(CallLoop.ResultsSymbol));
            }
        }

        throw new InvalidOperationException($"{tries} runs of {calls} calls, and none without an interrupt.");
    }

    private void SkipWithoutStatistics() =>
        Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.BinaryStatsFd) == 0, "this KVM has no KVM_CAP_BINARY_STATS_FD");

    private long OtherExits(KernelProfile profile, EntryMechanism mechanism, uint calls)
    {
        const int tries = 3;
        return Enumerable.Range(0, tries).Min(_ =>
        {
            StatisticsDelta statistics = Measure(profile, mechanism, calls).Statistics!;
            return statistics.Exits!.Value - statistics.IoExits!.Value - statistics.IrqExits!.Value;
        });
    }
}
