// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class HardwareProofTests
{
    private const uint GoodAdd = CalibrationChain.Length;
    private const uint GoodMultiply = 3 * CalibrationChain.Length;
    private const uint GoodFloat = 4 * CalibrationChain.Length;
    private const uint GoodTimer = 30;

    private const int TscKhz = 1_000_000;
    private const ulong Ticks = TscKhz;
    private const ulong Calls = 5000;

    // 1 ms of calls in a run of 2 ms.
    private static readonly TimeSpan Elapsed = TimeSpan.FromMilliseconds(2);

    [Theory]
    [InlineData(null, Verdict.Hardware)]
    [InlineData("KVMKVMKVM", Verdict.HardwareNested)]
    [InlineData("Microsoft Hv", Verdict.HardwareNested)]
    [InlineData("", Verdict.HardwareNested)]
    public void When_every_observation_is_a_CPUs_only_the_hypervisor_makes_a_difference(string? hypervisor, Verdict verdict) =>
        Assert.Equal(verdict, HardwareProof.Judge(Host(hypervisor, "kvm_amd"), Times(), Ticks, Calls, TscKhz, emulatedInstructions: 0, Elapsed).Verdict);

    [Theory]
    [InlineData(0.73, 52, 26)]
    [InlineData(1, 74, 1)]
    [InlineData(2.5, 160, 1)]
    public void The_timers_own_time_and_its_steps_do_not_hide_a_CPU(double ticksPerCycle, uint timer, uint step)
    {
        // A chain takes its cycles and the timer's, and the TSC goes in steps: at the worst, up for one chain and down for the other.
        uint add = ((uint)((GoodAdd * ticksPerCycle) + timer) / step * step) + step;
        uint multiply = (uint)((GoodMultiply * ticksPerCycle) + timer) / step * step;
        Assert.Equal(Verdict.Hardware, HardwareProof.Judge(Host(null, "kvm_amd"), Times(add, multiply, timer, (uint)(GoodFloat * ticksPerCycle) + timer), Ticks, Calls, TscKhz, 0, Elapsed).Verdict);
    }

    [Theory]
    [InlineData("kvm_pvm", null, GoodAdd, GoodMultiply, GoodTimer, 0L, "back end")]
    [InlineData(null, null, GoodAdd, GoodMultiply, GoodTimer, 0L, "back end")]
    [InlineData("kvm_amd", "TCGTCGTCGTCG", GoodAdd, GoodMultiply, GoodTimer, 0L, "CPU")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply, GoodTimer, 1L, "emulated instructions")]
    [InlineData("kvm_intel", null, 4 * GoodAdd, 4 * GoodMultiply, GoodTimer, 0L, "TSC ticks per dependent add")]
    [InlineData("kvm_intel", null, GoodAdd / 10, GoodMultiply / 10, GoodTimer, 0L, "TSC ticks per dependent add")]
    [InlineData("kvm_intel", null, GoodAdd, GoodAdd, GoodTimer, 0L, "dependent multiply / add")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply + (GoodMultiply / 40), GoodTimer, 0L, "dependent multiply / add")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply, 1000u, 0L, "ticks between two RDTSCs")]
    public void One_observation_against_it_and_the_verdict_is_emulated(
        string? module, string? hypervisor, uint add, uint multiply, uint timer, long? emulated, string against)
    {
        HardwareProof proof = HardwareProof.Judge(Host(hypervisor, module), Times(add + timer, multiply + timer, timer, (4 * add) + timer), Ticks, Calls, TscKhz, emulated, Elapsed);
        AssertAgainst(against, proof);
    }

    [Theory]
    [InlineData(1000, Verdict.Hardware)]
    [InlineData(400, Verdict.Emulated)]
    public void Where_KVM_does_not_count_what_it_emulates_a_calls_time_tells(ulong calls, Verdict verdict)
    {
        HardwareProof proof = HardwareProof.Judge(Host(null, "kvm_intel"), Times(), Ticks, calls, TscKhz, emulatedInstructions: null, Elapsed);
        Assert.Equal(verdict, proof.Verdict);
        Assert.Contains(proof.Evidence, evidence => evidence.Value.StartsWith("KVM does not tell; a call takes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(2 * GoodAdd)]
    [InlineData(8 * GoodAdd)]
    [InlineData(40 * GoodAdd)]
    public void A_floating_point_multiplication_at_another_speed_is_an_emulators(uint floating) => AssertAgainst(
        "dependent floating multiply / add",
        HardwareProof.Judge(Host(null, "kvm_amd"), Times(floating: floating), Ticks, Calls, TscKhz, 0, Elapsed));

    [Theory]
    [InlineData(null, 2.0)]
    [InlineData(TscKhz / 3, 2.0)]
    [InlineData(TscKhz, 0.9)]
    public void A_TSC_whose_time_the_host_does_not_have_proves_nothing(int? tscKhz, double elapsedMilliseconds) => AssertAgainst(
        "calls' time by the TSC",
        HardwareProof.Judge(Host(null, "kvm_intel"), Times(), Ticks, Calls, tscKhz, 0, TimeSpan.FromMilliseconds(elapsedMilliseconds)));

    [Fact]
    public void A_TSC_that_went_backwards_proves_nothing() => AssertAgainst(
        "calls' time by the TSC",
        HardwareProof.Judge(Host(null, "kvm_intel"), Times(), unchecked(0UL - 1), Calls, TscKhz, 0, Elapsed));

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(0u, GoodMultiply)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    public void Chains_that_were_never_timed_prove_nothing(uint add, uint multiply) =>
        Assert.Equal(Verdict.Emulated, HardwareProof.Judge(Host(null, "kvm_amd"), Times(add, multiply), Ticks, Calls, TscKhz, 0, Elapsed).Verdict);

    [Theory]
    [InlineData(null, Verdict.Hardware)]
    [InlineData("KVMKVMKVM", Verdict.HardwareNested)]
    [InlineData("TCGTCGTCGTCG", Verdict.Emulated)]
    public void A_process_of_the_hosts_needs_no_KVM_but_the_same_clocks(string? hypervisor, Verdict verdict)
    {
        HardwareProof proof = HardwareProof.JudgeProcess(Host(hypervisor, module: null), Times(), Ticks, TscKhz, Elapsed);
        Assert.Equal(verdict, proof.Verdict);
        Assert.DoesNotContain(proof.Evidence, evidence => evidence.Name is "back end" or "emulated instructions");
        AssertAgainst(
            "dependent floating multiply / add",
            HardwareProof.JudgeProcess(Host(null, module: null), Times(floating: 40 * GoodAdd), Ticks, TscKhz, Elapsed));
    }

    private static void AssertAgainst(string name, HardwareProof proof)
    {
        Assert.Equal(Verdict.Emulated, proof.Verdict);
        Evidence against = Assert.Single(proof.Evidence, evidence => !evidence.ForHardware);
        Assert.Equal(name, against.Name);
        Assert.NotEmpty(against.Cure);
    }

    private static CalibrationTimes Times(uint add = GoodAdd + GoodTimer, uint multiply = GoodMultiply + GoodTimer, uint timer = GoodTimer, uint floating = GoodFloat + GoodTimer) => new()
    {
        AddChainTicks = add,
        MultiplyChainTicks = multiply,
        FloatChainTicks = floating,
        TimerTicks = timer,
    };

    private static HostEnvironment Host(string? hypervisor, string? module) => new(
        "0.0.0",
        new HostCpu("AuthenticAMD", "", 23, 1, 2, hypervisor),
        Microcode: null,
        Kernel: "6.1",
        new KvmBackEnd(module, new Dictionary<string, string>()));
}
