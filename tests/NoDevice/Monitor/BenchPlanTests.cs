// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class BenchPlanTests
{
    private static readonly CpuIdentity Intel = new("GenuineIntel", 6, 60, 3, Sep: true);

    private static readonly EntryPath[] Everything =
    [
        .. from profile in Enum.GetValues<KernelProfile>()
           from mechanism in Enum.GetValues<EntryMechanism>()
           where EntryPath.ProfilesOf(mechanism).Contains(profile)
           select new EntryPath(profile, mechanism),
    ];

    private static string? OnIntel(EntryPath path) => path.AbsenceOn(Intel);

    [Theory]
    [InlineData("GenuineIntel", KernelProfile.Bare64, EntryMechanism.Syscall, true)]
    [InlineData("GenuineIntel", KernelProfile.Bare64, EntryMechanism.Int80, true)]
    [InlineData("GenuineIntel", KernelProfile.Compatibility, EntryMechanism.Syscall, false)]
    [InlineData("GenuineIntel", KernelProfile.Compatibility, EntryMechanism.Sysenter, true)]
    [InlineData("AuthenticAMD", KernelProfile.Bare64, EntryMechanism.Syscall, true)]
    [InlineData("AuthenticAMD", KernelProfile.Compatibility, EntryMechanism.Syscall, true)]
    [InlineData("AuthenticAMD", KernelProfile.Compatibility, EntryMechanism.Sysenter, false)]
    [InlineData("AuthenticAMD", KernelProfile.Compatibility, EntryMechanism.Int80, true)]
    [InlineData("AuthenticAMD", KernelProfile.Bare64, EntryMechanism.Hlt, true)]
    [InlineData("GenuineIntel", KernelProfile.Bare64, EntryMechanism.Vmcall, true)]
    public void The_vendor_decides_what_a_64_bit_kernel_can_be_entered_by(string vendor, KernelProfile profile, EntryMechanism mechanism, bool there) =>
        Assert.Equal(there, new EntryPath(profile, mechanism).AbsenceOn(new CpuIdentity(vendor, 6, 60, 3, Sep: true)) is null);

    [Theory]
    [InlineData("GenuineIntel", true, EntryMechanism.Sysenter, true)]
    [InlineData("GenuineIntel", false, EntryMechanism.Sysenter, false)]
    [InlineData("GenuineIntel", false, EntryMechanism.Vsyscall, true)]
    [InlineData("GenuineIntel", true, EntryMechanism.Syscall, false)]
    [InlineData("AuthenticAMD", true, EntryMechanism.Syscall, true)]
    [InlineData("HygonGenuine", true, EntryMechanism.Syscall, true)]
    [InlineData("GenuineIntel", false, EntryMechanism.CallGate, true)]
    public void The_CPU_decides_what_the_bare_kernel_can_be_entered_by(string vendor, bool sep, EntryMechanism mechanism, bool there) => Assert.Equal(
        there,
        new EntryPath(KernelProfile.Bare, mechanism).AbsenceOn(new CpuIdentity(vendor, 6, 60, 3, sep)) is null);

    [Fact]
    public void What_was_asked_for_is_either_measured_or_told_absent_with_a_reason()
    {
        BenchPlan plan = BenchPlan.Of(Everything, Protocol.Quick, seed: 1, OnIntel);
        Assert.Equal(Everything.ToHashSet(), plan.Mechanisms.Concat(plan.Absent.Select(absent => new EntryPath(absent.Profile, absent.Mechanism))).ToHashSet());
        Assert.Equal(Everything.Length, plan.Mechanisms.Count + plan.Absent.Count);
        Assert.All(plan.Absent, absent => Assert.NotEmpty(absent.Reason));
        Assert.Contains(plan.Absent, absent => absent is { Profile: KernelProfile.Bare, Mechanism: EntryMechanism.Syscall });
    }

    [Theory]
    [InlineData(CpuFeatures.None, "the guest's CPU has no FRED (CPUID 7.1:EAX[17])")]
    [InlineData(CpuFeatures.Fred, null)]
    public void FRED_is_measured_where_the_CPU_has_it_and_never_skipped_in_silence(CpuFeatures features, string? reason)
    {
        CpuIdentity cpu = Intel with { Features = features };
        EntryPath path = new(KernelProfile.Fred64, EntryMechanism.Syscall);
        BenchPlan plan = BenchPlan.Of([path], Protocol.Quick, seed: 1, path => path.AbsenceOn(cpu));
        Assert.Equal(reason is null ? [path] : [], plan.Mechanisms);
        Assert.Equal(reason, plan.Absent.SingleOrDefault()?.Reason);
    }

    [Fact]
    public void A_kernel_without_such_an_entry_is_passed_over()
    {
        BenchPlan plan = BenchPlan.Of(
            [new(KernelProfile.Linux26, EntryMechanism.CallGate), new(KernelProfile.Bare, EntryMechanism.CallGate), new(KernelProfile.Bare, EntryMechanism.Hlt)],
            Protocol.Quick,
            seed: 1,
            OnIntel);
        Assert.Equal([new EntryPath(KernelProfile.Bare, EntryMechanism.CallGate)], plan.Mechanisms);
        Assert.Empty(plan.Absent);
    }

    [Fact]
    public void Every_mechanism_is_measured_at_every_alignment()
    {
        BenchPlan plan = BenchPlan.Of(Everything, Protocol.Quick, seed: 1, OnIntel);
        Assert.Equal(plan.Mechanisms.Count * 4, plan.Paths.Distinct().Count());
        Assert.Equal(plan.Paths.Count * 6 * 8, plan.Runs);
    }

    [Fact]
    public void The_hash_is_of_what_is_measured_and_how_and_not_of_the_seed()
    {
        BenchPlan plan = BenchPlan.Of(Everything, Protocol.Quick, seed: 1, OnIntel);
        Assert.Matches("^[0-9a-f]{16}$", plan.Hash);
        Assert.Equal(plan.Hash, BenchPlan.Of(Everything, Protocol.Quick, seed: 2, OnIntel).Hash);
        Assert.Equal(
            "8c15637f168cd1d5", BenchPlan.Of([new(KernelProfile.Bare, EntryMechanism.Int80)], Protocol.Quick, seed: 1, OnIntel).Hash);
        Assert.NotEqual(plan.Hash, BenchPlan.Of(Everything, Protocol.Full, seed: 1, OnIntel).Hash);
        Assert.NotEqual(plan.Hash, BenchPlan.Of(Everything[..3], Protocol.Quick, seed: 1, OnIntel).Hash);
        Assert.NotEqual(plan.Hash, BenchPlan.Of(Everything, Protocol.Quick with { Alignments = [0, 16] }, seed: 1, OnIntel).Hash);
    }

    [Theory]
    [InlineData(50, 3_000_000)]
    [InlineData(100, 1_000_000)]
    [InlineData(1_000, 2_500_000)]
    [InlineData(9_000, 4_800_000)]
    public void A_short_batch_takes_20_to_40_us_on_every_clock(double ticksPerCall, int tscKhz)
    {
        CallLoopParameters parameters = PathSession.ParametersFor(ticksPerCall * CallLoop.CallsPerRound, tscKhz);
        double microseconds = parameters.Rounds * CallLoop.CallsPerRound * ticksPerCall * 1000 / tscKhz;
        Assert.InRange(microseconds, 20, 40);
        Assert.Equal(Protocol.Batches, (int)parameters.Batches);
    }

    [Fact]
    public void What_takes_longer_than_a_batch_is_called_eight_times() =>
        Assert.Equal(1u, PathSession.ParametersFor(ticksPerRound: 1e7, tscKhz: 1_000_000).Rounds);

    [Theory]
    [InlineData(100, 3_000_000, 6_000_000)]
    [InlineData(100_000, 1_000_000, 100_000_000)]
    public void A_warm_up_is_2_ms_and_a_thousand_calls(double ticksPerCall, int tscKhz, uint ticks) =>
        Assert.Equal(ticks, PathSession.ParametersFor(ticksPerCall * CallLoop.CallsPerRound, tscKhz).WarmUpTicks);

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 60)]
    public void A_mechanism_takes_no_longer_than_promised(bool quick, double seconds)
    {
        // By the longest that a batch may be, the warm-up for a call of 5 us, and the chains of a core of 2 GHz whose floating-point
        // multiplication takes 6 cycles.
        Protocol protocol = quick ? Protocol.Quick : Protocol.Full;
        double batches = Protocol.Batches / 2 * 3 * 2 * Protocol.Batch.TotalSeconds;
        double chains = 2 * 4 * CalibrationChain.Length * (1 + 3 + 6) / 2e9;
        double warmUp = Math.Max(Protocol.WarmUp.TotalSeconds, Protocol.WarmUpCalls * 5e-6);
        double run = warmUp + batches + chains;
        Assert.InRange(protocol.Sessions * protocol.Runs * protocol.Alignments.Length * run, 0, seconds);
    }
}
