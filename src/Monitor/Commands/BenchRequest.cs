// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Commands;

/// <summary>What was asked of kvmsys bench.</summary>
internal sealed record BenchRequest
{
    /// <summary>On these kernels.</summary>
    public required IReadOnlyList<KernelProfile> Profiles { get; init; }

    /// <summary>By these mechanisms.</summary>
    public required IReadOnlyList<EntryMechanism> Mechanisms { get; init; }

    /// <summary>Whether somebody has named them.</summary>
    public required bool NamesMechanisms { get; init; }

    /// <summary>And with each of these, beside without any.</summary>
    public required IReadOnlyList<Mitigation> Mitigations { get; init; }

    /// <summary>How often; null where nothing was said.</summary>
    public required Protocol? Protocol { get; init; }

    /// <summary>Sessions, where they were given.</summary>
    public required int? Sessions { get; init; }

    /// <summary>Runs, where they were given.</summary>
    public required int? Runs { get; init; }

    /// <summary>The CPU, where it was given.</summary>
    public required int? Cpu { get; init; }

    /// <summary>Whether figures are shown that are no CPU's.</summary>
    public required bool ShowEmulated { get; init; }

    /// <summary>Whether they are held against known ones.</summary>
    public required bool CheckKnown { get; init; }

    /// <summary>Whether the bench is kept in the history.</summary>
    public required bool KeepsHistory { get; init; }

    /// <summary>The history's file, where it was given.</summary>
    public required string? History { get; init; }

    /// <summary>Decides all that is random.</summary>
    public required int Seed { get; init; }

    /// <summary>How long one run may take.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Path of KVM's device.</summary>
    public required string Device { get; init; }

    /// <summary>What is written to standard output.</summary>
    public required BenchFormat Format { get; init; }

    /// <summary>All that is wanted; not every kernel has every entry.</summary>
    public IReadOnlyList<EntryPath> Paths =>
    [
        .. from profile in Profiles
           from mechanism in Mechanisms
           let plain = new EntryPath(profile, mechanism)
           from mitigation in plain.TakesMitigations ? Mitigations.Prepend(Mitigation.None) : [Mitigation.None]
           select plain with { Mitigation = mitigation },
    ];

    /// <summary>
    /// The protocol that was asked for. Where it is known beforehand that no figure will be shown, and nothing was asked, one run of each
    /// shows what there is to show.
    /// </summary>
    public Protocol ProtocolOn(Checkup? checkup)
    {
        bool nothingToShow = checkup?.Proof?.Verdict == Verdict.Emulated && !ShowEmulated && !Paths.Any(path => path.IsOnHost);
        Protocol protocol = Protocol ?? (nothingToShow ? Measurement.Protocol.Functional : Measurement.Protocol.Quick);
        return protocol with { Sessions = Sessions ?? protocol.Sessions, Runs = Runs ?? protocol.Runs };
    }

    /// <summary>Who asks for something by name is not to miss it in silence.</summary>
    /// <exception cref="CommandFailedException">No kernel that was asked for has it.</exception>
    public void RefuseWhatNoKernelHas()
    {
        if (Mitigations.Count > 0 && !Paths.Any(path => path.TakesMitigations))
        {
            throw new CommandFailedException(
                ExitCode.Usage,
                "--mitigation needs --profile bare64 or compat, and --mechanism int80, syscall or sysenter. Cure: see kvmsys bench --help");
        }

        foreach (EntryMechanism mechanism in Mechanisms.Where(mechanism => NamesMechanisms && !EntryPath.ProfilesOf(mechanism).Intersect(Profiles).Any()))
        {
            throw EntryAccess.NoSuchEntry(mechanism, "bench");
        }
    }
}
