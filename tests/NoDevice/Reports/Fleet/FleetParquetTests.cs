// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using Parquet;
using Parquet.Schema;
using static Kvmsys.Tests.NoDevice.Reports.Fleet.MadeUpFleet;

namespace Kvmsys.Tests.NoDevice.Reports.Fleet;

/// <summary>Parquet of many hosts, read back.</summary>
public sealed class FleetParquetTests
{
    [Fact]
    public async Task Each_session_is_a_row_with_all_that_is_known_of_it()
    {
        FleetComparison comparison = FleetComparison.Of(MadeUpFleet.Varied());
        await using ParquetReader reader = await Open(comparison);
        using ParquetRowGroupReader group = Assert.Single(reader.RowGroups.ToArray(), _ => true);

        // Eight results of ten sessions each; one without a figure and an emulator's two are a row each.
        const int rows = 83;
        Assert.Equal(rows, group.RowCount);
        Assert.Equal(("kvmsys.fleet-sessions/1", "AMD EPYC 7763"), (reader.CustomMetadata["schema"], reader.CustomMetadata["base"]));
        string?[] hosts = await Texts(reader, group, "host", rows);
        string?[] mechanisms = await Texts(reader, group, "mechanism", rows);
        string?[] verdicts = await Texts(reader, group, "verdict", rows);
        string?[] hypervisors = await Texts(reader, group, "hypervisor", rows);
        double?[] cycles = await Values<double>(reader, group, "session_core_cycles", rows);
        double?[] ns = await Values<double>(reader, group, "session_ns", rows);
        double?[] ticks = await Values<double>(reader, group, "session_tsc_ticks", rows);
        double?[] estimates = await Values<double>(reader, group, "core_cycles", rows);
        long?[] sessions = await Values<long>(reader, group, "session", rows);
        long?[] families = await Values<long>(reader, group, "cpu_family", rows);
        bool[] stable = new bool[rows];
        await group.ReadAsync<bool>(Field(reader, "stable"), stable, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(MadeUpBench.Around(600), cycles[..10].Select(value => value!.Value));
        Assert.Equal(MadeUpBench.Around(600).Select(value => value * 0.25), ns[..10].Select(value => value!.Value), (one, other) => Math.Abs(one - other) < 1e-9);
        Assert.Equal(MadeUpBench.Around(600).Select(value => value * 0.75), ticks[..10].Select(value => value!.Value));
        Assert.Equal(Enumerable.Range(1, 10).Select(number => (long?)number), sessions[..10]);
        Assert.All(estimates[..10], value => Assert.Equal(600, value!.Value, 1e-9));
        Assert.Equal(("db1", "int80", "hardware", 25L), (hosts[0], mechanisms[0], verdicts[0], families[0]!.Value));
        int vsyscall = Array.IndexOf(mechanisms, "vsyscall");
        Assert.Equal((null, null, false), (sessions[vsyscall], cycles[vsyscall], stable[vsyscall]));
        Assert.Equal(["emulated", "emulated"], verdicts[^2..]);
        Assert.All(cycles[^2..].Concat(estimates[^2..]).Concat(ns[^2..]), Assert.Null);
        Assert.All(hypervisors, Assert.Null);
    }

    [Fact]
    public async Task Every_column_has_a_type_and_the_CSVs_name()
    {
        FleetComparison comparison = Compare(Bench());
        await using ParquetReader reader = await Open(comparison);
        string[] names = [.. reader.Schema.DataFields.Select(field => field.Name)];
        Assert.Equal(["session", "session_core_cycles", "session_ns", "session_tsc_ticks"], names[..4]);
        Assert.Equal(FleetCsv.Render(comparison).Split("\r\n")[0].Split(','), names[4..]);
        Assert.Equal(typeof(double), Field(reader, "core_cycles").ClrType);
        Assert.Equal(typeof(long), Field(reader, "tsc_khz").ClrType);
        Assert.Equal(typeof(bool), Field(reader, "complete").ClrType);
    }

    [Fact]
    public async Task A_text_is_what_the_host_said()
    {
        const string hostile = "=1+1,\"\n\u0000\u2028\ud83d\ude00";
        await using ParquetReader reader = await Open(FleetComparison.Of([(hostile, Bench(hostile))]));
        using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        Assert.All(await Texts(reader, group, "cpu_brand", 20), text => Assert.Equal(hostile, text));
        Assert.All(await Texts(reader, group, "host", 20), text => Assert.Equal(hostile, text));
    }

    [Fact]
    public async Task Many_rows_are_several_groups()
    {
        BenchDocument bench = Bench();
        FleetComparison comparison = FleetComparison.Of([.. Enumerable.Range(0, 2600).Select(index => ($"host{index}", bench))]);
        await using ParquetReader reader = await Open(comparison);
        long rows = 0;
        for (int index = 0; index < reader.RowGroupCount; index++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(index);
            rows += group.RowCount;
        }

        Assert.Equal((2, 52_000), (reader.RowGroupCount, rows));
    }

    private static async Task<ParquetReader> Open(FleetComparison comparison) =>
        await ParquetReader.CreateAsync(new MemoryStream(await FleetParquet.Render(comparison, TestContext.Current.CancellationToken)), cancellationToken: TestContext.Current.CancellationToken);

    private static DataField Field(ParquetReader reader, string name) => reader.Schema.DataFields.Single(field => field.Name == name);

    private static async Task<string?[]> Texts(ParquetReader reader, ParquetRowGroupReader group, string name, int rows)
    {
        string?[] values = new string?[rows];
        await group.ReadAsync(Field(reader, name), values.AsMemory()!, cancellationToken: TestContext.Current.CancellationToken);
        return values;
    }

    private static async Task<T?[]> Values<T>(ParquetReader reader, ParquetRowGroupReader group, string name, int rows)
        where T : struct
    {
        T?[] values = new T?[rows];
        await group.ReadAsync<T>(Field(reader, name), values.AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
        return values;
    }
}
