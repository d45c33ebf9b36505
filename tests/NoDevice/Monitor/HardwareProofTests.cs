// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class HardwareProofTests
{
    private const uint GoodAdd = CalibrationChain.Length;
    private const uint GoodMultiply = 3 * CalibrationChain.Length;
    private const uint GoodTimer = 30;

    [Theory]
    [InlineData(null, Verdict.Hardware)]
    [InlineData("KVMKVMKVM", Verdict.HardwareNested)]
    [InlineData("Microsoft Hv", Verdict.HardwareNested)]
    [InlineData("", Verdict.HardwareNested)]
    public void When_every_observation_is_a_CPUs_only_the_hypervisor_bit_makes_a_difference(string? hypervisor, Verdict verdict) =>
        Assert.Equal(verdict, HardwareProof.Judge(Host(hypervisor, "kvm_amd"), GoodAdd, GoodMultiply, GoodTimer, emulatedInstructions: 0).Verdict);

    [Theory]
    [InlineData("kvm_pvm", null, GoodAdd, GoodMultiply, GoodTimer, 0L, "back end")]
    [InlineData(null, null, GoodAdd, GoodMultiply, GoodTimer, 0L, "back end")]
    [InlineData("kvm_amd", "TCGTCGTCGTCG", GoodAdd, GoodMultiply, GoodTimer, 0L, "CPU")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply, GoodTimer, 1L, "emulated instructions")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply, GoodTimer, null, "emulated instructions")]
    [InlineData("kvm_intel", null, 4 * GoodAdd, 4 * GoodMultiply, GoodTimer, 0L, "TSC ticks per dependent add")]
    [InlineData("kvm_intel", null, GoodAdd / 10, GoodMultiply / 10, GoodTimer, 0L, "TSC ticks per dependent add")]
    [InlineData("kvm_intel", null, GoodAdd, GoodAdd, GoodTimer, 0L, "dependent multiply / add")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply + (GoodMultiply / 40), GoodTimer, 0L, "dependent multiply / add")]
    [InlineData("kvm_intel", null, GoodAdd, GoodMultiply, 1000u, 0L, "ticks between two RDTSCs")]
    public void One_observation_against_it_and_the_verdict_is_emulated(
        string? module, string? hypervisor, uint add, uint multiply, uint timer, long? emulated, string against)
    {
        HardwareProof proof = HardwareProof.Judge(Host(hypervisor, module), add, multiply, timer, emulated);
        Assert.Equal(Verdict.Emulated, proof.Verdict);
        Assert.Equal(against, Assert.Single(proof.Evidence, evidence => !evidence.ForHardware).Name);
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(0u, GoodMultiply)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    public void Chains_that_were_never_timed_prove_nothing(uint add, uint multiply) =>
        Assert.Equal(Verdict.Emulated, HardwareProof.Judge(Host(null, "kvm_amd"), add, multiply, GoodTimer, 0).Verdict);

    private static HostEnvironment Host(string? hypervisor, string? module) => new(
        "0.0.0",
        new HostCpu("AuthenticAMD", "", 23, 1, 2, hypervisor),
        Microcode: null,
        Kernel: "6.1",
        new KvmBackEnd(module, new Dictionary<string, string>()));
}
