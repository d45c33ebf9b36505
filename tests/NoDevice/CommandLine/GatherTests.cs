// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using Kvmsys.Monitor;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Tests.NoDevice.Reports.Fleet;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>kvmsys gather, the binary that ships, on files.</summary>
public sealed class GatherTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    public GatherTests()
    {
        Write("epyc.json", MadeUpFleet.Json(MadeUpFleet.Bench()));
        Write("xeon.json", MadeUpFleet.Json(MadeUpFleet.Bench(MadeUpFleet.Xeon, int80: 300)));
        Write("lab.json", MadeUpFleet.Json(MadeUpFleet.Bench("QEMU", int80: 9000, verdict: Verdict.Emulated)));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("epyc.json", "epyc", "epyc.json")]
    [InlineData("a/b/EPYC.JSON", "EPYC", "a/b/EPYC.JSON")]
    [InlineData("bench", "bench", "bench")]
    [InlineData(".json", ".json", ".json")]
    [InlineData("db1=a/b.json", "db1", "a/b.json")]
    [InlineData("db1=a=b.json", "db1", "a=b.json")]
    [InlineData("./a=b.json", "a=b", "./a=b.json")]
    [InlineData("x/a=b.json", "a=b", "x/a=b.json")]
    [InlineData("=b.json", "=b", "=b.json")]
    [InlineData("db1=", "db1", "")]
    public void A_host_is_called_as_its_file_is_or_as_somebody_says(string word, string host, string path) =>
        Assert.Equal(new GatherInput(host, path), GatherInput.Parse(word));

    [Fact]
    public void The_table_has_a_ratio_to_the_first_CPU_or_another()
    {
        (int status, string output, string error) = Run("epyc.json xeon.json lab.json");
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("ratio: to AMD EPYC 7763.", output, StringComparison.Ordinal);
        Assert.Matches(@"Intel Xeon Platinum 8375C +│ +1 │ +1 │ +300\.00 │ +0\.04 │ +75\.\d+ │ +225\.\d+ │ 0\.500 │", output);
        Assert.Contains("│ emulated │", output, StringComparison.Ordinal);
        Assert.DoesNotContain("9000", output, StringComparison.Ordinal);
        Assert.Contains("9000.00 emulated", Run("epyc.json lab.json --show-emulated").Output, StringComparison.Ordinal);
        Assert.Matches(@"AMD EPYC 7763 .*│ 2\.000 │", Run("--base xeon epyc.json xeon.json").Output);
    }

    [Fact]
    public void All_outputs_are_written_at_once()
    {
        (int status, string output, string error) = Run("db1=epyc.json xeon.json --json --csv fleet.csv --html fleet.html --parquet fleet.parquet");
        Assert.Equal((0, ""), (status, error));
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.Equal("kvmsys.fleet/1", json.RootElement.GetProperty("schema").GetString());
        Assert.Equal("db1", json.RootElement.GetProperty("benches")[0].GetProperty("host").GetString());
        Assert.StartsWith("host,bench,cpu,mechanism,profile,", File.ReadAllText(Path.Combine(_folder, "fleet.csv")), StringComparison.Ordinal);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(Path.Combine(_folder, "fleet.html")), StringComparison.Ordinal);
        byte[] parquet = File.ReadAllBytes(Path.Combine(_folder, "fleet.parquet"));
        Assert.Equal("PAR1PAR1", Encoding.ASCII.GetString([.. parquet[..4], .. parquet[^4..]]));
    }

    [Fact]
    public async Task The_binarys_parquet_is_read_back()
    {
        Assert.Equal(0, Run("epyc.json xeon.json --parquet fleet.parquet").Status);
        await using Parquet.ParquetReader reader = await Parquet.ParquetReader.CreateAsync(Path.Combine(_folder, "fleet.parquet"), cancellationToken: TestContext.Current.CancellationToken);
        using Parquet.ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        double?[] cycles = new double?[40];
        string?[] hosts = new string?[40];
        await group.ReadAsync<double>(reader.Schema.DataFields.Single(field => field.Name == "session_core_cycles"), cycles.AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
        await group.ReadAsync(reader.Schema.DataFields.Single(field => field.Name == "host"), hosts.AsMemory()!, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([.. Reports.MadeUpBench.Around(600), .. Reports.MadeUpBench.Around(90), .. Reports.MadeUpBench.Around(300), .. Reports.MadeUpBench.Around(90)], cycles.Select(value => value!.Value));
        Assert.Equal(("epyc", "xeon", 40), (hosts[0], hosts[39], group.RowCount));
    }

    [Fact]
    public void What_goes_to_standard_output_stands_there_alone()
    {
        Assert.StartsWith("host,", Run("epyc.json --csv -").Output, StringComparison.Ordinal);
        Assert.StartsWith("PAR1", Run("epyc.json --parquet - | head -c 4").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("│", Run("epyc.json --html -").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_wrong_file_is_named_and_nothing_is_written()
    {
        Write("cut.json", MadeUpFleet.Json(MadeUpFleet.Bench())[..1000]);
        Write("old.json", "{\"schema\": \"kvmsys.bench/1\"}");
        (int status, string output, string error) = Run("epyc.json cut.json old.json none.json --csv fleet.csv");
        Assert.Equal((ExitCode.Usage, ""), (status, output));
        string[] lines = error.Split('\n');
        Assert.StartsWith("kvmsys: the bench cut.json cannot be used: it is no JSON as kvmsys.bench/2 has it:", lines[0], StringComparison.Ordinal);
        Assert.Equal("kvmsys: the bench old.json cannot be used: its schema is kvmsys.bench/1, and kvmsys.bench/2 is needed. Cure: write it with kvmsys bench --json.", lines[1]);
        Assert.Equal("kvmsys: the bench none.json cannot be used: there is no such file.", lines[2]);
        Assert.Equal("kvmsys: 3 of 4 files cannot be used, and nothing was written. Cure: name the others alone, or say --skip-bad.", lines[3]);
        Assert.Equal(["cut.json", "epyc.json", "lab.json", "old.json", "xeon.json"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Wrong_files_are_left_out_where_that_is_wanted()
    {
        Write("old.json", "{\"schema\": \"kvmsys.bench/1\"}");
        (int status, string output, string error) = Run("epyc.json old.json --skip-bad");
        Assert.Equal(0, status);
        Assert.Contains("benches 1", output, StringComparison.Ordinal);
        Assert.StartsWith("kvmsys: left out: the bench old.json cannot be used:", error, StringComparison.Ordinal);
        (int none, _, string reason) = Run("old.json --skip-bad");
        Assert.Equal(ExitCode.Usage, none);
        Assert.EndsWith("kvmsys: 1 of 1 files cannot be used, and nothing was written. Cure: name what kvmsys bench --json wrote.\n", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "FILE")]
    [InlineData("epyc.json --json --csv -", "--json and --csv - exclude each other.")]
    [InlineData("epyc.json --html - --parquet -", "--html - and --parquet - exclude each other.")]
    [InlineData("epyc.json --html x --csv ./x", "--csv and --html are both ")]
    [InlineData("epyc.json --csv ''", "--csv '': a file's name is needed.")]
    [InlineData("epyc.json --csv", "--csv")]
    [InlineData("epyc.json --csv none/fleet.csv", "--csv none/fleet.csv cannot be written:")]
    [InlineData("epyc.json ./epyc.json", "epyc.json is named 2 times, and would count as often. Cure: name each file once.")]
    [InlineData("epyc.json --base pentium", "pentium is in no CPU's name, nor any host's. Cure: a part of one of these: AMD EPYC 7763.")]
    [InlineData("epyc.json xeon.json --base 7", "7 is in the names of 2 CPUs. Cure: more of one of these:")]
    [InlineData("db1=", "the bench '' cannot be used")]
    public void A_command_line_that_is_wrong(string arguments, string reason)
    {
        (int status, string output, string error) = Run(arguments);
        Assert.Equal((ExitCode.Usage, ""), (status, output));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    private (int Status, string Output, string Error) Run(string arguments) => Shell.Run($"cd {_folder} && $kvmsys gather {arguments}");

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
