// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Scale;

/// <summary>The figures of several sizes side by side, in Markdown.</summary>
internal static class ScaleTable
{
    private static readonly (string Name, Func<ScaleFigures, string?> Of)[] Rows =
    [
        ("**set up**", _ => ""),
        ("farm.json, server.conf", run => run.ServerConfBytes is long bytes ? $"{Megabytes(run.FarmJsonBytes)}, {Megabytes(bytes)} MB" : null),
        ("`kvmsys farm configure`, `key add`", run => run.AddKeySeconds is double add ? $"{Number(run.ConfigureSeconds)}, {Number(add)} s" : null),
        ("server: start", run => Seconds(run.BrokerStartSeconds)),
        ("server: resident before anybody comes", run => InMegabytes(run.BrokerEmptyMegabytes)),
        ("server: one more key is read", run => Seconds(run.ReloadSeconds)),
        ("server: resident after that", run => InMegabytes(run.BrokerReloadedMegabytes)),
        ("connections lost by that", run => Number(run.LostByReload)),
        ("controller: start, no host known", run => Seconds(run.ControllerStartSeconds)),
        ("all hosts connected", run => Seconds(run.ConnectSeconds)),
        ("controller has heard of all", run => Seconds(run.HeardSeconds)),
        ("**steady: heartbeats, looks for work**", _ => ""),
        ("CPU: server", run => Percent(run.BrokerCpuPercent)),
        ("CPU: controller", run => Percent(run.ControllerCpuPercent)),
        ("CPU: all simulated hosts", run => Percent(run.AgentsCpuPercent)),
        ("resident: server", run => InMegabytes(run.BrokerMegabytes)),
        ("resident: controller", run => InMegabytes(run.ControllerMegabytes)),
        ("resident: all simulated hosts", run => InMegabytes(run.AgentsMegabytes)),
        ("files open: server", run => Number(run.BrokerFiles)),
        ("PING to PONG", run => Latency(run.Ping)),
        ("look for work that finds none", run => Latency(run.Look)),
        ("heartbeat until the controller has it", run => Latency(run.Heartbeat)),
        ("`GET /api/v1/hosts`", run => Latency(run.HostList)),
        ("its size", run => run.HostListBytes is long bytes ? $"{Megabytes(bytes)} MB" : null),
        ("all that the page of hosts asks for", run => Latency(run.HostsPage)),
        ("**a job for each host, 5 s each**", _ => ""),
        ("accepted", run => Seconds(run.SubmitSeconds)),
        ("first done", run => Seconds(run.FirstDoneSeconds)),
        ("all done", run => Seconds(run.AllDoneSeconds)),
        ("jobs per second", run => Number(run.JobsPerSecond)),
        ("job in the stream until its host has it", run => Latency(run.Handed)),
        ("result sent until the server has it", run => Latency(run.Kept)),
        ("result sent until the ledger has it", run => Latency(run.Settled)),
        ("size of a result", run => run.ResultBytes is int bytes ? $"{Number(bytes / 1e3)} kB" : null),
        ("CPU: server", run => Percent(run.BrokerBatchCpuPercent)),
        ("CPU: controller", run => Percent(run.ControllerBatchCpuPercent)),
        ("CPU: all simulated hosts", run => Percent(run.AgentsBatchCpuPercent)),
        ("resident: server", run => InMegabytes(run.BrokerBatchMegabytes)),
        ("resident: controller", run => InMegabytes(run.ControllerBatchMegabytes)),
        ("**started anew**", _ => ""),
        ("controller: ready", run => Seconds(run.ControllerRestartSeconds)),
        ("controller: has heard of all", run => Seconds(run.ControllerHeardSeconds)),
        ("server, killed: lets somebody in", run => Seconds(run.BrokerRestartSeconds)),
        ("server, killed: controller has heard of all", run => Seconds(run.BrokerHeardSeconds)),
        ("server, killed: all hosts are connected", run => Seconds(run.BrokerBackSeconds)),
        ("load average of the machine, steady", run => Number(run.LoadAverage)),
    ];

    /// <summary>Lines of Markdown, as wide as they have to be for a person.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<ScaleFigures> runs)
    {
        string[][] cells =
        [
            ["hosts", .. runs.Select(run => run.Agents.ToString("N0", CultureInfo.InvariantCulture))],
            .. Rows.Select(row => (string[])[row.Name, .. runs.Select(run => row.Of(run) ?? "-")]),
        ];
        int[] widths = [.. Enumerable.Range(0, runs.Count + 1).Select(column => cells.Max(row => row[column].Length))];
        yield return Line(cells[0]);
        yield return $"|{string.Join('|', widths.Select((width, column) => column == 0 ? new string('-', width + 2) : $"{new string('-', width + 1)}:"))}|";
        foreach (string[] row in cells.Skip(1))
        {
            yield return Line(row);
        }

        yield return "";
        yield return "Times with two numbers are p50 and p99. CPU is percent of one.";
        foreach (ScaleFigures run in runs)
        {
            if (run.EndedBy is string reason)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{run.Agents:N0} hosts: ended by: {reason}");
            }

            foreach ((string trouble, int count) in run.Troubles ?? new Dictionary<string, int>())
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{run.Agents:N0} hosts: {count:N0} times {trouble}");
            }
        }

        string Line(string[] row) => $"| {string.Join(" | ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column])))} |";
    }

    private static string? Number(double? value) => value switch
    {
        null => null,
        < 0.01 => value.Value.ToString("0.000", CultureInfo.InvariantCulture),
        < 1 => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
        < 10 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("N0", CultureInfo.InvariantCulture),
    };

    private static string? Number(int? value) => value?.ToString("N0", CultureInfo.InvariantCulture);

    private static string? Seconds(double? value) => value is null ? null : $"{Number(value)} s";

    private static string? Percent(double? value) => value is null ? null : $"{Number(value)} %";

    private static string? InMegabytes(double? value) => value is null ? null : $"{Number(value)} MB";

    private static string? Megabytes(long? bytes) => bytes is null ? null : Number(bytes.Value / 1e6);

    private static string? Latency(LatencyFigure? figure) => figure is null ? null : $"{Number(figure.P50)}, {Number(figure.P99)} ms";
}
