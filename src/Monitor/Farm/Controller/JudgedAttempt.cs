// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>What an attempt of a host has come to, after a look at what it has sent.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Bench">Of a bench with a result, what the series keep.</param>
/// <param name="Figures">Its figures.</param>
internal sealed record JudgedAttempt(AttemptEnd End, HistoryEntry? Bench, IReadOnlyList<HistoryFigure> Figures)
{
    /// <summary>Looks at it as at any stranger's: a host may be older, newer or somebody else's.</summary>
    /// <param name="kind">What was asked for.</param>
    /// <param name="report">What the host says.</param>
    /// <param name="readBench">Reads a bench's JSON.</param>
    /// <param name="at">When it came.</param>
    /// <param name="objection">What is wrong with its document; null for nothing.</param>
    public static JudgedAttempt Of(JobKind kind, AttemptReport report, BenchReading readBench, DateTimeOffset at, out string? objection)
    {
        objection = null;
        byte[]? document = report.Document is null ? null : FarmProtocol.Unpack(report.Document);
        BenchDocument? bench = null;
        if (document is null)
        {
            objection = report.Document is not null ? "its document cannot be unpacked" : report.Outcome == AttemptOutcome.Succeeded ? "it has no document" : null;
        }
        else if (kind == JobKind.Bench)
        {
            bench = readBench(document, out objection);
            objection ??= report.Outcome == AttemptOutcome.Succeeded && bench is { Complete: false } ? "the bench is not complete" : null;
        }
        else
        {
            try
            {
                using JsonDocument parsed = JsonDocument.Parse(document);
                objection = parsed.RootElement.ValueKind == JsonValueKind.Object ? null : "its document is no object";
            }
            catch (JsonException exception)
            {
                objection = exception.Message;
            }
        }

        AttemptEnd end = new(report.Outcome!.Value, report.ExitStatus, report.Reason, report.Log, document is null ? (ReadOnlyMemory<byte>?)null : document);
        if (objection is not null)
        {
            AttemptOutcome outcome = end.Outcome == AttemptOutcome.Succeeded ? AttemptOutcome.Crashed : end.Outcome;
            return new(end with { Outcome = outcome, Reason = $"what the host sent is no result: {objection}", Document = null }, null, []);
        }

        if (bench is null || end.Outcome != AttemptOutcome.Succeeded)
        {
            return new(end, null, []);
        }

        HistoryEntry entry = BenchFigures.EntryOf(bench, at);
        HistoryFigure[] figures = [.. BenchFigures.Of(bench, entry)];
        return new(end with { Results = ResultVerdict.Of(bench, figures) }, entry, figures);
    }
}
