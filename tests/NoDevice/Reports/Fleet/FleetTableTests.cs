// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports.Fleet;
using Spectre.Console;
using static Kvmsys.Tests.NoDevice.Reports.Fleet.MadeUpFleet;

namespace Kvmsys.Tests.NoDevice.Reports.Fleet;

/// <summary>The table for people.</summary>
public sealed class FleetTableTests
{
    private static readonly FleetComparison Varied = FleetComparison.Of(MadeUpFleet.Varied());

    [Fact]
    public void A_mechanism_has_a_row_for_each_CPU_and_a_plot()
    {
        string[] rows = Rendered(Varied, 120);
        int int80 = Array.FindIndex(rows, row => row.Contains("int80 on bare", StringComparison.Ordinal));
        Assert.Equal(["int80 on bare", "", "", "", "", "", "", ""], Cells(rows[int80])[..8]);
        string[] epyc = Cells(rows[int80 + 1]);
        Assert.Equal(["AMD EPYC 7763", "2", "2", "620 !", "20", "155", "465", "1.000"], epyc[..8]);
        Assert.Contains('●', epyc[8]);
        Assert.Equal(["Intel Xeon Platinum 8375C", "1", "1", "300.00", "0.04", "75.000", "225.00", "0.484"], Cells(rows[int80 + 2])[..8]);
        Assert.All(rows, row => Assert.True(row.Length <= 120, row));
        Assert.Contains(rows, row => row.Contains(": CPUs 3, hosts 5, benches 5", StringComparison.Ordinal));
        Assert.Contains("ratio: to AMD EPYC 7763.", rows);
        Assert.Contains("!: hosts of this CPU differ by more than their intervals allow.", rows);
        Assert.Contains("emulated: no cost is shown, for it would be no CPU's; --show-emulated shows it.", rows);
        Assert.Contains("warning: hosts of AMD EPYC 7763 disagree on int80 on bare, db1", string.Join(' ', rows), StringComparison.Ordinal);
    }

    [Fact]
    public void A_narrow_terminal_has_all_figures_and_no_plot()
    {
        string[] rows = Rendered(Varied, 80);
        Assert.All(rows, row => Assert.True(row.Length <= 80, row));
        Assert.DoesNotContain(rows, row => row.Contains('●', StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("620 !", StringComparison.Ordinal) && row.Contains("1.000", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains("emulated", StringComparison.Ordinal));
    }

    [Fact]
    public void A_text_of_a_host_is_no_markup_and_moves_no_cursor()
    {
        string text = string.Join('\n', Rendered(Compare(Bench("[red]hot[/] \u001b[2J [link=x]")), 120));
        Assert.Contains("[red]hot[/] \\x1b[2J [link=x]", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
    }

    [Fact]
    public void An_emulators_figures_are_in_no_table() =>
        Assert.DoesNotMatch(@"9[,.]?000|2[,.]?250", string.Join('\n', Rendered(Varied, 120)));

    private static string[] Rendered(FleetComparison comparison, int width)
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = width;
        console.Write(FleetTable.Render(comparison));
        return [.. text.ToString().Split('\n').Select(row => row.TrimEnd())];
    }

    private static string[] Cells(string row) => [.. row.Split('│', StringSplitOptions.TrimEntries)[1..^1]];
}
