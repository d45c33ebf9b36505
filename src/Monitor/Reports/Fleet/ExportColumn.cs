// SPDX-License-Identifier: MIT

using Parquet;
using Parquet.Schema;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A column of the tables that other programs read.</summary>
/// <param name="type">Its name and type in Parquet.</param>
internal abstract class ExportColumn(DataField type)
{
    /// <summary>Its name and type in Parquet.</summary>
    public DataField Field => type;

    /// <summary>Its field of a row of comma-separated values.</summary>
    public abstract string CsvOf(ExportRow row);

    /// <summary>Writes it.</summary>
    public abstract Task Write(ParquetRowGroupWriter writer, IReadOnlyList<ExportRow> rows, CancellationToken cancellation);

    /// <summary>A text; null for an unknown one.</summary>
    public sealed class Text(string name, Func<ExportRow, string?> of) : ExportColumn(new DataField<string>(name, nullable: true))
    {
        /// <inheritdoc/>
        public override string CsvOf(ExportRow row) => CsvField.Of(of(row));

        /// <inheritdoc/>
        public override Task Write(ParquetRowGroupWriter writer, IReadOnlyList<ExportRow> rows, CancellationToken cancellation) =>
            writer.WriteAsync(Field, [.. rows.Select(of)]);
    }

    /// <summary>A number; null for none.</summary>
    public sealed class Number(string name, Func<ExportRow, double?> of) : ExportColumn(new DataField<double>(name, nullable: true))
    {
        /// <inheritdoc/>
        public override string CsvOf(ExportRow row) => CsvField.Of(of(row));

        /// <inheritdoc/>
        public override Task Write(ParquetRowGroupWriter writer, IReadOnlyList<ExportRow> rows, CancellationToken cancellation) =>
            writer.WriteAsync<double>(Field, rows.Select(of).ToArray(), cancellationToken: cancellation);
    }

    /// <summary>A whole number; null for none.</summary>
    public sealed class Count(string name, Func<ExportRow, long?> of) : ExportColumn(new DataField<long>(name, nullable: true))
    {
        /// <inheritdoc/>
        public override string CsvOf(ExportRow row) => CsvField.Of(of(row));

        /// <inheritdoc/>
        public override Task Write(ParquetRowGroupWriter writer, IReadOnlyList<ExportRow> rows, CancellationToken cancellation) =>
            writer.WriteAsync<long>(Field, rows.Select(of).ToArray(), cancellationToken: cancellation);
    }

    /// <summary>Whether something is so.</summary>
    public sealed class Flag(string name, Func<ExportRow, bool> of) : ExportColumn(new DataField<bool>(name, nullable: false))
    {
        /// <inheritdoc/>
        public override string CsvOf(ExportRow row) => CsvField.Of(of(row));

        /// <inheritdoc/>
        public override Task Write(ParquetRowGroupWriter writer, IReadOnlyList<ExportRow> rows, CancellationToken cancellation) =>
            writer.WriteAsync<bool>(Field, rows.Select(of).ToArray(), cancellationToken: cancellation);
    }
}
