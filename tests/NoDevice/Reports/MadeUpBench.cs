// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Reports;

/// <summary>Reports of benches that nobody made.</summary>
internal static class MadeUpBench
{
    /// <summary>A quick bench's sessions and a few more: enough for an interval that is not coarse.</summary>
    public const int Sessions = 10;

    private const int Runs = 12;
    private const int TscKhz = 3_000_000;

    /// <summary>A CPU of bare metal.</summary>
    public static readonly HostCpu Cpu = new("AuthenticAMD", "AMD EPYC 7003, made up", 25, 1, 2, Hypervisor: null);

    /// <summary>A report.</summary>
    /// <param name="results">Its results; each on the CPU and the verdict that it has.</param>
    public static BenchReport Of(params IReadOnlyList<MechanismResult> results) => new()
    {
        Host = new("0.1.0", Cpu, "0xa0011d5", "6.12.1", new KvmBackEnd("kvm_amd", new Dictionary<string, string> { ["kvm_amd.npt"] = "1" })),
        Plan = new()
        {
            Protocol = Protocol.Quick with { Sessions = Sessions, Runs = Runs },
            Seed = 7,
            Mechanisms = [.. results.Select(result => new EntryPath(result.Profile, result.Mechanism))],
            Absent = [new(KernelProfile.Linux26, EntryMechanism.PageFault, "Linux 2.6.12 on i386 is not entered so")],
        },
        Results = results,
        RunsDone = results.Count * 4 * Sessions * Runs,
        Placed = new(Cpu: 3, Fifo: true, HugePages: true, Locked: true) { HugePageBytes = 4 << 20 },
        SetUpTime = TimeSpan.FromSeconds(1),
        GuestTime = TimeSpan.FromSeconds(2),
        Elapsed = TimeSpan.FromSeconds(4),
        ShowEmulated = false,
    };

    /// <summary>INT 0x80 at 600 cycles and SYSENTER at 90 on the bare kernel, on a CPU.</summary>
    public static BenchReport OnACpu(double int80 = 600, double sysenter = 90) => Of(
        Result(EntryMechanism.Int80, Around(int80)),
        Result(EntryMechanism.Sysenter, Around(sysenter)));

    /// <summary>The same, of an emulator.</summary>
    public static BenchReport Emulated() => Of(
        Result(EntryMechanism.Int80, Around(600), Verdict.Emulated),
        Result(EntryMechanism.Sysenter, Around(90), Verdict.Emulated));

    /// <summary>Mechanisms of every kind on three kernels, with noise, a few pairs that were disturbed, and two whose pairs crowd at two places.</summary>
    public static BenchReport Varied(Verdict verdict = Verdict.Hardware)
    {
        Random random = new(Seed: 12);
        BenchReport report = Of(
            Noisy(KernelProfile.Bare, EntryMechanism.Empty, 1.0),
            Noisy(KernelProfile.Bare, EntryMechanism.Call, 6.2),
            Noisy(KernelProfile.Bare, EntryMechanism.Int80, 618.4),
            Noisy(KernelProfile.Bare, EntryMechanism.Sysenter, 88.1, step: 3.2),
            Noisy(KernelProfile.Bare, EntryMechanism.Syscall, 74.6),
            Noisy(KernelProfile.Bare, EntryMechanism.CallGate, 231.9),
            Noisy(KernelProfile.Linux26, EntryMechanism.Int80, 742.5, discarded: 1400),
            Noisy(KernelProfile.Linux26, EntryMechanism.Vsyscall, 241.3, step: 11),
            Noisy(KernelProfile.Bare64, EntryMechanism.Syscall, 71.2),
            Noisy(KernelProfile.Bare64, EntryMechanism.PageFault, 1094),
            Noisy(KernelProfile.Bare64, EntryMechanism.Cpuid, 1523),
            Noisy(KernelProfile.Bare64, EntryMechanism.Mmio, 7441),
            Noisy(KernelProfile.Bare64, EntryMechanism.Syscall, 79.4) with { Mitigation = Mitigation.SwapgsLfence },
            Noisy(KernelProfile.Bare64, EntryMechanism.Syscall, 402) with { Mitigation = Mitigation.Cr3 },
            Noisy(KernelProfile.Bare64, EntryMechanism.Syscall, 262) with { Mitigation = Mitigation.Cr3Pcid },
            Noisy(KernelProfile.Bare64, EntryMechanism.Syscall, 318) with { Mitigation = Mitigation.Ibrs },
            Noisy(KernelProfile.Bare64, EntryMechanism.Syscall, 522) with { Mitigation = Mitigation.Verw },
            Noisy(KernelProfile.Host64, EntryMechanism.Syscall, 388));
        return report with
        {
            Host = report.Host with
            {
                BackEnd = new("kvm_amd", new Dictionary<string, string> { ["kvm.halt_poll_ns"] = "200000", ["kvm_amd.avic"] = "N", ["kvm_amd.npt"] = "1", ["kvm_amd.sev"] = "0" }),
                Tuning = new()
                {
                    Cpu = 3,
                    ScalingGovernor = "performance",
                    ScalingDriver = "amd-pstate",
                    Boost = "0",
                    SmtActive = "0",
                    SmtControl = "off",
                    Isolated = "2-3",
                    NohzFull = "",
                    ClockSource = "tsc",
                    Vulnerabilities = new Dictionary<string, string>
                    {
                        ["meltdown"] = "Not affected",
                        ["spectre_v2"] = "Mitigation: Retpolines; IBPB: conditional; IBRS_FW; STIBP: disabled; RSB filling; PBRSB-eIBRS: Not affected; BHI: Not affected",
                    },
                },
            },
        };

        MechanismResult Noisy(KernelProfile profile, EntryMechanism mechanism, double cycles, double step = 0, int discarded = 48)
        {
            double[][] sessions = [.. Enumerable.Range(0, Sessions).Select(session => PairsOf(cycles * (1 + (0.0008 * Normal())), session % 3 == 1 ? 0.7 : 0.2))];
            return Result(mechanism, [cycles], verdict, profile) with
            {
                Discards = new(15_360, discarded, new Dictionary<GateReason, int> { [GateReason.HostInterrupt] = discarded }),
                Cycles = CostOf(1),
                Ticks = CostOf(0.75),
                Nanoseconds = CostOf(0.25),
                ByAlignment = new Dictionary<int, CallCost?> { [0] = CostOf(1), [16] = CostOf(mechanism == EntryMechanism.Int80 ? 1.04 : 1), [32] = CostOf(1), [48] = CostOf(1) },
            };

            double[] PairsOf(double middle, double often) =>
            [
                .. Enumerable.Range(0, 200).Select(pair =>
                    (middle * (1 + (0.002 * Normal()))) + (random.NextDouble() < often ? step : 0) + (pair % 90 == 7 ? 0.05 * cycles : 0)),
            ];

            CallCost? CostOf(double factor) => CallCost.Of(sessions.Select(session => (IReadOnlyCollection<double>)[.. session.Select(value => value * factor)]));
        }

        double Normal() => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
    }

