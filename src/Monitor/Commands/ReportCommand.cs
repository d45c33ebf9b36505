// SPDX-License-Identifier: MIT

using System.CommandLine;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys report.</summary>
internal static class ReportCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        Argument<string> bench = new("BENCH") { Description = "What kvmsys bench --json wrote." };
        Option<bool> showEmulated = CommonOptions.ShowEmulated();
        PageOptions pages = new();
        Command command = new("report", "Make a page or a chart of an earlier bench.") { bench, showEmulated };
        pages.AddTo(command, _ => null);
        command.Validators.Add(result =>
        {
            if (!pages.AreIn(result))
            {
                result.AddError("--html FILE or --svg FILE is needed.");
            }
        });
        command.SetAction(parsed =>
        {
            using PageFiles files = pages.Prepare(parsed);
            files.Write(BenchFile.Read(parsed.GetValue(bench)!).Showing(parsed.GetValue(showEmulated)));
            return ExitCode.Done;
        });
        return command;
    }
}
