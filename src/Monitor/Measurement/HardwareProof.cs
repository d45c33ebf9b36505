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

    // Latencies of ADD and IMUL of two registers on every x86 CPU since Nehalem and Zen. Their times have the timer's in them: with 10,240
    // instructions and a timer of 74 core cycles the ratio is 2.986.
    private const double MultiplyToAdd = 3;
    private const double MultiplyTolerance = 0.02;

    // Two RDTSCs in a row take 20 to 100 ticks where RDTSC does not exit, and thousands where it does.
    private const uint MaxTimerTicks = 1000;

    // Two clocks that both keep time.
    private const double ClockTolerance = 0.01;

    private const string OtherHost = "measure on a host with VT-x or SVM";
    private const string SteadyClock = "measure on a host with VT-x or SVM; on one, see that its clock is steady and nothing else runs on this CPU";

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
    /// <param name="results">What the guest timed.</param>
    /// <param name="tscKhz">Rate of the TSC; null when it is not known.</param>
    /// <param name="emulatedInstructions">Instructions that KVM emulated during the run; null when it does not tell.</param>
    /// <param name="elapsed">Host time of the run, in which the guest's calls must have room.</param>
    public static HardwareProof Judge(HostEnvironment host, in CallLoopResults results, int? tscKhz, long? emulatedInstructions, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(host);
        double ticksPerAdd = (double)results.AddChainTicks / CalibrationChain.Length;
        double ratio = (double)results.MultiplyChainTicks / results.AddChainTicks;
        double milliseconds = (double)(results.EndTicks - results.StartTicks) / tscKhz ?? double.NaN;
        Evidence[] evidence =
        [
            new(
                "CPU",
                DescribeCpu(host.Cpu),
                "no emulator's name",
                host.Cpu.Hypervisor != Tcg,
                OtherHost),
            new("back end", host.BackEnd.Module ?? "unknown", "kvm_intel or kvm_amd", host.BackEnd.UsesHardware, OtherHost),
            new(
                "emulated instructions",
                emulatedInstructions?.ToString("N0", CultureInfo.InvariantCulture) ?? "KVM does not tell",
                "0",
                emulatedInstructions == 0,
                emulatedInstructions is null ? "use Linux 5.14 or later, whose KVM counts them" : OtherHost),
            new(
                "TSC ticks per dependent add",
                ticksPerAdd.ToString("N2", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{MinTicksPerAdd} to {MaxTicksPerAdd}"),
                ticksPerAdd is >= MinTicksPerAdd and <= MaxTicksPerAdd,
                SteadyClock),
            new(
                "dependent multiply / add",
                ratio.ToString("N3", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{MultiplyToAdd:N2} +- {MultiplyTolerance:P0}"),
                Math.Abs((ratio / MultiplyToAdd) - 1) <= MultiplyTolerance,
                SteadyClock),
            new(
                "ticks between two RDTSCs",
                results.TimerTicks.ToString("N0", CultureInfo.InvariantCulture),
                $"less than {MaxTimerTicks}",
                results.TimerTicks < MaxTimerTicks,
                OtherHost),
            new(
                "calls' time by the TSC",
                string.Create(CultureInfo.InvariantCulture, $"{milliseconds:N3} ms"),
                string.Create(CultureInfo.InvariantCulture, $"no more than the host's {elapsed.TotalMilliseconds:N3} ms"),
                milliseconds <= elapsed.TotalMilliseconds * (1 + ClockTolerance),
                "see whether the kernel trusts this TSC: dmesg | grep -i tsc"),
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
