// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>A file that kvmsys bench --json wrote, or that somebody says it wrote: nothing in it is believed before it was looked at.</summary>
internal static class BenchFile
{
    private const string Schema = "kvmsys.bench/2";
    private const uint MostBytes = HistoryDatabase.MostDocumentBytes;
    private const int MostResults = 1000;
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
            return ObjectionTo(bench) is string objection ? throw Refuse(path, objection) : bench;
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
                : result.CoreCycles is CostDocument cost && ObjectionTo(cost.Sessions) is string costs ? $"{result.Name} {costs}"
                : null;
            if (objection is not null)
            {
                return objection;
            }
        }

        return null;
    }

    private static string? ObjectionTo(IReadOnlyList<double> sessions)
    {
        if (sessions.Count is 0 or > BenchCommand.MaxSessions)
        {
            return $"has the costs of {sessions.Count} sessions, and 1 to {BenchCommand.MaxSessions} are needed";
        }

        foreach (double cost in sessions)
        {
            if (!CostDocument.IsPossible(cost))
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
