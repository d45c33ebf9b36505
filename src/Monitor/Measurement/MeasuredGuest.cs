// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Measurement;

/// <summary>An entry path on a machine of its own, which runs as often as it is told.</summary>
public sealed class MeasuredGuest : IMeasuredProgram
{
    private readonly EntryPath _path;
    private readonly uint _callsInRound;
    private readonly uint _pid;
    private readonly VirtualMachine _machine;
    private readonly uint _parameters;
    private readonly uint _results;

    /// <summary>Makes the machine.</summary>
    /// <param name="kvm">The system's KVM.</param>
    /// <param name="cpuid">The CPUID table of the guest.</param>
    /// <param name="path">What its program does.</param>
    /// <param name="seed">Decides the guest's frames and process identifier.</param>
    /// <param name="memorySize">Guest-physical memory in bytes, a multiple of 4 MiB.</param>
    /// <param name="placement">Where its vCPU's thread runs; null for wherever the scheduler likes.</param>
    /// <param name="callsInRound">Calls between two turns of the program's loop.</param>
    /// <exception cref="KvmException">KVM refused something.</exception>
    public MeasuredGuest(
        Kvm kvm,
        GuestCpuid cpuid,
        EntryPath path,
        int seed,
        uint memorySize,
        VcpuPlacement? placement = null,
        uint callsInRound = CallLoop.CallsPerRound)
    {
        ArgumentNullException.ThrowIfNull(cpuid);
        ArgumentNullException.ThrowIfNull(path);
        _path = path;
        _callsInRound = callsInRound;
        CallLoop loop = new(path.Mechanism) { Offset = path.Alignment, IsAmd = cpuid.Identity.IsAmd, CallsInRound = callsInRound };
        GuestProgram program = loop.Assemble(path.Profile);
        GuestImage image;
        if (path.Profile is KernelProfile.Bare64 or KernelProfile.Compatibility or KernelProfile.Fred64)
        {
            LongModeGuest guest = LongModeGuest.Build(new LongModeGuestOptions
            {
                Program = program,
                EntryOffset = path.Alignment,
                Mitigation = path.Mitigation,
                Fred = path.Profile == KernelProfile.Fred64,
                Seed = seed,
                MemorySize = memorySize,
            });
            (image, _pid) = (guest.Image, guest.Pid);
        }
        else
        {
            I386 = I386Guest.Build(new I386GuestOptions
            {
                Program = program,
                Profile = path.Profile,
                EntryOffset = path.Alignment,
                Cpu = cpuid.Identity,
                Seed = seed,
                MemorySize = memorySize,
            });
            (image, _pid) = (I386.Image, I386.Pid);
        }

        _parameters = image.PhysicalAddressOf(CallLoop.ParametersSymbol);
        _results = image.PhysicalAddressOf(CallLoop.ResultsSymbol);
        _machine = new VirtualMachine(kvm, image, cpuid, placement) { AnsweredExit = path.AnsweredExit };
    }

    /// <summary>The guest as data, if it is an i386 one.</summary>
    public I386Guest? I386 { get; }

    /// <inheritdoc/>
    public int? TscKhz => _machine.TscKhz;

    /// <summary>Its machine, for a test that disturbs it.</summary>
    internal VirtualMachine Machine => _machine;

    /// <summary>Phases of setting up the machine.</summary>
    public SetupTimes Setup => _machine.Setup;

    /// <inheritdoc/>
    public GrantedPlacement Placed => _machine.Placed;

    /// <inheritdoc/>
    public CallRun Run(in CallLoopParameters parameters, TimeSpan timeLimit, CancellationToken cancellation = default)
    {
        _machine.Ram.Write(_parameters, in parameters);
        MachineStop stop = _machine.Run(timeLimit, cancellation);
        if (stop.Reason != StopReason.Mark)
        {
            throw new GuestStoppedException($"{_path.Mechanism} on the {_path.Profile} kernel".ToLowerInvariant(), stop);
        }

        CallLoopResults results = _machine.Ram.Read<CallLoopResults>(_results);
        if (_path.IsAnswered && results.LastResult != _pid)
        {
            throw new InvalidOperationException(
                $"The guest's getpid answered {results.LastResult} and not {_pid}: {_path} did not enter its kernel.");
        }

        return new CallRun
        {
            Path = _path,
            CallsInRound = _callsInRound,
            Parameters = parameters,
            Results = results,
            Statistics = stop.Statistics,
            Elapsed = stop.Elapsed,
            UsageBefore = stop.UsageBefore,
            UsageAfter = stop.UsageAfter,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();
}
