// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>Loads a program for a command, and says what a refusal means to the person who asked.</summary>
internal static class ProgramLoading
{
    /// <summary>Loads a program.</summary>
    /// <exception cref="CommandFailedException">It does not fit.</exception>
    public static LinuxMachine Load(Kvm kvm, GuestCpuid cpuid, ElfExecutable executable, ProcessOptions options)
    {
        CommonOptions.CheckVariant(options.Vsyscall, cpuid);
        try
        {
            return LinuxMachine.Load(kvm, cpuid, executable, options);
        }
        catch (ArgumentException exception)
        {
            throw new CommandFailedException(ExitCode.Usage, Shown.Reason(exception));
        }
        catch (InvalidOperationException)
        {
            throw new CommandFailedException(
                ExitCode.Usage,
                $"the program and its kernel do not fit into {options.MemorySize >> 20} MiB of guest memory. Cure: give it more with --memory.");
        }
    }
}
