// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Probes;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Host;

/// <summary>
/// What this host's KVM can do, proved by tiny guests: capabilities are advertised by KVMs that cannot keep them, so each is tried.
/// </summary>
public sealed class Checkup
{
    private const uint ProbeCalls = 100;
    private const string ElsewhereCure = "use a host with VT-x or SVM, or the lab: ./build.sh lab -- kvmsys ...";

    private static readonly (OperatingMode Mode, string Name)[] Modes =
    [
        (OperatingMode.Legacy, "32-bit"), (OperatingMode.Compatibility, "compatibility"), (OperatingMode.SixtyFourBit, "64-bit"),
    ];

    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(5);

    private readonly List<Check> _checks = [];

    private Checkup(string device, HostEnvironment environment)
    {
        Device = device;
        Environment = environment;
    }

    /// <summary>Path of the device.</summary>
    public string Device { get; }

    /// <summary>The host.</summary>
    public HostEnvironment Environment { get; }

    /// <summary>The checks, in the order in which they were made. After one that fails, those that need it are not made.</summary>
    public IReadOnlyList<Check> Checks => _checks;

    /// <summary>Whether the device is there, may be used, and speaks the right version.</summary>
    public bool HasUsableDevice { get; private set; }

    /// <summary>Whether the i386 guest runs: paging, INT 0x80 and SYSENTER.</summary>
    public bool CanRunGuest { get; private set; }

    /// <summary>The check that keeps the guest from running; null when it runs.</summary>
    public Check? Obstacle => CanRunGuest ? null : Checks.Last(check => !check.Passed && check.Cure is not null);

    /// <summary>Whether the guest runs at the CPU's speed; null when it could not be tried.</summary>
    public HardwareProof? Proof { get; private set; }

    /// <summary>Makes every check.</summary>
    /// <param name="device">Path of the device.</param>
    /// <param name="environment">The host.</param>
    /// <param name="everything">Also what the i386 guest does not need: which instruction enters a kernel in which mode.</param>
    public static Checkup Of(string device, HostEnvironment environment, bool everything = false)
    {
        Checkup checkup = new(device, environment);
        try
        {
            using Kvm kvm = Kvm.Open(device);
            checkup._checks.Add(new("device", true, $"{device} opens for reading and writing"));
            if (checkup.CheckVersion(kvm))
            {
                checkup.CheckGuests(kvm, everything);
            }
        }
        catch (KvmException exception) when (!checkup.HasUsableDevice && !exception.IsShortage)
        {
            checkup._checks.Add(new("device", false, exception.Message, DeviceCure(device, exception.Errno)));
        }

        return checkup;
    }

    /// <summary>What to do about a device that cannot be used.</summary>
    public static string DeviceCure(string device, Errno errno) => errno switch
    {
        Errno.EACCES or Errno.EPERM =>
            $"join the group that owns {device}: sudo usermod -aG kvm $USER, log in again; where ls -l shows no group with rw: sudo chgrp kvm {device}; sudo chmod g+rw {device}",
        _ when device != Kvm.DefaultPath => $"{device} is not KVM's device; leave --device out to use {Kvm.DefaultPath}",
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO =>
            "load the module (modprobe kvm_intel or modprobe kvm_amd); if that fails, enable VT-x or SVM in the firmware's set-up, or nested "
            + "virtualization for this virtual machine",
        _ => $"see what is wrong with {device}: ls -l {device}; dmesg | grep -i kvm",
    };

    private bool CheckVersion(Kvm kvm)
    {
        int version = kvm.ApiVersion;
        HasUsableDevice = version == Kvm.StableApiVersion;
        _checks.Add(new(
            "API version",
            HasUsableDevice,
            $"{version}",
            HasUsableDevice ? null : $"version {Kvm.StableApiVersion} is needed, as every kernel since 2.6.22 has it: update the kernel"));
        return HasUsableDevice;
    }

    private void CheckGuests(Kvm kvm, bool everything)
    {
        KvmBackEnd backEnd = Environment.BackEnd;
        string hypervisor = Environment.Cpu.Hypervisor is null ? "on bare metal" : $"under the hypervisor {Environment.Cpu.Hypervisor}";
        _checks.Add(new(
            "back end",
            backEnd.UsesHardware,
            $"{backEnd.Module ?? "no known module"}, {hypervisor}",
            backEnd.UsesHardware ? null : $"kvm_intel or kvm_amd runs guests by the CPU's own virtualization, this one emulates: {ElsewhereCure}"));
        if (backEnd.NestedPaging is bool nestedPaging)
        {
            _checks.Add(new(
                "nested paging",
                nestedPaging,
                (nestedPaging ? "" : "no ") + (backEnd.Module == "kvm_intel" ? "EPT" : "NPT"),
                nestedPaging ? null : "without it a guest's own page faults and CR3 writes exit: load the module with ept=1 or npt=1"));
        }

        if (backEnd.UnrestrictedGuest is bool unrestricted)
        {
            _checks.Add(new("unrestricted guest", unrestricted, unrestricted ? "VT-x enters every state" : "VT-x enters protected mode with paging only, as this guest has it"));
        }

        _checks.Add(new(
            "statistics",
            kvm.CheckExtension(KvmCapability.BinaryStatsFd) != 0,
            "KVM_GET_STATS_FD",
            kvm.CheckExtension(KvmCapability.BinaryStatsFd) != 0 ? null : "without them no run can be proved free of exits: use Linux 5.14 or later"));

        try
        {
            GuestCpuid cpuid = GuestCpuid.Of(kvm);
            CheckFlat(kvm, cpuid);
            if (CheckPaging(kvm, cpuid)
                && CheckEntry(kvm, cpuid, "INT 0x80", EntryMechanism.Int80) is CallResult int80
                && CheckSysenter(kvm, cpuid))
            {
                CanRunGuest = true;
                if (everything)
                {
                    TellEntries(kvm, cpuid);
                }

                JudgeSpeed(int80.Proof);
            }
        }
        catch (KvmException exception) when (!exception.IsShortage)
        {
            _checks.Add(new("virtual machine", false, exception.Message, ElsewhereCure));
        }
    }

