// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using static Kvmsys.Tests.NoDevice.Reports.Fleet.MadeUpFleet;

namespace Kvmsys.Tests.NoDevice.Reports.Fleet;

/// <summary>docs/fleet.schema.json is held against what kvmsys gather --json writes.</summary>
public sealed class FleetSchemaTests
{
    private static readonly string SchemaText = File.ReadAllText(Path.Combine(Checkout.Root, "docs/fleet.schema.json"));
    private static readonly JsonSchema Schema = JsonSchema.FromText(SchemaText);

    public static TheoryData<string> Comparisons() => [.. Made().Keys];

    [Theory]
    [MemberData(nameof(Comparisons))]
    public void Every_comparison_is_as_the_schema_has_it(string comparison) => Assert.True(IsValid(Document(Made()[comparison])));

    [Fact]
    public void Every_field_is_in_the_schema_and_none_may_be_missing()
    {
        JsonNode document = Document(FleetComparison.Of(MadeUpFleet.Varied(), showEmulated: true));
        HashSet<string> names = [.. PropertiesIn(JsonNode.Parse(SchemaText))];
        HashSet<string> removed = [];
        foreach ((JsonObject parent, string name) in FieldsOf(document).ToArray())
        {
            Assert.Contains(name, names);
            JsonNode? value = parent[name];
            parent.Remove(name);

            // That a figure is an emulator's is told only where it is.
            Assert.Equal(name == "emulated", IsValid(document));
            parent[name] = value;
            removed.Add(name);
        }

        Assert.True(IsValid(document));
        Assert.Equal(names.Order(), removed.Order());
    }

    [Theory]
    [InlineData("/schema", "\"kvmsys.fleet/2\"")]
    [InlineData("/base", "\"\"")]
    [InlineData("/cpus", "[]")]
    [InlineData("/cpus/0/cpuFamily", "-1")]
    [InlineData("/cpus/0/hosts", "[]")]
    [InlineData("/benches/0/number", "0")]
    [InlineData("/benches/0/verdict", "\"believe me\"")]
    [InlineData("/results/0/mechanism", "\"int 80\"")]
    [InlineData("/results/0/rows", "[]")]
    [InlineData("/results/0/rows/0/hosts", "0")]
    [InlineData("/results/0/rows/0/coreCycles", "600")]
    [InlineData("/results/0/rows/0/coreCycles/coverage", "95")]
    [InlineData("/results/0/rows/0/coreCycles/interval", "\"guess\"")]
    [InlineData("/results/0/rows/0/ratio/value", "null")]
    [InlineData("/results/0/rows/0/disagreement/lowHost", "1")]
    [InlineData("/warnings/0", "null")]
    public void A_field_that_is_wrong_is_found(string path, string value)
    {
        JsonNode document = Document(FleetComparison.Of(MadeUpFleet.Varied()));
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
    public void The_JSON_says_what_the_comparison_says()
    {
        JsonNode document = Document(FleetComparison.Of(MadeUpFleet.Varied()));
        Assert.Equal("AMD EPYC 7763", document["base"]!.GetValue<string>());
        JsonNode int80 = document["results"]![0]!["rows"]![0]!;
        Assert.Equal((620, "hull", 2), (int80["coreCycles"]!["value"]!.GetValue<double>(), int80["coreCycles"]!["interval"]!.GetValue<string>(), int80["hosts"]!.GetValue<int>()));
        Assert.Equal(("db1", "db2"), (int80["disagreement"]!["lowHost"]!.GetValue<string>(), int80["disagreement"]!["highHost"]!.GetValue<string>()));
        Assert.DoesNotContain("9000", document.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("\"emulated\":true", document.ToJsonString(), StringComparison.Ordinal);
        string shown = Document(FleetComparison.Of(MadeUpFleet.Varied(), showEmulated: true)).ToJsonString();
        Assert.Equal(6, shown.Split("\"emulated\":true").Length - 1);
    }

    private static Dictionary<string, FleetComparison> Made() => new()
    {
        ["one host"] = Compare(Bench()),
        ["varied"] = FleetComparison.Of(MadeUpFleet.Varied()),
        ["varied and shown"] = FleetComparison.Of(MadeUpFleet.Varied(), showEmulated: true),
        ["emulated"] = Compare(Bench(verdict: Verdict.Emulated)),
        ["with gaps"] = Compare(On("", MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600), tscKhz: null), MadeUpBench.Result(EntryMechanism.Sysenter, null))),
        ["hostile"] = Compare(Bench("\u0000\u001b</script>\u2028").With(microcode: "=1+1", kernel: "", meltdown: "\n")),
    };

    private static JsonNode Document(FleetComparison comparison) =>
        JsonNode.Parse(JsonSerializer.Serialize(FleetDocument.Of(comparison), KvmsysJson.Default.FleetDocument))!;

    private static bool IsValid(JsonNode document)
    {
        using JsonDocument json = JsonDocument.Parse(document.ToJsonString());
        return Schema.Evaluate(json.RootElement).IsValid;
    }

    /// <summary>The names of all properties that the schema has anywhere.</summary>
    private static IEnumerable<string> PropertiesIn(JsonNode? schema) => schema switch
    {
        JsonObject parent => parent.SelectMany(field => PropertiesIn(field.Value)
            .Concat(field is { Key: "properties", Value: JsonObject properties } ? properties.Select(property => property.Key) : [])),
        JsonArray elements => elements.SelectMany(PropertiesIn),
        _ => [],
    };

    /// <summary>Every field that has a name of its own, and not one that a host gives it.</summary>
    private static IEnumerable<(JsonObject Parent, string Name)> FieldsOf(JsonNode? node) => node switch
    {
        JsonObject parent => parent.SelectMany(field => (field.Key == "vulnerabilities" ? [] : FieldsOf(field.Value)).Prepend((parent, field.Key))),
        JsonArray elements => elements.SelectMany(FieldsOf),
        _ => [],
    };
}