    /// <summary>A result.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="cycles">The sessions' medians in core cycles; null when nothing is left.</param>
    /// <param name="verdict">What they are worth.</param>
    /// <param name="profile">The kernel.</param>
    /// <param name="tscKhz">Rate of the TSC; null when it is not known.</param>
    public static MechanismResult Result(
        EntryMechanism mechanism, double[]? cycles, Verdict verdict = Verdict.Hardware, KernelProfile profile = KernelProfile.Bare, int? tscKhz = TscKhz)
    {
        return new()
        {
            Profile = profile,
            Mechanism = mechanism,
            Proof = Proof(verdict),
            Runs = 4 * Sessions * Runs,
            Discards = new(15_360, cycles is null ? 15_360 : 48, new Dictionary<GateReason, int> { [GateReason.HostInterrupt] = 48 }),
            Cycles = Cost(cycles, 1),
            Ticks = Cost(cycles, 0.75),
            Nanoseconds = tscKhz is int rate ? Cost(cycles, 0.75e6 / rate) : null,
            InterceptCycles = new(40, 38, 42, 0.95),
            ByAlignment = new Dictionary<int, CallCost?> { [0] = Cost(cycles, 1), [16] = null },
            TscKhz = tscKhz,
            Calls = 1_000_000,
            Exits = 490,
            IrqExits = 10,
            EmulatedInstructions = 0,
        };
    }

    /// <summary>As many values as sessions, evenly spread over a tenth around a middle.</summary>
    public static double[] Around(double middle, int count = Sessions) =>
        [.. Enumerable.Range(0, count).Select(index => middle + (0.1 * ((index - ((count - 1) / 2.0)) / count)))];

    /// <summary>A report as kvmsys bench --json writes it.</summary>
    public static string Json(BenchReport report) => JsonSerializer.Serialize(BenchDocument.Of(report), KvmsysJson.Default.BenchDocument);

    /// <summary>The bytes of a file.</summary>
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static CallCost? Cost(double[]? cycles, double factor) =>
        cycles is null ? null : CallCost.Of(cycles.Select(value => (IReadOnlyCollection<double>)[value * factor]));

    /// <summary>A proof has no constructor: it is judged, of an observation each that speaks for a CPU but one.</summary>
    private static HardwareProof Proof(Verdict verdict)
    {
        HostCpu cpu = Cpu with { Hypervisor = verdict == Verdict.HardwareNested ? "KVMKVMKVM" : null };
        string module = verdict == Verdict.Emulated ? "kvm_pvm" : "kvm_amd";
        CalibrationTimes times = new()
        {
            AddChainTicks = CalibrationChain.Length + 30,
            MultiplyChainTicks = (3 * CalibrationChain.Length) + 30,
            FloatChainTicks = (4 * CalibrationChain.Length) + 30,
            TimerTicks = 30,
        };
        HardwareProof proof = HardwareProof.Judge(
            new("0.1.0", cpu, null, "6.12.1", new KvmBackEnd(module, new Dictionary<string, string>())), times, 1_000_000, 5000, 1_000_000, 0, TimeSpan.FromMilliseconds(2));
        Assert.Equal(verdict, proof.Verdict);
        return proof;
    }
}
