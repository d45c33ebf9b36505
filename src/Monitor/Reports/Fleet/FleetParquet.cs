// SPDX-License-Identifier: MIT

using Parquet;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Benches of many hosts as Apache Parquet: a row for each session of each result, so that whoever reads it can compute what they like.</summary>
public static class FleetParquet
{
    // Some ten megabytes, before they are compressed.
    private const int RowsInGroup = 50_000;

    /// <summary>The whole table.</summary>
    /// <param name="comparison">The comparison.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static async Task<byte[]> Render(FleetComparison comparison, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        IReadOnlyList<ExportColumn> columns = ExportColumns.OfSessions();
        using MemoryStream bytes = new();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new(columns.Select(column => column.Field)), bytes, cancellationToken: cancellation).ConfigureAwait(false))
        {
            writer.CustomMetadata = new Dictionary<string, string> { ["schema"] = "kvmsys.fleet-sessions/1", ["base"] = comparison.Base.Name };
            foreach (ExportRow[] rows in ExportRow.OfSessions(comparison).Chunk(RowsInGroup))
            {
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                foreach (ExportColumn column in columns)
                {
                    await column.Write(group, rows, cancellation).ConfigureAwait(false);
                }

                group.CompleteValidate();
            }
        }

        return bytes.ToArray();
    }
}
