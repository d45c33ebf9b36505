// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>Opens a KVM for a command that runs the guest, and says what a failure means to the person who asked.</summary>
internal static class KvmAccess
{
    /// <summary>Opens the device, and makes sure that the guest runs on it.</summary>
    /// <exception cref="CommandFailedException">There is no usable device, or its KVM cannot run the guest.</exception>
    public static Kvm OpenForGuest(string device, HostEnvironment host)
    {
        CheckGuest(device, host);
        return Kvm.Open(device);
    }

    /// <summary>Opens the device without trying it out, for a command that tells by its guest itself whether that runs.</summary>
    /// <exception cref="CommandFailedException">There is no usable device.</exception>
    public static Kvm Open(string device)
    {
        try
        {
            return Kvm.Open(device);
        }
        catch (KvmException)
        {
            CheckGuest(device, HostEnvironment.Read());
            throw;
        }
    }

    /// <summary>Tries the device out.</summary>
    /// <returns>What was found.</returns>
    /// <exception cref="CommandFailedException">There is no usable device, or its KVM cannot run the guest.</exception>
    public static Checkup CheckGuest(string device, HostEnvironment host)
    {
        Checkup checkup = Checkup.Of(device, host);
        if (checkup.Obstacle is Check obstacle)
        {
            throw checkup.HasUsableDevice
                ? new CommandFailedException(
                    ExitCode.CannotRunGuest,
                    $"this KVM ({host.BackEnd.Module ?? "unknown"}) cannot run the guest; {obstacle.Name}: {obstacle.Evidence}. Cure: {obstacle.Cure}")
                : new CommandFailedException(ExitCode.NoKvm, $"{obstacle.Name}: {obstacle.Evidence}. Cure: {obstacle.Cure}");
        }

        return checkup;
    }

    /// <summary>The CPU to measure on.</summary>
    /// <param name="cpu">The one that was asked for; null to choose.</param>
    /// <exception cref="CommandFailedException">This process may not run there.</exception>
    public static VcpuPlacement PlacementOn(int? cpu)
    {
        CpuChoice choice = CpuChoice.Read();
        return cpu is not int wanted ? new(choice.Best)
            : choice.Allowed.Contains(wanted) ? new(wanted)
            : throw new CommandFailedException(
                ExitCode.Usage,
                $"--cpu {wanted}: this process may run on {string.Join(", ", choice.Allowed)}. Cure: choose one of them.");
    }

    /// <summary>What a guest that stopped means for the command.</summary>
    /// <param name="exception">The guest's end.</param>
    /// <param name="interruption">Whether somebody wanted it.</param>
    /// <param name="cure">What helps when the time was over.</param>
    public static CommandFailedException Explain(
        GuestStoppedException exception, Interruption interruption, string cure = "give it more with --timeout, or fewer --calls")
    {
        MachineStop stop = exception.Stop;
        return stop.Reason switch
        {
            StopReason.Cancelled => new(interruption.ExitCode, "interrupted"),
            StopReason.Deadline => new(
                ExitCode.TimeOut,
                string.Create(CultureInfo.InvariantCulture, $"{exception.Message}, after {stop.Elapsed.TotalSeconds:N0} s. Cure: {cure}.")),
            _ => new(ExitCode.CannotRunGuest, stop.Crash is null ? exception.Message : $"{exception.Message}\n{stop.Crash}"),
        };
    }

    /// <summary>What a call of KVM that failed means for the command.</summary>
    public static CommandFailedException Explain(KvmException exception) => exception.IsShortage
        ? new(
            ExitCode.NoResources,
            $"{exception.Message}. Cure: raise this process's limits (ulimit -a; the control group's memory.max) or free memory (free -h).")
        : new(ExitCode.CannotRunGuest, $"{exception.Message}. Cure: kvmsys doctor tells what this KVM can do.");
}
