// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Farm.Controller;

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
        Option<bool> standby = new("--standby") { Description = "Wait until the ledger is there and no other controller uses it, and take over then." };
        Option<string?> ledger = new("--ledger") { Description = "The PostgreSQL database that has the ledger, postgresql://USER@HOST/DATABASE; a file in the state folder when not given.", HelpName = "URL" };
        Command command = new(Name, "Take jobs from people and scripts, and have the hosts of a farm make them; keep what comes back.") { standby, ledger };
        options.AddTo(command, UnitFile.Controller, parsed =>
        {
            DaemonSettings settings = options.SettingsOf(parsed, DaemonRole.Controller, taken => taken.TakeOption("farmLedger", parsed.GetValue(ledger) is string url ? [url] : null, ledger.Name));
            PostgresStoreDatabase? opened = null;
            if (parsed.GetValue(standby))
            {
                using Interruption interruption = new();
                if (!DaemonCommand.WaitForFolder(settings.StateFolder, interruption.Token)
                    || (settings.FarmLedger is PostgresAddress address && (opened = PostgresStoreDatabase.OpenWhenFree(address, StandBy, interruption.Token)) is null))
                {
                    return interruption.ExitCode;
                }
            }

            return DaemonCommand.Run(settings, DaemonRole.Controller, opened);
        });
        return command;

        void StandBy(string reason) => StandardStream.WriteMessage($"kvmsys: {Shown.OneLine(reason)}; standing by\n");
    }
}
