// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Reports;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Commands;

/// <summary>Jobs, and the host that makes them, for people.</summary>
internal static class JobTable
{
    /// <summary>Several jobs.</summary>
    public static IRenderable Of(IReadOnlyList<JobDocument> jobs)
    {
        Table table = new Table().RoundedBorder().AddColumns("job", "kind", "state", "submitted", "by", "attempts", "name, or why");
        foreach (JobDocument job in jobs)
        {
            table.AddRow(
                Cell(job.Id.ToString(CultureInfo.InvariantCulture)),
                Cell(JobWords.Of(job.Request.Kind)),
                new Text(StateOf(job), StyleOf(job.State)),
                Cell(TimeOf(job.SubmittedAt)),
                Cell(job.SubmittedBy),
                Cell($"{job.AttemptsBegun}/{job.MaxAttempts}"),
                Cell(job.Reason ?? job.Request.Name ?? ""));
        }

        return table;
    }

    /// <summary>One job, with its attempts where they are known.</summary>
    public static IRenderable Of(JobDocument job)
    {
        List<IRenderable> parts = [Of([job])];
        if (job.Attempts is { Count: > 0 } attempts)
        {
            Table table = new Table().RoundedBorder().AddColumns("attempt", "began", "took", "outcome", "status", "why");
            foreach (JobAttempt attempt in attempts)
            {
                table.AddRow(
                    Cell(attempt.Number.ToString(CultureInfo.InvariantCulture)),
                    Cell(TimeOf(attempt.StartedAt)),
                    Cell(attempt.EndedAt is DateTimeOffset end ? string.Create(CultureInfo.InvariantCulture, $"{(end - attempt.StartedAt).TotalSeconds:N1} s") : ""),
                    Cell(attempt.Outcome is AttemptOutcome outcome ? JobWords.Of(outcome) : "running"),
                    Cell(attempt.ExitStatus?.ToString(CultureInfo.InvariantCulture) ?? ""),
                    Cell(attempt.Reason ?? ""));
            }

            parts.Add(table);
        }

        if (job.State == JobState.Done)
        {
            parts.Add(new Text(string.Create(CultureInfo.InvariantCulture, $"kvmsys jobs result {job.Id} writes the result")));
        }

        return new Rows(parts);
    }

    /// <summary>Regressions and improvements.</summary>
    public static IRenderable Of(IReadOnlyList<FoundRegression> found)
    {
        Table table = new Table().RoundedBorder().AddColumns("since job", "mechanism", "finding", "core cycles", "shift", "noise", "also changed");
        foreach (RegressionDocument regression in found.Select(found => found.Regression))
        {
            table.AddRow(
                Cell(regression.From.ToString(CultureInfo.InvariantCulture)),
                Cell($"{regression.Mechanism} on {regression.Profile}{(regression.Host is null ? "" : $", host {regression.Host}")}"),
                new Text(regression.Finding, new Style(regression.IsSlower() ? Color.Red : Color.Green)),
                Cell(string.Create(CultureInfo.InvariantCulture, $"{regression.Before.Value:F1} -> {regression.After.Value:F1}")),
                Cell(string.Create(CultureInfo.InvariantCulture, $"{regression.Shift.Value:+0.0;-0.0}")),
                Cell(string.Create(CultureInfo.InvariantCulture, $"{regression.Noise.CoreCycles:F1}")),
                Cell(string.Join(", ", regression.AlsoChanged)));
        }

        return table;
    }

    /// <summary>The host.</summary>
    public static IRenderable Of(HostStateDocument host)
    {
        Grid grid = new Grid().AddColumns(2);
        grid.AddRow(Cell("CPU"), Cell(host.Host.CpuBrand));
        grid.AddRow(Cell("kernel"), Cell(host.Host.Kernel));
        grid.AddRow(Cell("KVM"), Cell(host.Host.KvmModule ?? "none"));
        grid.AddRow(Cell("kvmsys"), Cell($"{host.Version}, up since {TimeOf(host.StartedAt)}"));
        grid.AddRow(Cell("state"), Cell(host.Running is JobDocument job
            ? string.Create(CultureInfo.InvariantCulture, $"{(host.Cordoned ? "cordoned, " : "")}job {job.Id} {StateOf(job)}")
            : host.Cordoned ? "drained: kvmsys jobs uncordon lets it begin jobs again" : "idle"));
        grid.AddRow(Cell("jobs"), Cell(string.Join(", ", host.Jobs.Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Value:N0} {count.Key}")))));
        if (host.DiskFull)
        {
            grid.AddRow(Cell("disk"), Cell("full: a result waits for room"));
        }

        if (host.DatabaseSetAside is string path)
        {
            grid.AddRow(Cell("database"), Cell($"a damaged one lies in {path}"));
        }

        return grid;
    }

    /// <summary>A cell of a table: whatever the text is, a terminal does nothing but show it.</summary>
    public static Text Cell(string text) => new(Shown.OneLine(text));

    private static string StateOf(JobDocument job) => job.Progress is double progress
        ? string.Create(CultureInfo.InvariantCulture, $"{JobWords.Of(job.State)} {progress:P0}")
        : job.CancelRequested && job.State == JobState.Running ? "being cancelled" : JobWords.Of(job.State);

    private static Style StyleOf(JobState state) => state switch
    {
        JobState.Done => new Style(Color.Green),
        JobState.Failed => new Style(Color.Red),
        JobState.Running => new Style(Color.Blue),
        _ => Style.Plain,
    };

    /// <summary>A time in this user's zone.</summary>
    public static string TimeOf(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
