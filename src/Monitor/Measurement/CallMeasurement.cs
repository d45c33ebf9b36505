// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Measurement;

/// <summary>Times a number of calls as one batch, as a program that wants to know does it: with a stop watch around a loop.</summary>
/// <param name="kvm">The system's KVM.</param>
/// <param name="cpuid">The CPUID table of the guests.</param>
/// <param name="host">The host.</param>
public sealed class CallMeasurement(Kvm kvm, GuestCpuid cpuid, HostEnvironment host)
{
    private const uint WarmUpRounds = 1024;

    /// <summary>Measures.</summary>
    /// <param name="path">What, on one of the i386 kernels.</param>
    /// <param name="calls">How often, rounded up to whole rounds of the loop.</param>
    /// <param name="seed">Decides the guest's frames and process identifier.</param>
    /// <param name="timeLimit">How long the guest may run.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">The guest did not come to its end.</exception>
    /// <exception cref="KvmException">KVM refused something.</exception>
    public CallResult Run(EntryPath path, uint calls, int seed, TimeSpan timeLimit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        using MeasuredGuest guest = new(kvm, cpuid, path, seed, I386GuestOptions.DefaultMemorySize);
        I386Guest i386 = guest.I386 ?? throw new ArgumentException($"{path.Profile} is no i386 kernel.", nameof(path));
        uint rounds = (uint)(((ulong)calls + CallLoop.CallsPerRound - 1) / CallLoop.CallsPerRound);
        CallLoopParameters parameters = new()
        {
            Rounds = rounds,
            Batches = 1,
            WarmUpRounds = Math.Min(rounds, WarmUpRounds),
            WarmUpGroups = 1,
        };

        // The rehearsal touches every page, and what KVM does lazily is done then.
        guest.Run(parameters with { Rounds = parameters.WarmUpRounds }, timeLimit, cancellation);
        CallRun run = guest.Run(parameters, timeLimit, cancellation);
        return new CallResult
        {
            Path = path,
            Calls = (ulong)rounds * CallLoop.CallsPerRound,
            Seed = seed,
            VsyscallVariant = i386.Vsyscall,
            VsyscallPhysicalAddress = i386.Image.FixmapPages[0].PhysicalAddress,
            Ticks = run.BatchTicks,
            TscKhz = guest.TscKhz,
            Pid = i386.Pid,
            Statistics = run.Statistics,
            Proof = HardwareProof.Judge(
                host, run.Results.Before, run.BatchTicks, run.TimedCalls, guest.TscKhz, run.UnexpectedEmulations, run.Elapsed),
            Setup = guest.Setup,
            Elapsed = run.Elapsed,
        };
    }
}
