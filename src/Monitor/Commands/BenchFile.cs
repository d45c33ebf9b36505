// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Commands;

/// <summary>A file that kvmsys bench --json wrote, or that somebody says it wrote: nothing in it is believed before it was looked at.</summary>
internal static class BenchFile
{
    private const string Schema = "kvmsys.bench/2";
    private const uint MostBytes = HistoryDatabase.MostDocumentBytes;
    private const int MostResults = 1000;
    private const int MostModes = 100;
    private const int LongestName = 40;

    private static readonly string[] Verdicts = [.. Enum.GetValues<Verdict>().Select(Spelling.Of)];

    /// <summary>Reads a file.</summary>
    /// <exception cref="CommandFailedException">It cannot be read, or it is not what it should be.</exception>
    public static BenchDocument Read(string path) => Parse(ReadBytes(path), path);

    /// <summary>What is in a file, whatever that is.</summary>
    /// <exception cref="CommandFailedException">It cannot be read.</exception>
    public static byte[] ReadBytes(string path) => InputFile.Read(path, "bench", MostBytes);

    /// <summary>Reads what was in a file.</summary>
    /// <param name="bytes">What was in it.</param>
    /// <param name="path">Its path, to be told.</param>
    /// <exception cref="CommandFailedException">It is not what it should be.</exception>
    public static BenchDocument Parse(ReadOnlyMemory<byte> bytes, string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes);
            RefuseDuplicates(json.RootElement);
            string? schema = json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("schema", out JsonElement name)
                && name.ValueKind == JsonValueKind.String
                ? name.GetString()
                : null;
            if (schema != Schema)
            {
                throw Refuse(path, schema is null ? $"it has no schema, and {Schema} is needed" : $"its schema is {Shown.OneLine(schema)}, and {Schema} is needed");
            }

