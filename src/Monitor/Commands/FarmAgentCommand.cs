// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm agent: kvmsys daemon, joined to a farm.</summary>
internal static class FarmAgentCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "agent";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        FarmOptions options = new();
        Option<string?> host = new("--host") { Description = "What this host is called in the farm.", HelpName = "NAME" };
        Option<string?> device = new("--device") { Description = "KVM's device.", HelpName = "PATH" };
        Command command = new(Name, "Measure for a farm: kvmsys daemon, that takes the farm's jobs too, one at a time, when this host is idle and quiet.") { host, device };
        options.AddTo(command, UnitFile.Agent, parsed =>
        {
            DaemonSettings settings = options.SettingsOf(parsed, DaemonRole.Host, daemon =>
            {
                daemon.TakeOption("farmHost", parsed.GetValue(host) is string name ? [name] : null, host.Name);
                daemon.TakeOption("device", parsed.GetValue(device) is string path ? [path] : null, device.Name);
            });

            // kvmsys daemon may belong to no farm.
            return settings.FarmBroker is null
                ? throw new CommandFailedException(ExitCode.Usage, "an agent needs a farm. Cure: name its server with --broker, and this host with --host; or run kvmsys daemon.")
                : DaemonCommand.Run(settings, DaemonRole.Host);
        });
        return command;
    }
}
