// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Farm.Protocol;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Commands;

/// <summary>A farm's hosts and batches, for people.</summary>
internal static class FarmTable
{
    /// <summary>Hosts.</summary>
    public static IRenderable Of(IReadOnlyList<FarmHostDocument> hosts)
    {
        Table table = new Table().RoundedBorder().AddColumns("host", "state", "heard of", "CPU", "kernel", "cpu key", "job", "why");
        foreach (FarmHostDocument host in hosts)
        {
            (string state, Style style) = StateOf(host);
            table.AddRow(
                Cell(host.Name),
                new Text(state, style),
                Cell(Age(DateTimeOffset.UtcNow - host.SeenAt)),
                Cell(host.Labels.GetValueOrDefault("cpu", "")),
                Cell(host.Labels.GetValueOrDefault("kernel", "")),
                Cell(host.CpuKey),
                Cell(host.Job is long job ? string.Create(CultureInfo.InvariantCulture, $"{job}{(host.Progress is double progress ? $", {progress:P0}" : "")}") : ""),
                Cell(string.Join("; ", new[] { host.Reason, host.Skew }.OfType<string>())));
        }

        return table;
    }

    /// <summary>A batch with its jobs.</summary>
    public static IRenderable Of(BatchDocument batch)
    {
        Table table = new Table().RoundedBorder().AddColumns("job", "target", "host", "state", "attempts", "why");
        foreach (JobDocument job in batch.Jobs)
        {
            table.AddRow(
                Cell(job.Id.ToString(CultureInfo.InvariantCulture)),
                Cell(job.Request.Target ?? "any"),
                Cell(job.Attempts is [.., JobAttempt last] ? last.Host ?? "" : ""),
                Cell(job.Progress is double progress ? string.Create(CultureInfo.InvariantCulture, $"{JobWords.Of(job.State)}, {progress:P0}") : JobWords.Of(job.State)),
                Cell($"{job.AttemptsBegun}/{job.MaxAttempts}"),
                Cell(job.Reason ?? ""));
        }

        return new Rows(
            table,
            new Text(string.Create(CultureInfo.InvariantCulture, $"batch {batch.Id}, {batch.Target}: {batch.Jobs.Count(job => job.State == JobState.Done)} of {batch.Jobs.Count} done")));
    }

    private static (string State, Style Style) StateOf(FarmHostDocument host) =>
        !host.There ? ("gone", new Style(Color.Red))
        : host.Cordoned && host.Job is null ? ("drained", new Style(Color.Yellow))
        : host.Cordoned ? ("cordoned", new Style(Color.Yellow))
        : host.Readiness switch
        {
            HostReadiness.Idle => ("idle", new Style(Color.Green)),
            HostReadiness.Busy => ("busy", new Style(Color.Blue)),
            _ => (JsonWord(host.Readiness), new Style(Color.Yellow)),
        };

    private static string JsonWord(HostReadiness readiness) => readiness.ToString().ToLowerInvariant();

    private static string Age(TimeSpan age) =>
        age.TotalSeconds < 0 ? "now"
        : age.TotalMinutes < 2 ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:F0} s ago")
        : age.TotalHours < 2 ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:F0} min ago")
        : age.TotalDays < 2 ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:F0} h ago")
        : string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:F0} days ago");

    private static Text Cell(string text) => new(text.Length == 0 ? text : Shown.OneLine(text));
}