            BenchDocument bench = json.RootElement.Deserialize(KvmsysJson.Default.BenchDocument)!;
            string? objection = ObjectionTo(bench) ?? (IsFinite(json.RootElement) ? null : "it has a number that no double holds");
            return objection is null ? bench : throw Refuse(path, objection);
        }
        catch (JsonException exception)
        {
            throw Refuse(path, $"it is no JSON as {Schema} has it: {Shown.OneLine(exception.Message.TrimEnd('.'))}");
        }
        catch (InvalidOperationException)
        {
            // What is between quotes is turned into characters only when it is used, and half of a surrogate pair is none.
            throw Refuse(path, "it has a text that is no Unicode");
        }
    }

    /// <summary>A name that is twice in an object means what its reader likes.</summary>
    /// <remarks>JsonDocumentOptions.AllowDuplicateProperties would refuse it too, and needs OpenSSL, for its table's random seed.</remarks>
    private static void RefuseDuplicates(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            HashSet<string> names = [];
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (!names.Add(property.Name))
                {
                    throw new JsonException($"Duplicate property '{property.Name}'.");
                }

                RefuseDuplicates(property.Value);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement value in element.EnumerateArray())
            {
                RefuseDuplicates(value);
            }
        }
    }

    /// <summary>Whether every number can be written again: one that is too large is read as infinite.</summary>
    private static bool IsFinite(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().All(field => IsFinite(field.Value)),
        JsonValueKind.Array => element.EnumerateArray().All(IsFinite),
        JsonValueKind.Number => double.IsFinite(element.GetDouble()),
        _ => true,
    };

    private static string? ObjectionTo(BenchDocument bench)
    {
        if (bench.Results.Count is 0 or > MostResults)
        {
            return $"it has {bench.Results.Count} results, and 1 to {MostResults} are needed";
        }

        HashSet<string> names = [];
        foreach (MechanismDocument? result in bench.Results)
        {
            string? objection = result is null ? "one of its results is null"
                : !IsName(result.Profile) ? $"{Shown.OneLine(result.Profile)} is no profile's name"
                : !IsName(result.Mechanism) ? $"{Shown.OneLine(result.Mechanism)} is no mechanism's name"
                : !names.Add(result.Name) ? $"it has {result.Name} twice"
                : !Verdicts.Contains(result.Verdict) ? $"{result.Name} has the verdict {Shown.OneLine(result.Verdict)}, and there are {string.Join(", ", Verdicts)}"
                : CostsOf(result).Select(ObjectionTo).FirstOrDefault(costs => costs is not null) is string costs ? $"{result.Name} {costs}"
                : result.Evidence.Any(observation => observation is null) ? $"{result.Name} has an observation that is null"
                : result.SpeedUp is double speedUp && !(speedUp is >= 0 and <= CallCost.MostCycles) ? $"{result.Name} has a speed-up that is none"
                : result.DiscardedPairs < 0 || result.DiscardedPairs > result.Pairs ? $"{result.Name} has more pairs discarded than there were"
                : null;
            if (objection is not null)
            {
                return objection;
            }
        }

        return bench.Plan.Absent.Any(absent => absent is null) ? "one of its absent mechanisms is null"
            : bench.Differences.Count > MostResults ? $"it has {bench.Differences.Count} differences, and at most {MostResults} are possible"
            : bench.Differences.Select(ObjectionTo).FirstOrDefault(differences => differences is not null);
    }

    private static string? ObjectionTo(DifferenceDocument? difference) =>
        difference is null ? "one of its differences is null"
        : !new[] { difference.Mechanism, difference.Profile, difference.BaseMechanism, difference.BaseProfile }.All(IsName) ? "one of its differences is between what has no name"
        : !(Math.Abs(difference.Low) <= CallCost.MostCycles && difference.Low <= difference.CoreCycles && difference.CoreCycles <= difference.High
            && difference.High <= CallCost.MostCycles && difference.Coverage is >= 0 and <= 1) ? "one of its differences is not in its interval"
        : null;


    private static IEnumerable<CostDocument> CostsOf(MechanismDocument result) =>
        result.CoreCyclesByAlignment.Values.Prepend(result.Ns).Prepend(result.TscTicks).Prepend(result.CoreCycles).OfType<CostDocument>();

    private static string? ObjectionTo(CostDocument cost)
    {
        if (ObjectionTo(cost.Sessions) is string objection)
        {
            return objection;
        }

        // A difference of two times may be less than nothing, but not what half of them are.
        Distribution all = cost.Distribution;
        double[] differences = [all.Minimum, all.Percentile5, all.Percentile25, all.Median, all.Percentile75, all.Percentile95, all.Percentile99, all.Maximum];
        return !(CallCost.IsPossible(cost.Low) && CallCost.IsPossible(cost.Value) && CallCost.IsPossible(cost.High)
            && cost.Low <= cost.Value && cost.Value <= cost.High) ? "has a cost that is not in its interval"
            : cost.Coverage is not (>= 0 and <= 1) ? "has an interval of which nobody knows what it covers"
            : all.Modes.Count is 0 or > MostModes ? $"has {all.Modes.Count} modes, and 1 to {MostModes} are needed"
            : differences.Concat(all.Modes).Any(value => !(Math.Abs(value) <= CallCost.MostCycles)) ? "has a distribution that no call has"
            : !differences.Order().SequenceEqual(differences) ? "has percentiles in no order"
            : null;
    }

    private static string? ObjectionTo(IReadOnlyList<double> sessions)
    {
        if (sessions.Count is 0 or > Protocol.MostSessions)
        {
            return $"has the costs of {sessions.Count} sessions, and 1 to {Protocol.MostSessions} are needed";
        }

        foreach (double cost in sessions)
        {
            if (!CallCost.IsPossible(cost))
            {
                return string.Create(CultureInfo.InvariantCulture, $"costs {cost} core cycles in a session, which no call does");
            }
        }

        return null;
    }

    /// <summary>A name is shown to people and is part of other names: letters, digits, and what joins them.</summary>
    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '+');

    private static CommandFailedException Refuse(string path, string reason) =>
        new(ExitCode.Usage, $"the bench {Shown.OneLine(path)} cannot be used: {reason}. Cure: write it with kvmsys bench --json.");
}
