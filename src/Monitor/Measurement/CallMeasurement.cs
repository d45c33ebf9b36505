// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Measurement;

/// <summary>Makes measurements: a plan becomes an image, the image a machine, the machine's memory a result.</summary>
/// <param name="kvm">The system's KVM.</param>
/// <param name="cpuid">The CPUID table of the guests.</param>
/// <param name="host">The host.</param>
public sealed class CallMeasurement(Kvm kvm, GuestCpuid cpuid, HostEnvironment host)
{
    /// <summary>Measures.</summary>
    /// <param name="plan">What.</param>
    /// <param name="timeLimit">How long the guest may run.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">The guest did not come to its end.</exception>
    /// <exception cref="KvmException">KVM refused something.</exception>
    public CallResult Run(CallPlan plan, TimeSpan timeLimit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        I386Guest guest = I386Guest.Build(new I386GuestOptions
        {
            Program = new CallLoop(plan.Mechanism, plan.Calls).Assemble(plan.Profile),
            Profile = plan.Profile,
            Cpu = cpuid.Identity,
            Seed = plan.Seed,
        });
        using VirtualMachine machine = new(kvm, guest.Image, cpuid);

        // The rehearsal ends at the mark; only then does the run begin that counts.
        Expect(StopReason.Mark, machine.Run(timeLimit, cancellation), plan);
        MachineStop end = machine.Run(timeLimit, cancellation);
        Expect(StopReason.Exit, end, plan);

        CallLoopResults results = machine.Ram.Read<CallLoopResults>(guest.Image.PhysicalAddressOf(CallLoop.ResultsSymbol));
        if (plan.Mechanism != EntryMechanism.Empty && results.LastResult != guest.Pid)
        {
            throw new InvalidOperationException(
                $"The guest's getpid answered {results.LastResult} and not {guest.Pid}: {plan} did not enter its kernel.");
        }

        return new CallResult
        {
            Plan = plan,
            VsyscallVariant = guest.Vsyscall,
            VsyscallPhysicalAddress = guest.Image.FixmapPages[0].PhysicalAddress,
            Ticks = results.EndTicks - results.StartTicks,
            TscKhz = machine.TscKhz,
            Pid = guest.Pid,
            Statistics = end.Statistics,
            Proof = HardwareProof.Judge(host, in results, machine.TscKhz, end.Statistics?.EmulatedInstructions, end.Elapsed),
            Setup = machine.Setup,
            Elapsed = end.Elapsed,
        };
    }

    private static void Expect(StopReason reason, MachineStop stop, CallPlan plan)
    {
        if (stop.Reason != reason)
        {
            throw new GuestStoppedException($"{plan.Mechanism} on the {plan.Profile} kernel".ToLowerInvariant(), stop);
        }
    }
}
