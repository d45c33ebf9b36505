// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon.Store;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys daemon backup: a copy of the daemon's database.</summary>
internal static class DaemonBackupCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "backup";

    /// <summary>The command.</summary>
    /// <param name="stateFolder">Where the database is, by the options of kvmsys daemon.</param>
    public static Command Create(Func<ParseResult, string> stateFolder)
    {
        Argument<string> file = new("FILE") { Description = "The copy: a file that is not there yet." };
        Command command = new(Name, "Write a copy of the daemon's database, whether it runs or not; put in its place, it is the database again.") { file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file)!;
            try
            {
                long bytes = StoreBackup.Write(stateFolder(parsed), path);
                StandardStream.WriteMessage($"kvmsys: {Shown.OneLine(path)} has all jobs and results, {(bytes + 1023) / 1024} KiB.\n");
                return ExitCode.Done;
            }
            catch (StoreException exception)
            {
                throw new CommandFailedException(ExitCode.CannotWrite, exception.Message);
            }
        });
        return command;
    }
}
