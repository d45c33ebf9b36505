// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>What entry paths need to be measured: a KVM for guests, this host's own Linux for processes, and either only where a path is of it.</summary>
internal sealed class EntryAccess : IDisposable
{
    private readonly Kvm? _kvm;
    private readonly GuestCpuid? _cpuid;
    private readonly HostLinux _linux;

    /// <summary>Opens what is needed, and tries it out.</summary>
    /// <param name="device">Path of KVM's device.</param>
    /// <param name="host">The host.</param>
    /// <param name="paths">What is to be measured.</param>
    /// <param name="interruption">Ends it early.</param>
    /// <exception cref="CommandFailedException">There is no usable device, its KVM cannot run the guest, or this process may start no other.</exception>
    public EntryAccess(string device, HostEnvironment host, IReadOnlyCollection<EntryPath> paths, Interruption interruption)
    {
        if (paths.Any(path => !path.IsOnHost))
        {
            Checkup = KvmAccess.CheckGuest(device, host);
            _kvm = Kvm.Open(device);
            _cpuid = GuestCpuid.Of(_kvm);
        }

        // SYSCALL in 64-bit mode is everywhere.
        bool is32Bit = paths.Any(path => path.Profile == KernelProfile.Host32 || (path.IsOnHost && path.Mechanism == EntryMechanism.Int80));
        _linux = is32Bit ? Probe(interruption) : new HostLinux(Runs32Bit: false, HasVsyscall: false);
    }

    /// <summary>What was found of KVM; null when it is not needed.</summary>
    public Checkup? Checkup { get; }

    /// <summary>Why a path cannot be used here, for people; null when it can.</summary>
    public string? AbsenceOf(EntryPath path) => path.IsOnHost ? _linux.AbsenceOf(path) : path.AbsenceOn(_cpuid!.Identity);

    /// <summary>That a mechanism is on none of the kernels that were asked for.</summary>
    public static CommandFailedException NoSuchEntry(EntryMechanism mechanism, string command) => new(
        ExitCode.Usage,
        $"--mechanism {Spelling.Of(mechanism)} needs --profile {string.Join(" or ", EntryPath.ProfilesOf(mechanism).Select(Spelling.Of))}. Cure: see kvmsys {command} --help");

    /// <summary>That nothing is here of what was asked for.</summary>
    /// <param name="absent">What is not here, one at least.</param>
    public static CommandFailedException NothingIsHere(IReadOnlyList<AbsentMechanism> absent)
    {
        string reasons = string.Join(
            "; ", absent.Select(one => $"{Spelling.Of(one.Mechanism, one.Mitigation)} on {Spelling.Of(one.Profile)}: {one.Reason}"));
        string cure = new EntryPath(absent[0].Profile, absent[0].Mechanism).IsOnHost ? "--profile host64 --mechanism syscall" : "--mechanism int80";
        return new(ExitCode.CannotRunGuest, $"nothing is left to measure: {reasons}. Cure: measure {cure}.");
    }

    /// <summary>Makes a path's program.</summary>
    /// <param name="path">The path, which was among those that are to be measured.</param>
    /// <param name="seed">Decides a guest's frames and process identifier.</param>
    /// <param name="placement">Where it runs.</param>
    /// <param name="callsInRound">Calls between two turns of its loop.</param>
    public IMeasuredProgram Make(EntryPath path, int seed, VcpuPlacement placement, uint callsInRound = CallLoop.CallsPerRound) => path.IsOnHost
        ? new MeasuredProcess(path, placement, callsInRound)
        : new MeasuredGuest(_kvm!, _cpuid!, path, seed, I386GuestOptions.MinMemorySize, placement, callsInRound);

    /// <inheritdoc/>
    public void Dispose() => _kvm?.Dispose();

    private static HostLinux Probe(Interruption interruption)
    {
        try
        {
            return HostLinux.Probe(interruption.Token);
        }
        catch (KvmException exception)
        {
            throw exception.IsShortage
                ? KvmAccess.Explain(exception)
                : new CommandFailedException(
                    ExitCode.CannotRunGuest,
                    $"this host starts no program from memory: {exception.Message}. Cure: allow it (sysctl vm.memfd_noexec=0, and /proc must be mounted).");
        }
        catch (GuestStoppedException exception)
        {
            throw KvmAccess.Explain(exception, interruption, cure: "see whether this host is too busy");
        }
    }
}
