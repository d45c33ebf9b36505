// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using static Kvmsys.Tests.NoDevice.Reports.Fleet.MadeUpFleet;

namespace Kvmsys.Tests.NoDevice.Reports.Fleet;

/// <summary>Comma-separated values of many hosts, read as RFC 4180 says.</summary>
public sealed class FleetCsvTests
{
    [Fact]
    public void Each_host_has_a_row_for_each_mechanism_and_profile()
    {
        FleetComparison comparison = FleetComparison.Of(MadeUpFleet.Varied(), "Xeon");
        Dictionary<string, string>[] rows = Read(FleetCsv.Render(comparison));
        Assert.Equal(
            [("db1", "int80"), ("db1", "sysenter"), ("db2", "int80"), ("db2", "sysenter"), ("web1", "int80"), ("web1", "syscall"), ("web1", "vsyscall"), ("guest", "int80"), ("guest", "sysenter"), ("lab", "int80"), ("lab", "sysenter")],
            rows.Select(row => (row["host"], row["mechanism"])));
        Dictionary<string, string> db2 = rows[2];
        Assert.Equal(("AMD EPYC 7763", Epyc, "bare", "hardware", "true", "true"), (db2["cpu"], db2["cpu_brand"], db2["profile"], db2["verdict"], db2["stable"], db2["complete"]));
        Assert.Equal(640, Number(db2, "core_cycles"), 1e-9);
        Assert.Equal(639.965, Number(db2, "core_cycles_low"), 1e-9);
        Assert.Equal(160, Number(db2, "ns"), 1e-9);
        Assert.Equal(480, Number(db2, "tsc_ticks"), 1e-9);
        Assert.Equal(640 / 300.0, Number(db2, "ratio_to_base"), 1e-9);
        Assert.Equal(640.035 / 299.965, Number(db2, "ratio_to_base_high"), 1e-9);
        Assert.Equal(("10", "480", "15360", "48", "3000000", "25"), (db2["sessions"], db2["runs"], db2["pairs"], db2["discarded_pairs"], db2["tsc_khz"], db2["cpu_family"]));
        Assert.Equal((639.955, 640.045), (Number(db2, "pairs_core_cycles_minimum"), Number(db2, "pairs_core_cycles_maximum")), (one, other) => Math.Abs(one.Item1 - other.Item1) + Math.Abs(one.Item2 - other.Item2) < 1e-9);
    }

    [Fact]
    public void What_no_CPU_costs_and_what_is_not_known_is_empty()
    {
        Dictionary<string, string>[] rows = Read(FleetCsv.Render(FleetComparison.Of(MadeUpFleet.Varied())));
        string[] figures = [.. rows[0].Keys.Where(name => name.Contains("cycles", StringComparison.Ordinal) || name.StartsWith("ns", StringComparison.Ordinal) || name.StartsWith("ratio", StringComparison.Ordinal) || name.StartsWith("tsc_ticks", StringComparison.Ordinal))];
        Assert.Equal(21, figures.Length);
        Assert.All(rows[^2..], row => Assert.Equal("emulated", row["verdict"]));
        Assert.All(rows[^2..], row => Assert.All(figures, figure => Assert.Equal("", row[figure])));
        Assert.Equal(("vsyscall", "", "40"), (rows[6]["mechanism"], rows[6]["core_cycles"], rows[6]["intercept_core_cycles"]));
        Dictionary<string, string>[] shown = Read(FleetCsv.Render(FleetComparison.Of(MadeUpFleet.Varied(), showEmulated: true)));
        Assert.Equal(("9000", "emulated", ""), (shown[^2]["core_cycles"], shown[^2]["verdict"], shown[^2]["ratio_to_base"]));
    }

    [Fact]
    public void Several_benches_of_a_host_are_rows_of_their_own()
    {
        Dictionary<string, string>[] rows = Read(FleetCsv.Render(FleetComparison.Of([("a", Bench()), ("a", Bench(int80: 610))])));
        Assert.Equal([("1", "600"), ("1", "90"), ("2", "610"), ("2", "90")], rows.Select(row => (row["bench"], Math.Round(Number(row, "core_cycles")).ToString(CultureInfo.InvariantCulture))));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("a,b", "a,b")]
    [InlineData("say \"hi\"", "say \"hi\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\uff1d1+1", "'\uff1d1+1")]
    [InlineData("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0")]
    [InlineData("\t=1", "' =1")]
    [InlineData("\r\n@x", "'  @x")]
    [InlineData("a\r\nb\u0000\u001b[2Jc", "a  b  [2Jc")]
    [InlineData("=\"a\",b", "'=\"a\",b")]
    public void A_text_is_one_field_and_never_a_formula(string text, string field)
    {
        BenchDocument bench = Bench().With(microcode: text);
        Dictionary<string, string>[] rows = Read(FleetCsv.Render(FleetComparison.Of([(text.Length == 0 ? "a" : text, bench)])));
        Assert.Equal(2, rows.Length);
        Assert.All(rows, row => Assert.Equal(field, row["microcode"]));
        Assert.All(rows, row => Assert.Equal(text.Length == 0 ? "a" : field, row["host"]));
        Assert.All(rows, row => Assert.Equal("6.12.1", row["kernel"]));
    }

    [Fact]
    public void A_number_below_nothing_stays_a_number() => Assert.Equal("-0.5", CsvField.Of(-0.5));

    private static double Number(Dictionary<string, string> row, string name) => double.Parse(row[name], CultureInfo.InvariantCulture);

    /// <summary>Reads lines that end with CR LF, of fields that may be in quotation marks.</summary>
    private static Dictionary<string, string>[] Read(string text)
    {
        Assert.EndsWith("\r\n", text, StringComparison.Ordinal);
        List<List<string>> lines = [[]];
        string field = "";
        bool quoted = false;
        for (int index = 0; index < text.Length; index++)
        {
            char c = text[index];
            if (quoted && c == '"' && text[index + 1] == '"')
            {
                field += c;
                index++;
            }
            else if (c == '"')
            {
                Assert.True(quoted || field.Length == 0, "A quotation mark in a field that is not quoted.");
                quoted = !quoted;
            }
            else if (quoted || c is not (',' or '\r'))
            {
                field += c;
            }
            else
            {
                lines[^1].Add(field);
                field = "";
                if (c == '\r')
                {
                    Assert.Equal('\n', text[++index]);
                    lines.Add([]);
                }
            }
        }

        Assert.Empty(lines[^1]);
        Assert.All(lines[..^1], line => Assert.Equal(lines[0].Count, line.Count));
        return [.. lines[1..^1].Select(line => lines[0].Zip(line).ToDictionary(pair => pair.First, pair => pair.Second))];
    }
}
