// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What a kernel's work costs beyond what it is done on top of, of which both were measured in the same sessions.</summary>
/// <param name="Without">The cost without it.</param>
/// <param name="With">The cost with it.</param>
/// <param name="CoreCycles">The shift between the sessions' medians, and its interval.</param>
public sealed record CostDifference(MechanismResult Without, MechanismResult With, Estimate CoreCycles)
{
    /// <summary>
    /// The differences that mean something: a mitigation's to the same entry without it, and the host's Linux to the bare kernel that is entered by the
    /// same instruction.
    /// </summary>
    /// <param name="results">Results that may be shown.</param>
    public static IReadOnlyList<CostDifference> Of(IReadOnlyCollection<MechanismResult> results) =>
    [
        .. from with in results
           from without in results
           where IsOnTopOf(with, without)
           let cycles = (Without: without.Cycles, With: with.Cycles)
           where cycles is { Without: not null, With: not null }
           select new CostDifference(without, with, ShiftInterval.Of(cycles.Without!.Sessions, cycles.With!.Sessions)),
    ];

    private static bool IsOnTopOf(MechanismResult with, MechanismResult without)
    {
        if (without.Mitigation != Mitigation.None)
        {
            return false;
        }

        if (with.Mitigation != Mitigation.None)
        {
            return (with.Profile, with.Mechanism) == (without.Profile, without.Mechanism);
        }

        return (with.Profile, without.Profile) switch
        {
            (KernelProfile.Host32, KernelProfile.Compatibility) when with.Mechanism == EntryMechanism.Vsyscall => IsVsyscalls(without.Mechanism),
            (KernelProfile.Host32, KernelProfile.Compatibility) or (KernelProfile.Host64, KernelProfile.Bare64) =>
                with.Mechanism == without.Mechanism && with.Mechanism is EntryMechanism.Int80 or EntryMechanism.Syscall,
            _ => false,
        };
    }

    // The page enters by what the vendor has in compatibility mode, which is one of these and never both.
    private static bool IsVsyscalls(EntryMechanism mechanism) => mechanism is EntryMechanism.Sysenter or EntryMechanism.Syscall;
}
