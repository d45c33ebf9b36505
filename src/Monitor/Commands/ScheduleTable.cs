// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Commands;

/// <summary>Schedules for people.</summary>
internal static class ScheduleTable
{
    /// <summary>Several schedules.</summary>
    public static IRenderable Of(IReadOnlyList<ScheduleDocument> schedules)
    {
        Table table = new Table().RoundedBorder().AddColumns("schedule", "cron", "zone", "job", "next", "last", "skipped");
        foreach (ScheduleDocument schedule in schedules)
        {
            table.AddRow(
                JobTable.Cell(schedule.Name),
                JobTable.Cell(schedule.Cron),
                JobTable.Cell(schedule.TimeZone),
                JobTable.Cell($"{JobWords.Of(schedule.Job.Kind)} {schedule.Job.Name}".TrimEnd()),
                JobTable.Cell(NextOf(schedule)),
                JobTable.Cell(LastOf(schedule)),
                JobTable.Cell(schedule.Skipped.ToString(CultureInfo.InvariantCulture)));
        }

        return table;
    }

    private static string NextOf(ScheduleDocument schedule) =>
        schedule.Paused ? "paused"
        : schedule.NextAt is not DateTimeOffset next ? "never: set it anew"
        : schedule.Postponed ? "waits for room in the queue"
        : JobTable.TimeOf(next);

    private static string LastOf(ScheduleDocument schedule) => schedule is { LastAt: DateTimeOffset last, LastJob: long job, LastJobState: JobState state }
        ? string.Create(CultureInfo.InvariantCulture, $"{JobTable.TimeOf(last)}: job {job} {JobWords.Of(state)}")
        : "none yet";
}
