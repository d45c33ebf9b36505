// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.I386Guest;

public sealed class MeasurementTests : IDisposable
{
    // Of a short batch in the exact lab.
    private const uint Calls = 64;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(120);

    private static readonly CallLoopParameters Short = new() { Rounds = 16, Batches = 8, WarmUpRounds = 16, WarmUpGroups = 2 };

    private readonly Kvm _kvm = Kvm.Open();
    private readonly HostEnvironment _host = HostEnvironment.Read();
    private readonly GuestCpuid _cpuid;

    public MeasurementTests() => _cpuid = GuestCpuid.Of(_kvm);

    /// <summary>What this CPU has.</summary>
    public static TheoryData<KernelProfile, EntryMechanism> Combinations()
    {
        using Kvm kvm = Kvm.Open();
        CpuIdentity cpu = GuestCpuid.Of(kvm).Identity;
        TheoryData<KernelProfile, EntryMechanism> data = [];
        foreach (KernelProfile profile in Enum.GetValues<KernelProfile>())
        {
            foreach (EntryMechanism mechanism in Enum.GetValues<EntryMechanism>().Where(mechanism =>
                EntryPath.ProfilesOf(mechanism).Contains(profile) && new EntryPath(profile, mechanism) is { IsOnHost: false } path && path.AbsenceOn(cpu) is null))
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
        using MeasuredGuest guest = Make(new EntryPath(profile, mechanism));
        CallRun run = guest.Run(Short, Time);
        Assert.True(run.BatchTicks > 0);
        Assert.Equal(0, run.UnexpectedEmulations);
        Assert.Equal(1 + (mechanism == EntryMechanism.Pio ? (long)run.AllCalls : 0), run.Statistics!.IoExits);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void No_call_exits_but_those_that_KVM_intercepts(KernelProfile profile, EntryMechanism mechanism)
    {
        // What is neither a call's own exit nor the end of the run nor the host's interrupts must not grow with the number of calls. The least
        // of some runs: an NMI or a page that the host moves are exits too.
        SkipWithoutStatistics();
        Assert.InRange(OtherExits(profile, mechanism, rounds: 500), 0, OtherExits(profile, mechanism, rounds: 5));
    }

    [Fact]
    public void Exits_and_emulated_instructions_that_are_not_the_mechanisms_own_are_seen()
    {
        // #UD exits and is emulated on every KVM; said to be INT 0x80, it is what a planted exit would be.
        SkipWithoutStatistics();
        const GateReason both = GateReason.UnexpectedExit | GateReason.EmulatedInstruction;
        using MeasuredGuest guest = Make(new EntryPath(KernelProfile.Bare, EntryMechanism.InvalidOpcode));
        CallRun run = guest.Run(Short, Time);
        Assert.Equal(GateReason.None, GatedRun.Of(run).Reasons & GateReason.EmulatedInstruction);
        Assert.Equal(both, GatedRun.Of(run with { Path = new EntryPath(KernelProfile.Bare, EntryMechanism.Int80) }).Reasons & both);
    }

    [Fact]
    public void Without_SEP_the_page_is_entered_by_INT_0x80()
    {
        CallMeasurement measurement = new(_kvm, _cpuid.WithoutSep(), _host);
        CallResult result = measurement.Run(new EntryPath(KernelProfile.Linux26, EntryMechanism.Vsyscall), calls: 1000, seed: 1, Time);
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
            () => measurement.Run(new EntryPath(KernelProfile.Bare, EntryMechanism.Int80), uint.MaxValue, seed: 1, TimeSpan.FromMilliseconds(100)));
        Assert.Equal(StopReason.Deadline, exception.Stop.Reason);
        Assert.StartsWith("int80 on the bare kernel: The guest's time was over in ring ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_measurement_can_be_cancelled()
    {
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(100));
        CallMeasurement measurement = new(_kvm, _cpuid, _host);
        GuestStoppedException exception = Assert.Throws<GuestStoppedException>(
            () => measurement.Run(new EntryPath(KernelProfile.Bare, EntryMechanism.Int80), uint.MaxValue, seed: 1, Time, source.Token));
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

    /// <summary>Instructions of a call. #UD is not among them: KVM, which takes part in it, is in the TSC too.</summary>
    public static TheoryData<KernelProfile, EntryMechanism, double> Instructions() => new()
    {
        { KernelProfile.Bare, EntryMechanism.Empty, 1 },
        { KernelProfile.Bare, EntryMechanism.Call, 3 },
        { KernelProfile.Bare, EntryMechanism.Int80, 4 },
        { KernelProfile.Bare, EntryMechanism.Sysenter, 6 },
        { KernelProfile.Bare, EntryMechanism.Vsyscall, 15 },
        { KernelProfile.Bare, EntryMechanism.Syscall, 4 },
        { KernelProfile.Bare, EntryMechanism.CallGate, 4 },
        { KernelProfile.Bare, EntryMechanism.PageFault, 6 },
        { KernelProfile.Linux26, EntryMechanism.Empty, 1 },
        { KernelProfile.Linux26, EntryMechanism.Call, 3 },
        { KernelProfile.Linux26, EntryMechanism.Int80, 50 },
        { KernelProfile.Linux26, EntryMechanism.Sysenter, 57 },
        { KernelProfile.Linux26, EntryMechanism.Vsyscall, 57 },
        { KernelProfile.Bare64, EntryMechanism.Empty, 1 },
        { KernelProfile.Bare64, EntryMechanism.Call, 3 },
        { KernelProfile.Bare64, EntryMechanism.Int80, 4 },
        { KernelProfile.Bare64, EntryMechanism.Syscall, 4 },
        { KernelProfile.Bare64, EntryMechanism.PageFault, 6 },
        { KernelProfile.Compatibility, EntryMechanism.Empty, 1 },
        { KernelProfile.Compatibility, EntryMechanism.Call, 3 },
        { KernelProfile.Compatibility, EntryMechanism.Int80, 4 },
        { KernelProfile.Compatibility, EntryMechanism.Sysenter, 6 },
        { KernelProfile.Compatibility, EntryMechanism.Syscall, 4 },
        { KernelProfile.Compatibility, EntryMechanism.PageFault, 6 },
    };

    [Theory]
    [Trait(Lab.Mode, Lab.Exact)]
    [MemberData(nameof(Instructions))]
    public void A_call_is_exactly_so_many_instructions_wherever_it_lies(KernelProfile profile, EntryMechanism mechanism, double instructions)
    {
        // The TSC counts instructions here, so that a cost is a number of them: the call's own, and its share of the loop's two.
        // QEMU does not count an instruction that faults in its memory access.
        Assert.SkipWhen(new EntryPath(profile, mechanism).AbsenceOn(_cpuid.Identity) is not null, "this CPU has no such entry");
        bool isQemu = _host.BackEnd.Module == "kvm_amd";
        foreach (int alignment in Protocol.Quick.Alignments)
        {
            GatedRun run = RunUndisturbed(new EntryPath(profile, mechanism, alignment), seed: alignment);
            double expected = instructions + (2.0 / CallLoop.CallsPerRound) - (isQemu && mechanism == EntryMechanism.PageFault ? 1 : 0);
            Assert.Equal(Protocol.Batches / 2, run.Pairs.Count);
            Assert.Equal(expected, MedianInterval.Of([.. run.Pairs.Select(pair => pair.CallTicks)]).Value);

            // Bochs' TSC is now and then one instruction late.
            Assert.All(run.Pairs, pair => Assert.InRange(pair.CallTicks, expected - (isQemu ? 0 : 1.0 / Calls), expected + (isQemu ? 0 : 1.0 / Calls)));
        }
    }

    [Theory]
    [Trait(Lab.Mode, Lab.Exact)]
    [InlineData(Mitigation.Swapgs, 2)]
    [InlineData(Mitigation.SwapgsLfence, 3)]
    [InlineData(Mitigation.Cr3, 4)]
    [InlineData(Mitigation.Cr3Global, 4)]
    [InlineData(Mitigation.Cr3Pcid, 4)]
    [InlineData(Mitigation.Ibrs, 16)]
    [InlineData(Mitigation.Ibpb, 8)]
    [InlineData(Mitigation.RsbStuffing, 34)]
    [InlineData(Mitigation.Verw, 1)]
    public void A_mitigation_adds_exactly_its_instructions_to_every_entry(Mitigation mitigation, double instructions)
    {
        // VERW is everywhere; what it clears where there is MD_CLEAR does not matter here.
        EntryPath[] paths =
        [
            .. from profile in new[] { KernelProfile.Bare64, KernelProfile.Compatibility }
               from mechanism in new[] { EntryMechanism.Int80, EntryMechanism.Sysenter, EntryMechanism.Syscall }
               let path = new EntryPath(profile, mechanism, Mitigation: mitigation)
               where EntryPath.ProfilesOf(mechanism).Contains(profile)
               where (path with { Mitigation = mitigation == Mitigation.Verw ? Mitigation.None : mitigation }).AbsenceOn(_cpuid.Identity) is null
               select path,
        ];
        Assert.SkipWhen(paths.Length == 0, "this CPU has no such feature");
        Assert.All(paths, path =>
        {
            double plain = path.Mechanism == EntryMechanism.Sysenter ? 6 : 4;
            double cost = MedianInterval.Of([.. RunUndisturbed(path, seed: 1).Pairs.Select(pair => pair.CallTicks)]).Value;
            Assert.Equal(plain + instructions + (2.0 / CallLoop.CallsPerRound), cost);
        });
    }

    [Fact]
    [Trait(Lab.Mode, Lab.Exact)]
    public void Two_runs_are_the_same_to_the_last_instruction()
    {
        EntryPath path = new(KernelProfile.Linux26, EntryMechanism.Vsyscall);
        GatedRun first = RunUndisturbed(path, seed: 1);
        GatedRun second = RunUndisturbed(path, seed: 2);
        Assert.Equal(MedianOf(first), MedianOf(second));
        Assert.Equal((first.Before, first.After), (second.Before, second.After));

        static double MedianOf(GatedRun run) => MedianInterval.Of([.. run.Pairs.Select(pair => pair.CallTicks)]).Value;
    }

    private MeasuredGuest Make(EntryPath path, int seed = 1) => new(_kvm, _cpuid, path, seed, Guest.I386GuestOptions.MinMemorySize);

    private CallResult Measure(KernelProfile profile, EntryMechanism mechanism, uint calls, int seed = 1) =>
        new CallMeasurement(_kvm, _cpuid, _host).Run(new EntryPath(profile, mechanism), calls, seed, Time);

    /// <summary>
    /// A run with no exit but its last: the lab's timer interrupts one now and then, and the TSC counts what the handler executes. Making a
    /// machine waits for ticks of that timer, so that every run would meet the same tick, were it not for a pause that differs.
    /// </summary>
    private GatedRun RunUndisturbed(EntryPath path, int seed)
    {
        const int tries = 50;
        CallLoopParameters parameters = new() { Rounds = Calls / CallLoop.CallsPerRound, Batches = Protocol.Batches, WarmUpRounds = 8, WarmUpGroups = 2 };
        using MeasuredGuest guest = Make(path, seed);
        for (int i = 0; i < tries; i++)
        {
            CallRun run = guest.Run(parameters, Time);
            if (i > 0 && run.UnexpectedExits == 0)
            {
                return GatedRun.Of(run);
            }

            Thread.SpinWait(i * 2000);
        }

        throw new InvalidOperationException($"{tries} runs of {path}, and none without an interrupt.");
    }

    private void SkipWithoutStatistics() =>
        Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.BinaryStatsFd) == 0, "this KVM has no KVM_CAP_BINARY_STATS_FD");

    private long OtherExits(KernelProfile profile, EntryMechanism mechanism, uint rounds)
    {
        const int tries = 4;
        using MeasuredGuest guest = Make(new EntryPath(profile, mechanism));
        return Enumerable.Range(0, tries).Min(_ =>
        {
            CallRun run = guest.Run(new() { Rounds = rounds, Batches = 2, WarmUpRounds = 1, WarmUpGroups = 1 }, Time);
            return run.UnexpectedExits!.Value - run.Statistics!.IrqExits!.Value;
        });
    }
}