    private void CheckFlat(Kvm kvm, GuestCpuid cpuid)
    {
        GuestImage image = ProbeGuest.Flat();
        using VirtualMachine machine = new(kvm, image, cpuid);
        MachineStop stop = machine.Run(ProbeTime);
        ProbeResults results = machine.Ram.Read<ProbeResults>(image.Symbols.AddressOf(ProbeGuest.ResultsSymbol));
        double ticksPerAdd = (double)results.AddChainTicks / CalibrationChain.Length;
        _checks.Add(stop.Reason == StopReason.Exit
            ? new("flat 32-bit code", true, string.Create(
                CultureInfo.InvariantCulture,
                $"runs, {ticksPerAdd:N1} TSC ticks per add, emulated instructions: {Count(stop.Statistics?.EmulatedInstructions)}"))
            : Failed("flat 32-bit code", stop));
    }

    private bool CheckPaging(Kvm kvm, GuestCpuid cpuid)
    {
        GuestImage image = ProbeGuest.Paged();
        using VirtualMachine machine = new(kvm, image, cpuid);
        MachineStop stop = machine.Run(ProbeTime);
        ProbeResults results = machine.Ram.Read<ProbeResults>(image.Symbols.AddressOf(ProbeGuest.ResultsSymbol));
        bool passed = stop.Reason == StopReason.Exit && results.Alias == ProbeResults.PatternValue;
        _checks.Add(passed
            ? new("32-bit paging", true, "runs, and reads through 0xffffe000")
            : Failed("32-bit paging", stop));
        return passed;
    }

    /// <returns>What was measured, or null when the guest did not come to its end.</returns>
    private CallResult? CheckEntry(Kvm kvm, GuestCpuid cpuid, string name, EntryMechanism mechanism)
    {
        try
        {
            CallResult result = new CallMeasurement(kvm, cpuid, Environment).Run(
                new EntryPath(KernelProfile.Bare, mechanism), ProbeCalls, seed: 0, ProbeTime);
            _checks.Add(new(name, true, string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Calls} round trips from ring 3, exits: {Count(result.Statistics?.Exits)}, emulated instructions: {Count(result.Statistics?.EmulatedInstructions)}")));
            return result;
        }
        catch (GuestStoppedException exception)
        {
            _checks.Add(Failed(name, exception.Stop));
            return null;
        }
    }

    /// <summary>A CPU without SYSENTER still runs the guest: its vsyscall page then holds INT 0x80.</summary>
    private bool CheckSysenter(Kvm kvm, GuestCpuid cpuid)
    {
        if (cpuid.Identity.HasSysenter)
        {
            return CheckEntry(kvm, cpuid, "SYSENTER", EntryMechanism.Sysenter) is not null;
        }

        _checks.Add(new("SYSENTER", false, $"CPUID has none: {cpuid.Identity}"));
        return true;
    }

    /// <summary>
    /// Which instruction enters a kernel in which mode; the vendors differ. What the architecture rules out is not tried: AMD's SYSENTER is
    /// invalid outside legacy mode (APM Vol. 3), but QEMU's emulation of an AMD CPU takes it in compatibility mode.
    /// </summary>
    private void TellEntries(Kvm kvm, GuestCpuid cpuid)
    {
        IEnumerable<string> modes =
            from mode in Modes
            let entries = from instruction in Enum.GetValues<EntryInstruction>()
                          where instruction != EntryInstruction.Sysenter || mode.Mode == OperatingMode.Legacy || cpuid.Identity.Vendor == "GenuineIntel"
                          where Enters(kvm, cpuid, EntryProbe.Build(mode.Mode, instruction))
                          select instruction.ToString().ToUpperInvariant()
            select $"{mode.Name}: {string.Join(' ', entries)}";
        _checks.Add(new("entries by mode", true, string.Join("; ", modes)));
    }

    private static bool Enters(Kvm kvm, GuestCpuid cpuid, GuestImage probe)
    {
        using VirtualMachine machine = new(kvm, probe, cpuid);
        MachineStop stop = machine.Run(ProbeTime);
        return stop is { Reason: StopReason.Exit, Status: EntryProbe.Entered };
    }

    private void JudgeSpeed(HardwareProof proof)
    {
        Proof = proof;
        Evidence[] against = [.. proof.Evidence.Where(evidence => !evidence.ForHardware)];
        _checks.Add(against.Length == 0
            ? new("hardware speed", true, $"every observation is a CPU's ({proof.Evidence.Count} of {proof.Evidence.Count})")
            : new(
                "hardware speed",
                false,
                string.Join("; ", against.Select(evidence => $"{evidence.Name}: {evidence.Value}, a CPU: {evidence.Expected}")),
                string.Join("; ", against.Select(evidence => evidence.Cure).Distinct())));
    }

    private static string Count(long? statistic) => statistic?.ToString("N0", CultureInfo.InvariantCulture) ?? "unknown";

    private static Check Failed(string name, MachineStop stop) => new(
        name,
        false,
        stop.Crash is CrashReport crash ? string.Join("; ", crash.Details.Prepend(crash.Headline)) : $"stopped: {stop.Reason}",
        ElsewhereCure);
}
