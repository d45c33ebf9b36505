// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Measurement;

/// <summary>A cost that somebody else has published for a CPU, against which this tool's own is held.</summary>
/// <param name="Vendor">The CPU's vendor.</param>
/// <param name="Family">Its family.</param>
/// <param name="Models">Its models.</param>
/// <param name="Profile">The kernel that is most like theirs.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="CoreCycles">What they found.</param>
/// <param name="Source">Where, and on what.</param>
public sealed record KnownCost(
    string Vendor, int Family, IReadOnlyList<int> Models, KernelProfile Profile, EntryMechanism Mechanism, double CoreCycles, string Source)
{
    /// <summary>How far a figure may be from a known one, of the known one.</summary>
    public const double Tolerance = 0.05;

    private const string Intel = "GenuineIntel";

    // Read off a chart; a ring-3 loop in a 64-bit guest of KVM, with empty handlers.
    private const string Skylake = "x86.lol, 1001 Ways of Implementing a System Call (2019), Xeon E3-1270 v5";

    // 10,000,000 calls of getpid in 3.9 s and in 1.4 s.
    private const string Pentium4 = "the 2005 article, Pentium 4 of 2.8 GHz";

    private static readonly int[] SkylakeClient = [0x4e, 0x5e];
    private static readonly int[] NetBurst = [0, 1, 2, 3, 4, 6];

    /// <summary>All that are known.</summary>
    public static IReadOnlyList<KnownCost> All { get; } =
    [
        new(Intel, 6, SkylakeClient, KernelProfile.Bare64, EntryMechanism.Int80, 614, Skylake),
        new(Intel, 6, SkylakeClient, KernelProfile.Bare64, EntryMechanism.Syscall, 76, Skylake),
        new(Intel, 6, SkylakeClient, KernelProfile.Compatibility, EntryMechanism.Sysenter, 73, Skylake),
        new(Intel, 15, NetBurst, KernelProfile.Linux26, EntryMechanism.Int80, 1092, Pentium4),
        new(Intel, 15, NetBurst, KernelProfile.Linux26, EntryMechanism.Vsyscall, 392, Pentium4),
    ];

    /// <summary>Those that are known of a CPU.</summary>
    public static IEnumerable<KnownCost> Of(HostCpu cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return All.Where(known => known.Vendor == cpu.Vendor && known.Family == cpu.Family && known.Models.Contains(cpu.Model));
    }

    /// <summary>Whether a figure agrees with it.</summary>
    /// <param name="coreCycles">The figure.</param>
    public bool AgreesWith(double coreCycles) => Math.Abs((coreCycles / CoreCycles) - 1) <= Tolerance;
}
