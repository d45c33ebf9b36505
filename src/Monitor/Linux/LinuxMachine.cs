// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>A machine with a static i386 Linux program in it, from its file to its end.</summary>
internal sealed class LinuxMachine : IDisposable
{
    private LinuxMachine(I386Guest guest, VirtualMachine machine, LinuxProcess process)
    {
        Guest = guest;
        Machine = machine;
        Process = process;
        machine.Service = process;
    }

    /// <summary>The guest as it was built.</summary>
    public I386Guest Guest { get; }

    /// <summary>The machine.</summary>
    public VirtualMachine Machine { get; }

    /// <summary>The program.</summary>
    public LinuxProcess Process { get; }

    /// <summary>The signal that has ended the program; 0 when none has.</summary>
    public int FatalSignal => Process.FatalSignal;

    /// <summary>Whether that signal came from outside: <see cref="Send"/>.</summary>
    public bool EndedFromOutside => Process.EndedFromOutside;

    /// <summary>Sends the program a signal while it runs, from any thread.</summary>
    public void Send(int signal)
    {
        Process.Send(signal);
        Machine.Kick();
    }

    /// <summary>Loads a program from its file.</summary>
    /// <param name="kvm">The system's KVM.</param>
    /// <param name="cpuid">The guest's CPUID table.</param>
    /// <param name="executable">The program.</param>
    /// <param name="options">How it is run.</param>
    /// <exception cref="ArgumentException">Arguments, environment or fixmap pages are too many.</exception>
    /// <exception cref="InvalidOperationException">The memory is too small for the program.</exception>
    /// <exception cref="KvmException">KVM or the host refuses something.</exception>
    public static LinuxMachine Load(Kvm kvm, GuestCpuid cpuid, ElfExecutable executable, ProcessOptions options)
    {
        byte[] random = new byte[ProcessStart.RandomSize];
        new Random(options.Seed).NextBytes(random);
        InitialStack stack = InitialStack.Build(executable, new ProcessStart
        {
            FileName = Bytes(options.FileName),
            Arguments = [Bytes(options.FileName), .. options.Arguments],
            Environment = [.. options.Environment.Select(Bytes)],
            RandomBytes = random,
            HardwareCapabilities = cpuid.FeatureBits,
            Uid = UserIdentity.Uid,
            Gid = UserIdentity.Gid,
        });
        if (executable.Segments[^1].End > GuestProgram.StackTop - AddressSpace.DefaultStackLimit)
        {
            throw new ArgumentException($"The program's memory ends at 0x{executable.Segments[^1].End:x8}, where its stack has its place.", nameof(executable));
        }

        SegmentFlags stackFlags = SegmentFlags.Read | SegmentFlags.Write | (executable.ExecutableStack ? SegmentFlags.Execute : 0);
        GuestProgram program = new()
        {
            Segments = [.. executable.Segments, stack.ToSegment(stackFlags)],
            Entry = executable.Entry,
            StackPointer = stack.StackPointer,
            Symbols = executable.Symbols,
        };
        return Load(kvm, cpuid, program, options);
    }

    /// <summary>Loads a program that was made here: it finds nothing on its stack but what it brings.</summary>
    /// <param name="kvm">The system's KVM.</param>
    /// <param name="cpuid">The guest's CPUID table.</param>
    /// <param name="program">The program.</param>
    /// <param name="options">How it is run.</param>
    /// <exception cref="ArgumentException">Fixmap pages are too many, or the page is to use what the CPU lacks.</exception>
    /// <exception cref="InvalidOperationException">The memory is too small for the program.</exception>
    /// <exception cref="KvmException">KVM or the host refuses something.</exception>
    public static LinuxMachine Load(Kvm kvm, GuestCpuid cpuid, GuestProgram program, ProcessOptions options)
    {
        I386Guest guest = I386Guest.Build(new I386GuestOptions
        {
            Program = program,
            Profile = KernelProfile.Linux26,
            Cpu = cpuid.Identity,
            Vsyscall = options.Vsyscall,
            Seed = options.Seed,
            MemorySize = options.MemorySize,
            Fixmap = [.. options.Fixmap],
            Uid = UserIdentity.Uid,
            Gid = UserIdentity.Gid,
        });
        VirtualMachine machine = new(kvm, guest.Image, cpuid);
        try
        {
            return new LinuxMachine(guest, machine, new LinuxProcess(guest, program, machine.Ram, guest.Task, options));
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    /// <summary>Runs the program until it ends, the time is over, or somebody interrupts it.</summary>
    public MachineStop Run(TimeSpan time, CancellationToken cancellation) => Machine.Run(time, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        Machine.Dispose();
        Process.Dispose();
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
