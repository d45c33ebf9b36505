// SPDX-License-Identifier: MIT

using System.Text;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Benches of many hosts as comma-separated values: a header, and a line for each result of each bench.</summary>
/// <remarks>RFC 4180. What no CPU costs, and what is not known, is an empty field.</remarks>
public static class FleetCsv
{
    private const string LineEnd = "\r\n";

    /// <summary>The whole table.</summary>
    public static string Render(FleetComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        IReadOnlyList<ExportColumn> columns = ExportColumns.OfResults();
        StringBuilder text = new();
        text.AppendJoin(',', columns.Select(column => column.Field.Name)).Append(LineEnd);
        foreach (ExportRow row in ExportRow.OfResults(comparison))
        {
            text.AppendJoin(',', columns.Select(column => column.CsvOf(row))).Append(LineEnd);
        }

        return text.ToString();
    }
}
