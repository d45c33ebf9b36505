// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm controller.</summary>
internal static class FarmControllerCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "controller";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        FarmOptions options = new();
        Option<bool> standby = new("--standby") { Description = "Wait until no other controller uses the folder, and take over then." };
        Command command = new(Name, "Take jobs from people and scripts, and have the hosts of a farm make them; keep what comes back.") { standby };
        options.AddTo(command, UnitFile.Controller, parsed =>
        {
            DaemonSettings settings = options.SettingsOf(parsed, DaemonRole.Controller, _ => { });
            if (parsed.GetValue(standby))
            {
                using Interruption interruption = new();
                if (!DaemonCommand.WaitForFolder(settings.StateFolder, interruption.Token))
                {
                    return interruption.ExitCode;
                }
            }

            return DaemonCommand.Run(settings, DaemonRole.Controller);
        });
        return command;
    }
}
