// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>What a program that ran in the guest wrote to its standard output.</summary>
/// <param name="Bytes">The bytes.</param>
/// <param name="Program">The program.</param>
/// <param name="Guest">The guest that it ran in.</param>
internal sealed record ProgramOutput(byte[] Bytes, GuestProgram Program, I386Guest Guest)
{
    // Far more than the programs write that are made here.
    private const int MaxBytes = 1 << 20;

    /// <summary>Runs a program to its end.</summary>
    /// <param name="kvm">The system's KVM.</param>
    /// <param name="cpuid">The guest's CPUID table.</param>
    /// <param name="program">The program.</param>
    /// <param name="options">How it is run; its standard output is kept here.</param>
    /// <param name="time">How long it may run.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">It did not come to its end, or ended with a status that is not 0.</exception>
    /// <exception cref="KvmException">KVM or the host refuses something.</exception>
    public static ProgramOutput Of(
        Kvm kvm, GuestCpuid cpuid, GuestProgram program, ProcessOptions options, TimeSpan time, CancellationToken cancellation)
    {
        using OpenFile output = OpenFile.InMemory(options.FileName);
        using LinuxMachine machine = LinuxMachine.Load(kvm, cpuid, program, options with { StandardFiles = [OpenFile.Standard(0), OpenFile.Standard(output.Descriptor), OpenFile.Standard(FileDescriptor.StandardError)] });
        MachineStop stop = machine.Run(time, cancellation);
        if (stop is not { Reason: StopReason.Exit, Status: 0 })
        {
            throw new GuestStoppedException($"{options.FileName} in the guest", stop);
        }

        byte[] bytes = new byte[MaxBytes];
        int length = output.ReadAt(bytes, offset: 0);
        return length >= 0
            ? new ProgramOutput(bytes[..length], program, machine.Guest)
            : throw new KvmException("pread", (Errno)(-length), options.FileName);
    }
}
