// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Statistics;
using Microsoft.Data.Sqlite;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Tests.NoDevice.Reports;

/// <summary>Benches are kept in a file, whole, and read again whatever somebody has made of it.</summary>
public sealed class HistoryTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    private string File => Path.Combine(_folder, "new", "history.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("/state", "/home/a", "/state/kvmsys/history.db")]
    [InlineData(null, "/home/a", "/home/a/.local/state/kvmsys/history.db")]
    [InlineData("", "/home/a", "/home/a/.local/state/kvmsys/history.db")]
    [InlineData("not/absolute", "/home/a", "/home/a/.local/state/kvmsys/history.db")]
    [InlineData(null, null, null)]
    [InlineData(null, "", null)]
    public void It_is_where_state_belongs(string? state, string? home, string? expected) => Assert.Equal(
        expected, HistoryDatabase.DefaultPath(name => name == "XDG_STATE_HOME" ? state : name == "HOME" ? home : throw new ArgumentException(name)));

    [Fact]
    public void What_was_kept_is_listed_and_comes_back_to_the_letter()
    {
        string json = MadeUpBench.Json(MadeUpBench.OnACpu());
        Assert.Equal(1, Append(MadeUpBench.OnACpu(), Start));
        Assert.Equal(2, Append(MadeUpBench.OnACpu() with { RunsDone = 1 }, Start.AddHours(1)));
        using HistoryDatabase history = HistoryDatabase.OpenExisting(File)!;
        Assert.Equal(json, history.Document(1));
        Assert.Null(history.Document(3));
        IReadOnlyList<HistoryEntry> entries = history.Entries(10);
        Assert.Equal([1L, 2L], entries.Select(entry => entry.Id));
        Assert.Equal([true, false], entries.Select(entry => entry.Complete));
        Assert.Equal(
            (Start, "AMD EPYC 7003, made up", "AuthenticAMD 25/1/2", "0xa0011d5", "hardware", 2),
            (entries[0].Time, entries[0].CpuBrand, entries[0].CpuSignature, entries[0].Microcode, entries[0].Verdict, entries[0].Mechanisms));
        Assert.Equal(MadeUpBench.OnACpu().Plan.Hash, entries[0].PlanHash);
        Assert.Equal([2L], history.Entries(1).Select(entry => entry.Id));
    }

    [Fact]
    public void A_figure_is_kept_with_its_interval()
    {
        Append(MadeUpBench.OnACpu(int80: 620), Start);
        using HistoryDatabase history = HistoryDatabase.OpenExisting(File)!;
        HistoryFigure figure = Assert.Single(history.Figures("int80", "bare", 10));
        Assert.Equal(MedianInterval.Of(MadeUpBench.Around(620)), figure.Cost);
        Assert.Equal(("bare", "int80", "hardware", true), (figure.Profile, figure.Mechanism, figure.Verdict, figure.IsTrusted));
        Assert.Empty(history.Figures("int80", "compat", 10));
        Assert.Empty(history.Figures("hlt", null, 10));
    }

    [Fact]
    public void It_is_the_owners_alone()
    {
        Append(MadeUpBench.OnACpu(), Start);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(Path.GetDirectoryName(File)!));
        Assert.Equal([File], Directory.GetFiles(Path.GetDirectoryName(File)!));
    }

    [Fact]
    public void The_number_of_a_bench_that_was_removed_is_not_given_again()
    {
        Append(MadeUpBench.OnACpu(), Start);
        using (HistoryDatabase history = HistoryDatabase.OpenExisting(File)!)
        {
            Assert.True(history.Delete(1));
            Assert.False(history.Delete(1));
            Assert.Empty(history.Entries(10));
            Assert.Empty(history.Figures("int80", null, 10));
        }

        Assert.Equal(2, Append(MadeUpBench.OnACpu(), Start));
    }

    [Fact]
    public void Where_there_is_none_nothing_is_made_to_look()
    {
        Assert.Null(HistoryDatabase.OpenExisting(File));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Many_may_add_at_once_and_nothing_is_lost()
    {
        const int writers = 8;
        const int each = 5;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() =>
        {
            for (int count = 0; count < each; count++)
            {
                Append(MadeUpBench.OnACpu(int80: 600 + writer), Start);
            }
        })));
        using HistoryDatabase history = HistoryDatabase.OpenExisting(File)!;
        Assert.Equal(Enumerable.Range(1, writers * each).Select(id => (long)id), history.Entries(1000).Select(entry => entry.Id));
        Assert.All(history.Figures("int80", null, 1000).GroupBy(figure => figure.Cost.Value), figures => Assert.Equal(each, figures.Count()));
    }

    [Theory]
    [InlineData("This is a text, and quite a long one at that, so that a header would have found its place in it: there is none.", "it is no SQLite database")]
    [InlineData("SQLite format 3\0 and then something else, as long as a header of SQLite's would be: one hundred bytes at least, rather more..............", "it is no SQLite database")]
    public void A_file_that_is_something_else_is_refused_and_left_as_it_is(string text, string reason)
    {
        string file = Path.Combine(_folder, "other");
        System.IO.File.WriteAllText(file, text);
        AssertRefused(file, reason);
        Assert.Equal(text, System.IO.File.ReadAllText(file));
    }

    [Theory]
    [InlineData("PRAGMA user_version = 2", "a newer kvmsys wrote it (schema 2, and this one knows 1)")]
    [InlineData("PRAGMA user_version = -1", "it is a database, but no history of kvmsys")]
    [InlineData("PRAGMA user_version = 0", "it is a database, but no history of kvmsys")]
    [InlineData("CREATE TABLE more (a)", "it is a database, but no history of kvmsys")]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON bench BEGIN DELETE FROM bench; END", "it is a database, but no history of kvmsys")]
    [InlineData("DROP TABLE figure; CREATE VIEW figure AS SELECT 1", "it is a database, but no history of kvmsys")]
    public void Another_schema_is_refused(string change, string reason)
    {
        Append(MadeUpBench.OnACpu(), Start);
        Change(change);
        AssertRefused(File, reason);
    }

    [Theory]
    [InlineData("UPDATE figure SET high = 9e999", "a cost that no call has")]
    [InlineData("UPDATE figure SET low = -1e16", "a cost that no call has")]
    [InlineData("UPDATE figure SET low = high + 1", "a cost that no call has")]
    [InlineData("UPDATE figure SET coverage = 2", "a cost that no call has")]
    [InlineData("UPDATE bench SET time = 9223372036854775807", "it is damaged")]
    [InlineData("UPDATE bench SET mechanisms = 9223372036854775807", "it is damaged")]
    [InlineData("UPDATE bench SET kernel = zeroblob(40000000)", "it is damaged")]
    public void A_value_that_cannot_be_is_refused(string change, string reason)
    {
        Append(MadeUpBench.OnACpu(), Start);
        Change(change.Replace("zeroblob(40000000)", "printf('%40000000s', '')", StringComparison.Ordinal));
        using HistoryDatabase history = HistoryDatabase.OpenExisting(File)!;
        HistoryException refusal = Assert.Throws<HistoryException>(() => history.Figures("int80", null, 10));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(". Cure: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_bytes_of_it_are_changed_it_is_read_or_refused()
    {
        Append(MadeUpBench.OnACpu(), Start);
        byte[] good = System.IO.File.ReadAllBytes(File);
        Random random = new(Seed: 5);
        int refused = 0;
        for (int trial = 0; trial < 300; trial++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 20); change > 0; change--)
            {
                // Most of the file is JSON; what is before it is SQLite's.
                bytes[random.Next(random.Next(2) == 0 ? 200 : bytes.Length)] = (byte)random.Next(256);
            }

            System.IO.File.WriteAllBytes(File, bytes);
            try
            {
                using HistoryDatabase? history = HistoryDatabase.OpenExisting(File);
                Assert.All(history?.Entries(10) ?? [], entry => Assert.DoesNotContain(entry.CpuBrand + entry.Kernel, char.IsControl));
                _ = history?.Figures("int80", null, 10);
                _ = history?.Document(1);
            }
            catch (HistoryException refusal)
            {
                Assert.DoesNotContain(refusal.Message, char.IsControl);
                refused++;
            }
        }

        Assert.InRange(refused, 50, 300);
    }

    [Fact]
    public void Control_characters_that_a_hypervisor_or_a_file_has_reach_no_terminal()
    {
        BenchReport report = MadeUpBench.OnACpu();
        Append(report with { Host = report.Host with { Cpu = MadeUpBench.Cpu with { Brand = "red\u001b[31m\r\nCPU" } } }, Start);
        Append(report, Start);
        Change("UPDATE bench SET cpu_brand = 'also' || char(27) || '[31m', verdict = char(7), kernel = char(10) WHERE id = 2");
        using HistoryDatabase history = HistoryDatabase.OpenExisting(File)!;
        string table = Rendered(HistoryTable.Render(history.Entries(10)));
        Assert.DoesNotContain(table, c => char.IsControl(c) && c != '\n');
        Assert.Contains("red [31m", table, StringComparison.Ordinal);
        Assert.DoesNotContain(Rendered(HistoryTable.Render(HistorySeries.Of(history.Figures("int80", null, 10)))), c => char.IsControl(c) && c != '\n');
    }

    [Fact]
    public void What_is_no_regular_file_is_not_waited_for()
    {
        AssertRefused("/dev/zero", "it is no regular file");
        AssertRefused(_folder, "it is no regular file");
    }

    [Fact]
    public void A_file_of_absurd_size_is_refused()
    {
        Append(MadeUpBench.OnACpu(), Start);
        using (FileStream file = System.IO.File.OpenWrite(File))
        {
            file.SetLength((4L << 30) + 1);
        }

        AssertRefused(File, "4096 MiB are the most");
    }

    [Fact]
    public void A_steady_series_has_no_change_and_one_that_shifts_has_it_where_it_does()
    {
        double[] steady = [.. Enumerable.Range(0, 40).Select(index => 600 + (((index * 7) % 11) * 0.1))];
        Assert.Empty(SeriesOf(steady).Changes);
        HistoryChange change = Assert.Single(SeriesOf([.. steady.Select((value, index) => index < 20 ? value : value + 30)]).Changes);
        Assert.Equal((21L, Start.AddHours(20)), (change.From, change.Time));
        Assert.Equal(30, change.Shift.Value, 0.5);
        Assert.Equal(1.05, change.Ratio!.Value, 0.005);
        Assert.InRange(change.PValue, 0, 0.001);
    }

    [Fact]
    public void A_change_tells_what_else_did()
    {
        HistoryFigure[] figures = [.. Enumerable.Range(0, 40).Select(index => Figure(index, index < 20 ? 600 : 630))];
        HistoryFigure[] updated = [.. figures.Select((figure, index) => index < 20 ? figure : figure with { Entry = figure.Entry with { Microcode = "0x2", Kernel = "6.13" } })];
        Assert.Equal(["microcode unknown -> 0x2", "kernel 6.12 -> 6.13"], Assert.Single(Assert.Single(HistorySeries.Of(updated)).Changes).AlsoChanged);
    }

    // The kernel is new from bench 20 on; costs are around 600, and around 622 from the start of the new level on. Those of the benches between the two are given.
    [Theory]
    [InlineData(19, 613, true)]
    [InlineData(21, 609, true)]
    [InlineData(19, 622, false)]
    [InlineData(21, 600, false)]
    [InlineData(18, 622, false)]
    public void A_change_that_noise_may_have_moved_by_one_tells_what_changed_beside_it(int start, double between, bool mayBeNoise)
    {
        const int newKernel = 20;
        double noise = mayBeNoise ? 2 : 0.2;
        IEnumerable<HistoryFigure> figures = Enumerable.Range(0, 40).Select(index =>
        {
            bool isBetween = index >= Math.Min(start, newKernel) && index < Math.Max(start, newKernel);
            HistoryFigure figure = Figure(index, isBetween ? between : (index < start ? 600 : 622) + ((((index * 7) % 11) - 5) * noise));
            return index < newKernel ? figure : figure with { Entry = figure.Entry with { Kernel = "6.13" } };
        });
        HistoryChange change = Assert.Single(Assert.Single(HistorySeries.Of(figures)).Changes);
        Assert.Equal(start + 1, change.From);
        Assert.Equal(mayBeNoise ? ["kernel 6.12 -> 6.13"] : [], change.AlsoChanged);
    }

    [Fact]
    public void A_series_tells_where_the_host_changed_even_if_the_cost_did_not()
    {
        HistoryEntry entry = Figure(0, 600).Entry;
        HistoryEntry[] entries =
        [
            entry,
            entry with { Id = 2, Kernel = "6.13" },
            entry with { Id = 3, Kernel = "6.13", Mitigations = "meltdown: Mitigation: PTI\nmds: Not affected" },
            entry with { Id = 4, Kernel = "6.13", Mitigations = "meltdown: Vulnerable\nretbleed: Not affected\nmds: Not affected" },
            entry with { Id = 5, Kernel = "6.13", Microcode = "0x2" },
        ];
        HistorySeries series = Assert.Single(HistorySeries.Of(entries.Select(entry => Figure(0, 600) with { Entry = entry })));
        Assert.Empty(series.Changes);
        Assert.Equal(
            [
                "2: kernel 6.12 -> 6.13",
                "4: mitigation of meltdown: Mitigation: PTI -> Vulnerable; mitigation of retbleed: unknown -> Not affected",
                "5: microcode unknown -> 0x2",
            ],
            series.HostChanges.Select(change => $"{change.From}: {string.Join("; ", change.What)}"));
    }

    [Fact]
    public void Only_what_can_be_compared_is_one_series()
    {
        HistoryFigure figure = Figure(0, 600);
        HistoryFigure[] figures =
        [
            figure,
            figure with { Profile = "bare64" },
            figure with { Verdict = "hardware-nested" },
            figure with { Entry = figure.Entry with { CpuSignature = "AuthenticAMD 25/1/3" } },
            figure with { Entry = figure.Entry with { PlanHash = "0123456789abcdef" } },
            figure with { Entry = figure.Entry with { Microcode = "0x2", Version = "9" } },
        ];
        Assert.Equal([2, 1, 1, 1, 1], HistorySeries.Of(figures).Select(series => series.Figures.Count));
    }

    [Fact]
    public void What_is_not_to_be_trusted_is_shown_and_makes_no_change()
    {
        HistoryFigure[] figures = [.. Enumerable.Range(0, 40).Select(index => index < 20 ? Figure(index, 600) : Figure(index, 630) with { Stable = false })];
        HistorySeries series = Assert.Single(HistorySeries.Of(figures));
        Assert.Empty(series.Changes);
        Assert.Contains("630 unstable", Rendered(HistoryTable.Render([series])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, 0, "●         ")]
    [InlineData(0, 50, 100, "├───●────┤")]
    [InlineData(50, 60, 70, "    ├●┤   ")]
    [InlineData(100, 100, 100, "         ●")]
    public void An_interval_is_drawn_on_the_axis(double low, double value, double high, string expected) =>
        Assert.Equal(expected, HistoryTable.Plot(new Estimate(value, low, high, 0.95), 0, 100, 10));

    [Fact]
    public void A_series_fits_into_a_terminal()
    {
        HistoryFigure[] figures = [.. Enumerable.Range(0, 40).Select(index => Figure(index, index < 20 ? 600 : 12_630))];
        HistoryFigure[] emulated = [.. figures.Select(figure => figure with { Verdict = "emulated" })];
        string text = Rendered(HistoryTable.Render(HistorySeries.Of([.. figures, .. emulated])), width: 80);
        Assert.Contains("int80 on bare, core cycles: AMD EPYC 7003, hardware, plan ", text, StringComparison.Ordinal);
        Assert.Contains("changed from entry 21 on (", text, StringComparison.Ordinal);
        Assert.Contains(" emulated ", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 80, line));
        Assert.All(text.Split('\n').Where(line => line.StartsWith('│') && line.Contains("2026", StringComparison.Ordinal)), line => Assert.Contains('●', line));
    }

    [Fact]
    public void The_JSON_says_what_the_table_says()
    {
        HistorySeries series = SeriesOf([.. Enumerable.Range(0, 40).Select(index => index < 20 ? 600.0 : 630.0)]);
        HistoryDocument document = new() { Path = "/a", Series = [HistorySeriesDocument.Of(series)] };
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(document, KvmsysJson.Default.HistoryDocument));
        Assert.Equal("kvmsys.history/1", json.RootElement.GetProperty("schema").GetString());
        JsonElement one = json.RootElement.GetProperty("series")[0];
        Assert.Equal(40, one.GetProperty("points").GetArrayLength());
        Assert.Equal(21, one.GetProperty("changes")[0].GetProperty("from").GetInt64());
        Assert.Equal(30, one.GetProperty("changes")[0].GetProperty("shift").GetProperty("value").GetDouble());
        Assert.Equal("hardware", one.GetProperty("verdict").GetString());
        Assert.False(one.GetProperty("points")[0].TryGetProperty("emulated", out _));
    }

    [Fact]
    public void A_bench_is_kept_when_it_has_a_figure_and_else_not()
    {
        BenchHistory.Keep(MadeUpBench.Emulated(), File);
        Assert.False(System.IO.File.Exists(File));
        BenchHistory.Keep(MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, null)), File);
        Assert.False(System.IO.File.Exists(File));
        BenchHistory.Keep(MadeUpBench.Emulated() with { ShowEmulated = true }, File);
        BenchHistory.Keep(MadeUpBench.OnACpu(), File);
        using HistoryDatabase history = HistoryDatabase.OpenExisting(File)!;
        Assert.Equal(["emulated", "hardware"], history.Entries(10).Select(entry => entry.Verdict));
    }

    [Theory]
    [InlineData("/dev/full")]
    [InlineData("/dev/null/history.db")]
    [InlineData("/proc/history.db")]
    public void A_bench_that_cannot_be_kept_goes_on_as_if_nothing_had_been(string file)
    {
        BenchHistory.Keep(MadeUpBench.OnACpu(), file);
        Assert.Throws<HistoryException>(() => HistoryDatabase.OpenToAppend(file));
    }

    [Fact]
    public void A_bench_of_the_history_that_is_none_is_refused()
    {
        Append(MadeUpBench.OnACpu(), Start);
        Assert.Equal(2, BenchHistory.Read(File, 1, out _).Results.Count);
        Change("UPDATE bench SET document = '{}'");
        CommandFailedException refusal = Assert.Throws<CommandFailedException>(() => BenchHistory.Read(File, 1, out _));
        Assert.Contains($"the bench 1 of the history {File} cannot be used: it has no schema", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("has no entry 2. Cure: ", Assert.Throws<CommandFailedException>(() => BenchHistory.Read(File, 2, out _)).Message, StringComparison.Ordinal);
    }

    private static HistorySeries SeriesOf(double[] costs) => Assert.Single(HistorySeries.Of(costs.Select((cost, index) => Figure(index, cost))));

    private static HistoryFigure Figure(int index, double cost)
    {
        HistoryEntry entry = new()
        {
            Id = index + 1,
            Time = Start.AddHours(index),
            CpuBrand = "AMD EPYC 7003 32-Core Processor",
            CpuSignature = "AuthenticAMD 25/1/2",
            Kernel = "6.12",
            Version = "0.1.0",
            Verdict = "hardware",
            PlanHash = "2addd435873f0abd",
            Mechanisms = 2,
            Complete = true,
            Stable = true,
        };
        return new(entry, "bare", "int80", "hardware", true, new(cost, cost - 3, cost + 3, 0.95));
    }

    private static string Rendered(IRenderable result, int width = 120)
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(result);
        return text.ToString();
    }

    private static void AssertRefused(string file, string reason)
    {
        foreach (Func<HistoryDatabase?> open in new[] { () => HistoryDatabase.OpenExisting(file), () => HistoryDatabase.OpenToAppend(file) })
        {
            HistoryException refusal = Assert.Throws<HistoryException>(() => open()?.Dispose());
            Assert.StartsWith($"the history {file} cannot be used: ", refusal.Message, StringComparison.Ordinal);
            Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
            Assert.Contains(". Cure: ", refusal.Message, StringComparison.Ordinal);
        }
    }

    private long Append(BenchReport report, DateTimeOffset time)
    {
        using HistoryDatabase history = HistoryDatabase.OpenToAppend(File);
        return BenchHistory.Append(history, BenchDocument.Of(report), MadeUpBench.Json(report), time);
    }

    private void Change(string sql)
    {
        using SqliteConnection connection = new($"Data Source={File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // A test's own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
