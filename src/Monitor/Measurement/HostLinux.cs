// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Measurement;

/// <summary>Which of its entries the Linux that kvmsys runs on has for 32-bit programs.</summary>
/// <param name="Runs32Bit">Whether it executes them, and answers INT 0x80.</param>
/// <param name="HasVsyscall">Whether it gives them a page with an entry.</param>
public sealed record HostLinux(bool Runs32Bit, bool HasVsyscall)
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Tries it out with a program that enters nothing.</summary>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">The program did not come to its end.</exception>
    /// <exception cref="KvmException">This process may not start one.</exception>
    public static HostLinux Probe(CancellationToken cancellation = default)
    {
        try
        {
            using MeasuredProcess process = new(new EntryPath(KernelProfile.Host32, EntryMechanism.Empty));
            process.Run(new() { Rounds = 1, Batches = 2, WarmUpRounds = 1, WarmUpGroups = 1 }, TimeLimit, cancellation);
            return new HostLinux(Runs32Bit: true, process.HasVsyscall);
        }
        catch (KvmException exception) when (exception.Errno == Errno.ENOEXEC)
        {
            return new HostLinux(Runs32Bit: false, HasVsyscall: false);
        }
        catch (GuestStoppedException exception) when (exception.Stop.Reason == StopReason.Exit)
        {
            // Its first call was its last, as where a filter of system calls allows no 32-bit ones.
            return new HostLinux(Runs32Bit: false, HasVsyscall: false);
        }
    }

    /// <summary>Why it cannot be entered so, for people; null when it can.</summary>
    public string? AbsenceOf(EntryPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return !Runs32Bit && (path.Profile == KernelProfile.Host32 || path.Mechanism == EntryMechanism.Int80)
            ? "this host's Linux runs no 32-bit programs (CONFIG_IA32_EMULATION, ia32_emulation=0 at boot, or a filter of system calls)"
            : !HasVsyscall && path.Mechanism == EntryMechanism.Vsyscall
            ? "this host's Linux gives 32-bit programs no vDSO (vdso32=0 at boot)"
            : null;
    }
}
