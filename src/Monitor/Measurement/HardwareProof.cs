// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Measurement;

/// <summary>
/// Decides from evidence of the same run whether a CPU executed the program. It fails closed: one observation that speaks for an emulator, or that
/// could not be made, and the verdict is emulated.
/// </summary>
public sealed class HardwareProof
{
    // The TSC ticks at the base clock, the core at anything from a third of it to three times.
    private const double MinTicksPerAdd = 0.2;
    private const double MaxTicksPerAdd = 3;

    // To emulate one instruction KVM leaves the guest, decodes and comes back: 2,700 TSC ticks at the least that were seen.
    private const double MinEmulationCycles = 2000;

    // Two clocks that both keep time.
    private const double ClockTolerance = 0.01;

    private const string OtherHost = "measure on a host with VT-x or SVM";
    private const string SteadyClock = "measure on a host with VT-x or SVM; on one, see that its clock is steady and nothing else runs on this CPU";

    // QEMU's translator names itself so. It runs the guest's integer instructions as host code, whose chains look like a CPU's.
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

    /// <summary>Judges a run, or several together.</summary>
    /// <param name="host">The host that it ran on.</param>
    /// <param name="times">What the guest's chains took.</param>
    /// <param name="ticks">What its calls took, by the TSC.</param>
    /// <param name="calls">How many they were.</param>
    /// <param name="tscKhz">Rate of the TSC; null when it is not known.</param>
    /// <param name="emulatedInstructions">Instructions that KVM emulated meanwhile and that are not the mechanism's own; null when it does not tell.</param>
    /// <param name="elapsed">Host time of the run, in which the guest's calls must have room.</param>
    public static HardwareProof Judge(
        HostEnvironment host, in CalibrationTimes times, ulong ticks, ulong calls, int? tscKhz, long? emulatedInstructions, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(host);
        Evidence backEnd = new("back end", host.BackEnd.Module ?? "unknown", "kvm_intel or kvm_amd", host.BackEnd.UsesHardware, OtherHost);
        Evidence emulations = Emulations(emulatedInstructions, ticks / (double)calls / new Calibration(times).TicksPerCycle);
        return Of(host, [OfName(host.Cpu), backEnd, emulations, .. OfTimes(times, ticks, tscKhz, elapsed)]);
    }

    /// <summary>Judges a path's runs together, of a guest or of a process.</summary>
    /// <param name="host">The host that they ran on.</param>
    /// <param name="path">The path.</param>
    /// <param name="calibrations">What the chains took at the ends of each.</param>
    /// <param name="ticks">What the calls took, by the TSC.</param>
    /// <param name="calls">How many they were.</param>
    /// <param name="tscKhz">Rate of the TSC; null when it is not known.</param>
    /// <param name="emulatedInstructions">As <see cref="Judge"/> takes it.</param>
    /// <param name="elapsed">Host time of the runs.</param>
    public static HardwareProof OfRuns(
        HostEnvironment host,
        EntryPath path,
        IEnumerable<CalibrationTimes> calibrations,
        ulong ticks,
        ulong calls,
        int? tscKhz,
        long? emulatedInstructions,
        TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(path);
        CalibrationTimes times = Calibration.Typical(calibrations);
        return path.IsOnHost
            ? JudgeProcess(host, times, ticks, tscKhz, elapsed)
            : Judge(host, times, ticks, calls, tscKhz, emulatedInstructions, elapsed);
    }

    /// <summary>Judges runs of a process of the host's: no KVM of this host's is between it and what the host itself runs on.</summary>
    /// <param name="host">The host that it ran on.</param>
    /// <param name="times">What the program's chains took.</param>
    /// <param name="ticks">What its calls took, by the TSC.</param>
    /// <param name="tscKhz">Rate of the TSC.</param>
    /// <param name="elapsed">Host time of the runs, in which the calls must have room.</param>
    public static HardwareProof JudgeProcess(HostEnvironment host, in CalibrationTimes times, ulong ticks, int? tscKhz, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(host);
        return Of(host, [OfName(host.Cpu), .. OfTimes(times, ticks, tscKhz, elapsed)]);
    }

    private static HardwareProof Of(HostEnvironment host, Evidence[] evidence)
    {
        bool hardware = evidence.All(observation => observation.ForHardware);
        bool nested = host.Cpu.Hypervisor is not null;
        return new HardwareProof(!hardware ? Verdict.Emulated : nested ? Verdict.HardwareNested : Verdict.Hardware, evidence);
    }

    private static Evidence OfName(HostCpu cpu) => new("CPU", DescribeCpu(cpu), "no emulator's name", cpu.Hypervisor != Tcg, OtherHost);

    private static Evidence[] OfTimes(in CalibrationTimes times, ulong ticks, int? tscKhz, TimeSpan elapsed)
    {
        Calibration calibration = new(times);
        double share = (double)ticks / tscKhz / elapsed.TotalMilliseconds ?? double.NaN;
        return
        [
            new(
                "TSC ticks per dependent add",
                calibration.TicksPerCycle.ToString("N2", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{MinTicksPerAdd} to {MaxTicksPerAdd}"),
                calibration.TicksPerCycle is >= MinTicksPerAdd and <= MaxTicksPerAdd,
                SteadyClock),
            new(
                "dependent multiply / add",
                calibration.MultiplyToAdd.ToString("N3", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{Calibration.ExpectedMultiplyToAdd:N2} +- {Calibration.MultiplyTolerance:P0}"),
                calibration.HasCpusMultiply,
                SteadyClock),
            new(
                "dependent floating multiply / add",
                calibration.FloatToAdd.ToString("N2", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{Calibration.MinFloatToAdd} to {Calibration.MaxFloatToAdd}"),
                calibration.HasCpusFloat,
                OtherHost),
            new(
                "ticks between two RDTSCs",
                times.TimerTicks.ToString("N0", CultureInfo.InvariantCulture),
                $"less than {Calibration.MaxTimerTicks}",
                times.TimerTicks < Calibration.MaxTimerTicks,
                OtherHost),
            new(
                "calls' time by the TSC",
                string.Create(CultureInfo.InvariantCulture, $"{share:P1} of the run's by the host's clock"),
                "no more than 100 %",
                share <= 1 + ClockTolerance,
                "see whether the kernel trusts this TSC: dmesg | grep -i tsc"),
        ];
    }

    /// <summary>Where KVM does not count what it emulates, a call's time tells: it is far less than what emulating one of its instructions takes.</summary>
    private static Evidence Emulations(long? count, double cyclesPerCall) => count is long known
        ? new("emulated instructions", known.ToString("N0", CultureInfo.InvariantCulture), "0", known == 0, OtherHost)
        : new(
            "emulated instructions",
            string.Create(CultureInfo.InvariantCulture, $"KVM does not tell; a call takes {(cyclesPerCall < MinEmulationCycles ? "less" : "no less")} than {MinEmulationCycles:N0} core cycles"),
            string.Create(CultureInfo.InvariantCulture, $"less than {MinEmulationCycles:N0} where KVM does not tell"),
            cyclesPerCall < MinEmulationCycles,
            "use Linux 5.14 or later, whose KVM counts them");

    private static string DescribeCpu(HostCpu cpu) => cpu.Hypervisor switch
    {
        null => "bare metal",
        "" => "a hypervisor that does not name itself",
        Tcg => $"{Tcg}: QEMU's software CPU",
        string name => $"under the hypervisor {name}",
    };
}
