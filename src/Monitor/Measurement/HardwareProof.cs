// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Measurement;

/// <summary>
/// Decides from evidence of the same run whether a CPU executed the guest. It fails closed: one observation that speaks for an emulator, or that
/// could not be made, and the verdict is emulated.
/// </summary>
public sealed class HardwareProof
{
    // The TSC ticks at the base clock, the core at anything from a third of it to three times.
    private const double MinTicksPerAdd = 0.2;
    private const double MaxTicksPerAdd = 3;

    // Latencies of ADD and IMUL of two registers on every x86 CPU since Nehalem and Zen.
    private const double MultiplyToAdd = 3;
    private const double MultiplyTolerance = 0.02;

    // Two RDTSCs in a row take 20 to 100 ticks where RDTSC does not exit, and thousands where it does.
    private const uint MaxTimerTicks = 1000;

    // QEMU's translator names itself so; it runs the guest's instructions as host code, and its chains look like a CPU's.
    private const string Tcg = "TCGTCGTCGTCG";

    private HardwareProof(Verdict verdict, IReadOnlyList<Evidence> evidence)
    {
        Verdict = verdict;
        Evidence = evidence;
    }

    /// <summary>The verdict.</summary>
    public Verdict Verdict { get; }

    /// <summary>Every observation.</summary>
    public IReadOnlyList<Evidence> Evidence { get; }

    /// <summary>Judges a run.</summary>
    /// <param name="host">The host that it ran on.</param>
    /// <param name="addChainTicks">Ticks of <see cref="CalibrationChain.Length"/> dependent additions.</param>
    /// <param name="multiplyChainTicks">Ticks of as many dependent multiplications.</param>
    /// <param name="timerTicks">Ticks between two readings of the TSC.</param>
    /// <param name="emulatedInstructions">Instructions that KVM emulated during the run; null when it does not tell.</param>
    public static HardwareProof Judge(
        HostEnvironment host, uint addChainTicks, uint multiplyChainTicks, uint timerTicks, long? emulatedInstructions)
    {
        ArgumentNullException.ThrowIfNull(host);
        double ticksPerAdd = (double)addChainTicks / CalibrationChain.Length;
        double ratio = (double)multiplyChainTicks / addChainTicks;
        Evidence[] evidence =
        [
            new(
                "CPU",
                DescribeCpu(host.Cpu),
                "no emulator's name",
                host.Cpu.Hypervisor != Tcg),
            new("back end", host.BackEnd.Module ?? "unknown", "kvm_intel or kvm_amd", host.BackEnd.UsesHardware),
            new(
                "emulated instructions",
                emulatedInstructions?.ToString("N0", CultureInfo.InvariantCulture) ?? "KVM does not tell",
                "0",
                emulatedInstructions == 0),
            new(
                "TSC ticks per dependent add",
                ticksPerAdd.ToString("N2", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{MinTicksPerAdd} to {MaxTicksPerAdd}"),
                ticksPerAdd is >= MinTicksPerAdd and <= MaxTicksPerAdd),
            new(
                "dependent multiply / add",
                ratio.ToString("N3", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{MultiplyToAdd:N2} +- {MultiplyTolerance:P0}"),
                Math.Abs((ratio / MultiplyToAdd) - 1) <= MultiplyTolerance),
            new(
                "ticks between two RDTSCs",
                timerTicks.ToString("N0", CultureInfo.InvariantCulture),
                $"less than {MaxTimerTicks}",
                timerTicks < MaxTimerTicks),
        ];
        bool hardware = evidence.All(observation => observation.ForHardware);
        bool nested = host.Cpu.Hypervisor is not null;
        Verdict verdict = !hardware ? Verdict.Emulated : nested ? Verdict.HardwareNested : Verdict.Hardware;
        return new HardwareProof(verdict, evidence);
    }

    private static string DescribeCpu(HostCpu cpu) => cpu.Hypervisor switch
    {
        null => "bare metal",
        "" => "a hypervisor that does not name itself",
        Tcg => $"{Tcg}: QEMU's software CPU",
        string name => $"under the hypervisor {name}",
    };
}
