// SPDX-License-Identifier: MIT

using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>Regressions that were found, in the database of the jobs whose benches they were found in.</summary>
/// <param name="jobs">The jobs.</param>
/// <param name="time">The clock.</param>
internal sealed class RegressionStore(JobStore jobs, TimeProvider time)
{
    /// <summary>Benches that a series is looked at over, the latest.</summary>
    public const int Window = 200;

    private const string Select = "SELECT id, at, document, host FROM regression";

    // As more benches come, a change may be seen a little earlier or later; it is the same one.
    private const int SamePlace = 5;

    /// <summary>Looks at the series that a bench has added to, and keeps and tells each change that is greater than the host's noise; once.</summary>
    /// <param name="figures">The bench's figures.</param>
    /// <returns>What was found anew.</returns>
    /// <exception cref="StoreFullException">There is no room; it is found again by the next bench.</exception>
    public IReadOnlyList<JobEvent> LookFor(IReadOnlyList<HistoryFigure> figures) =>
    [
        .. from figure in figures
           where figure.IsTrusted
           from series in HistorySeries.Of(jobs.SeriesOf(figure, Window))
           from regression in RegressionDocument.In(series)
           let told = Tell(regression, [.. series.Figures.Where(point => point.IsTrusted).Select(point => point.Entry.Id)])
           where told is not null
           select told,
    ];

    /// <summary>Those that were found, the latest first.</summary>
    /// <param name="before">Only those with a lesser number; null for all.</param>
    /// <param name="limit">So many at most.</param>
    public IReadOnlyList<FoundRegression> List(long? before, int limit) => jobs.Read(connection => connection.Rows(
        $"{Select} WHERE id < @before ORDER BY id DESC LIMIT @limit", Read, ("@before", before ?? long.MaxValue), ("@limit", limit)));

    /// <summary>Those that were found on hosts of a farm since a time, the latest first.</summary>
    /// <param name="since">Since when.</param>
    /// <param name="limit">So many at most.</param>
    public IReadOnlyList<FoundRegression> OfHosts(DateTimeOffset since, int limit) => jobs.Read(connection => connection.Rows(
        $"{Select} WHERE at >= @since AND host IS NOT NULL ORDER BY at DESC, id DESC LIMIT @limit", Read, ("@since", since.ToUnixTimeMilliseconds()), ("@limit", limit)));

    /// <summary>The one that an event has told; null for none.</summary>
    public FoundRegression? Find(long id) => jobs.Read(connection =>
        connection.Rows($"{Select} WHERE id = @id", Read, ("@id", id)) is [FoundRegression found] ? found : null);

    /// <summary>All that a database has.</summary>
    internal static List<FoundRegression> All(DbConnection connection) => connection.Rows(Select, Read);

    private static FoundRegression Read(DbDataReader row) =>
        new(
            row.GetInt64(0),
            JobStore.TimeOf(row.GetInt64(1)),
            JsonSerializer.Deserialize(row.GetString(2), StoreJson.Default.RegressionDocument)! with { Host = row.IsDBNull(3) ? null : row.GetString(3) });

    /// <summary>Keeps and tells one, unless that was done before.</summary>
    /// <param name="regression">What it is.</param>
    /// <param name="benches">The series' benches, in the order of time.</param>
    private JobEvent? Tell(RegressionDocument regression, List<long> benches) => jobs.Write((connection, events) =>
    {
        const string isOfSeries =
            """
            mechanism = @mechanism AND profile = @profile AND finding = @finding AND cpu_brand = @brand AND cpu_signature = @signature
                AND verdict = @verdict AND plan_hash = @plan AND coalesce(host, '') = coalesce(@host, '')
            """;
        (string, object?)[] series =
        [
            ("@mechanism", regression.Mechanism),
            ("@profile", regression.Profile),
            ("@finding", regression.Finding),
            ("@brand", regression.CpuBrand),
            ("@signature", regression.CpuSignature),
            ("@verdict", regression.Verdict),
            ("@plan", regression.PlanHash),
            ("@host", regression.Host),
        ];
        int place = benches.IndexOf(regression.From);
        foreach (long known in connection.Rows($"SELECT from_job FROM regression WHERE {isOfSeries}", row => row.GetInt64(0), series))
        {
            // One from before the window is at its beginning.
            if (Math.Abs(Math.Max(0, benches.IndexOf(known)) - place) < SamePlace)
            {
                return (JobEvent?)null;
            }
        }

        JobEvent told = jobs.Note(regression.IsSlower() ? EventKinds.Regression : EventKinds.Improvement, regression.From, Words(regression));
        connection.Execute(
            """
            INSERT INTO regression (id, at, mechanism, profile, finding, cpu_brand, cpu_signature, verdict, plan_hash, host, from_job, document)
            VALUES (@id, @at, @mechanism, @profile, @finding, @brand, @signature, @verdict, @plan, @host, @from, @document)
            """,
            [.. series, ("@id", told.Id), ("@at", time.GetUtcNow().ToUnixTimeMilliseconds()), ("@from", regression.From), ("@document", JsonSerializer.Serialize(regression, StoreJson.Default.RegressionDocument))]);
        events.Add(told);
        return told;
    });

    private static string Words(RegressionDocument regression) => string.Create(
        CultureInfo.InvariantCulture,
        $"{regression.Mechanism} on {regression.Profile}{(regression.Host is null ? "" : $", host {regression.Host}")}: {regression.Before.Value:F1} -> {regression.After.Value:F1} core cycles from job {regression.From} on ({regression.Shift.Value:+0.0;-0.0}, noise {regression.Noise.CoreCycles:F1}){string.Concat(regression.AlsoChanged.Select(change => $"; {change}"))}");
}
