// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Elf;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>The vsyscall page's symbols for people.</summary>
public static class PageSymbolsTable
{
    /// <summary>The whole report.</summary>
    public static IRenderable Render(PageReport report)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("name", "address");
        table.AddColumn(new TableColumn("size").RightAligned());
        table.AddColumns("type", "version");
        foreach (ElfObjectSymbol symbol in report.Symbols)
        {
            table.AddRow(
                new Text(symbol.Name),
                new Text(symbol.IsAbsolute ? "absolute" : string.Create(CultureInfo.InvariantCulture, $"0x{symbol.Address:x8}")),
                new Text(symbol.Size.ToString(CultureInfo.InvariantCulture)),
                new Text(PageReport.TypeOf(symbol)),
                new Text(symbol.Version ?? ""));
        }

        return new Rows(new Text(report.Title), table);
    }
}
