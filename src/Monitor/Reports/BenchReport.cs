// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>The results of one bench, and the host that they are from.</summary>
/// <param name="Host">The host.</param>
/// <param name="Results">What was measured, in order.</param>
/// <param name="Planned">How many results there would have been, had nobody interrupted.</param>
public sealed record BenchReport(HostEnvironment Host, IReadOnlyList<CallResult> Results, int Planned)
{
    /// <summary>The least of the results' verdicts.</summary>
    public Verdict Verdict => Results.Min(result => result.Proof.Verdict);

    /// <summary>The evidence behind <see cref="Verdict"/>: of the first result that has it.</summary>
    public IReadOnlyList<Evidence> Evidence => Results.First(result => result.Proof.Verdict == Verdict).Proof.Evidence;

    /// <summary>How many times a mechanism is as fast as INT 0x80 on the same kernel; null for the empty loop, or when INT 0x80 was not measured.</summary>
    public double? SpeedUp(CallResult result) =>
        result.Plan.Mechanism != EntryMechanism.Empty && Int80On(result.Plan.Profile) is CallResult int80
            ? int80.TicksPerCall / result.TicksPerCall
            : null;

    private CallResult? Int80On(KernelProfile profile) =>
        Results.FirstOrDefault(result => result.Plan.Profile == profile && result.Plan.Mechanism == EntryMechanism.Int80);
}
