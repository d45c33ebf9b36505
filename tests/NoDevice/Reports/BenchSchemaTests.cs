// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Reports;

/// <summary>docs/bench.schema.json is held against what kvmsys bench --json writes.</summary>
public sealed class BenchSchemaTests
{
    private static readonly string SchemaText = File.ReadAllText(Path.Combine(Checkout.Root, "docs/bench.schema.json"));
    private static readonly JsonSchema Schema = JsonSchema.FromText(SchemaText);

    public static TheoryData<string> Reports() => [.. Made().Keys];

    [Theory]
    [MemberData(nameof(Reports))]
    public void Every_bench_is_as_the_schema_has_it(string report) => Assert.True(IsValid(Document(Made()[report])));

    [Theory]
    [MemberData(nameof(Reports))]
    public void Every_field_is_in_the_schema_and_none_may_be_missing(string report)
    {
        JsonNode document = Document(Made()[report]);
        HashSet<string> names = [.. PropertiesIn(JsonNode.Parse(SchemaText))];
        int removed = 0;
        foreach ((JsonObject parent, string name) in FieldsOf(document).ToArray())
        {
            Assert.Contains(name, names);
            JsonNode? value = parent[name];
            parent.Remove(name);

            // That a figure is an emulator's is told only where it is.
            Assert.Equal(name == "emulated", IsValid(document));
            parent[name] = value;
            removed++;
        }

        Assert.True(IsValid(document));
        Assert.True(removed > 60, $"Only {removed} fields were removed.");
    }

    [Theory]
    [InlineData("/schema", "\"kvmsys.bench/1\"")]
    [InlineData("/version", "1")]
    [InlineData("/verdict", "\"believe me\"")]
    [InlineData("/complete", "\"yes\"")]
    [InlineData("/host/cpuFamily", "-1")]
    [InlineData("/host/kvmParameters/kvm_amd.npt", "1")]
    [InlineData("/plan/hash", "\"4bd9\"")]
    [InlineData("/plan/alignments/0", "0.5")]
    [InlineData("/placement/cpu", "\"3\"")]
    [InlineData("/seconds/all", "-1")]
    [InlineData("/results", "[]")]
    [InlineData("/results/0", "null")]
    [InlineData("/results/0/mechanism", "\"int 80\"")]
    [InlineData("/results/0/evidence/0/forHardware", "null")]
    [InlineData("/results/0/coreCycles", "600")]
    [InlineData("/results/0/coreCycles/value", "\"600\"")]
    [InlineData("/results/0/coreCycles/coverage", "95")]
    [InlineData("/results/0/coreCycles/sessions", "[]")]
    [InlineData("/results/0/coreCycles/sessions/3", "null")]
    [InlineData("/results/0/coreCycles/distribution/count", "0")]
    [InlineData("/results/0/discardReasons/host-interrupt", "-1")]
    [InlineData("/results/0/tscKhz", "0")]
    public void A_field_that_is_wrong_is_found(string path, string value)
    {
        JsonNode document = Document(MadeUpBench.OnACpu());
        string[] steps = path[1..].Split('/');
        JsonNode parent = steps[..^1].Aggregate(document, (node, step) => (int.TryParse(step, out int index) ? node[index] : node[step])!);
        if (int.TryParse(steps[^1], out int last))
        {
            parent[last] = JsonNode.Parse(value);
        }
        else
        {
            Assert.True(parent.AsObject().ContainsKey(steps[^1]), path);
            parent[steps[^1]] = JsonNode.Parse(value);
        }

        Assert.False(IsValid(document));
    }

    [Fact]
    public void The_verdicts_are_all_there() => Assert.Equal(
        Enum.GetValues<Verdict>().Select(Spelling.Of).Order(),
        JsonNode.Parse(SchemaText)!["$defs"]!["verdict"]!["enum"]!.AsArray().Select(verdict => verdict!.GetValue<string>()).Order());

    /// <summary>The names of all properties that the schema has anywhere.</summary>
    private static IEnumerable<string> PropertiesIn(JsonNode? schema) => schema switch
    {
        JsonObject parent => parent.SelectMany(field => PropertiesIn(field.Value)
            .Concat(field is { Key: "properties", Value: JsonObject properties } ? properties.Select(property => property.Key) : [])),
        JsonArray elements => elements.SelectMany(PropertiesIn),
        _ => [],
    };

    private static Dictionary<string, BenchReport> Made()
    {
        MechanismResult unknownRate = MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), Verdict.HardwareNested, tscKhz: null);
        MechanismResult uncounted = MadeUpBench.Result(EntryMechanism.Sysenter, null);
        uncounted = uncounted with { Exits = null, IrqExits = null, EmulatedInstructions = null, InterceptCycles = null };
        return new()
        {
            ["on a CPU"] = MadeUpBench.OnACpu(),
            ["emulated"] = MadeUpBench.Emulated(),
            ["emulated and shown"] = MadeUpBench.Emulated() with { ShowEmulated = true },
            ["with gaps"] = MadeUpBench.Of(unknownRate, uncounted) with { Placed = default },
        };
    }

    private static JsonNode Document(BenchReport report) => JsonNode.Parse(MadeUpBench.Json(report))!;

    private static bool IsValid(JsonNode document)
    {
        using JsonDocument json = JsonDocument.Parse(document.ToJsonString());
        return Schema.Evaluate(json.RootElement).IsValid;
    }

    /// <summary>Every field that has a name of its own, and not one that a host, a reason or an alignment gives it.</summary>
    private static IEnumerable<(JsonObject Parent, string Name)> FieldsOf(JsonNode? node) => node switch
    {
        JsonObject parent => parent.SelectMany(field => FieldsBelow(field.Key, field.Value).Prepend((parent, field.Key))),
        JsonArray elements => elements.SelectMany(FieldsOf),
        _ => [],
    };

    private static IEnumerable<(JsonObject Parent, string Name)> FieldsBelow(string name, JsonNode? value) => name switch
    {
        "kvmParameters" or "discardReasons" => [],
        "coreCyclesByAlignment" => value!.AsObject().SelectMany(cost => FieldsOf(cost.Value)),
        _ => FieldsOf(value),
    };
}
