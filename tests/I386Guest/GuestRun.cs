// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>Runs a guest that a test makes up, from its program to its stop.</summary>
internal static class GuestRun
{
    /// <summary>The vector by which a program makes a <see cref="MonitorCall"/>.</summary>
    public const sbyte MonitorVector = unchecked((sbyte)0x81);

    /// <summary>The vector of system calls.</summary>
    public const sbyte SyscallVector = unchecked((sbyte)0x80);

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    /// <summary>A program made of these instructions, which start at <see cref="GuestProgram.TextAddress"/>.</summary>
    public static GuestProgram Program(Action<Assembler> emit, int bitness = 32)
    {
        Assembler assembler = new(bitness);
        emit(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), GuestProgram.TextAddress);
        return GuestProgram.OfCode(stream.ToArray()) with
        {
            Bitness = bitness,
            Symbols = [new(GuestProgram.TextAddress, "test_program")],
        };
    }

    /// <summary>Ends the program with a status.</summary>
    public static void EmitExit(Assembler c, AssemblerRegister32 status)
    {
        c.mov(ebx, status);
        c.mov(eax, (uint)MonitorCall.Exit);
        c.@int(MonitorVector);
    }

    /// <summary>The guest of a program.</summary>
    public static Kvmsys.Guest.I386Guest Build(
        GuestProgram program, KernelProfile profile = KernelProfile.Linux26, int seed = 1, params FixmapContents[] fixmap)
    {
        using Kvm kvm = Kvm.Open();
        return Kvmsys.Guest.I386Guest.Build(new I386GuestOptions
        {
            Program = program,
            Profile = profile,
            Cpu = GuestCpuid.Of(kvm).Identity,
            Seed = seed,
            Fixmap = [.. fixmap],
        });
    }

    /// <summary>Runs instructions on a kernel.</summary>
    public static MachineStop Run(Action<Assembler> emit, KernelProfile profile = KernelProfile.Linux26) => Run(Build(Program(emit), profile).Image);

    /// <summary>Runs an image, perhaps one that a test has broken.</summary>
    public static MachineStop Run(GuestImage image)
    {
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, image, GuestCpuid.Of(kvm));
        return machine.Run(Time);
    }

    /// <summary>The status that a program exits with.</summary>
    public static uint Status(Action<Assembler> emit, KernelProfile profile = KernelProfile.Linux26)
    {
        MachineStop stop = Run(emit, profile);
        Assert.True(stop.Reason == StopReason.Exit, stop.Crash?.ToString() ?? stop.Reason.ToString());
        return stop.Status;
    }
}
