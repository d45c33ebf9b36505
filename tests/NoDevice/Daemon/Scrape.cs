// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What /metrics has answered, read as Prometheus reads it.</summary>
internal sealed partial class Scrape
{
    private Scrape(string text)
    {
        Text = text;
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Types.Add(line.Split(' ')[2], line.Split(' ')[3]);
            }
            else if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                Meanings.Add(line.Split(' ')[2], line.Split(' ', 4)[3]);
            }
            else if (!line.StartsWith('#'))
            {
                Match sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                Samples.Add((sample.Groups[1].Value, sample.Groups[2].Value), double.Parse(sample.Groups[3].Value, CultureInfo.InvariantCulture));
            }
        }
    }

    public string Text { get; }

    public Dictionary<string, string> Types { get; } = [];

    public Dictionary<string, string> Meanings { get; } = [];

    /// <summary>Values by name and labels, which are as they are written: a="b",c="d".</summary>
    public Dictionary<(string Name, string Labels), double> Samples { get; } = [];

    public static async Task<Scrape> Of(HttpClient client) => new(await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken));

    public double this[string name, string labels = ""] =>
        Samples.TryGetValue((name, labels), out double value) ? value : throw new KeyNotFoundException($"{name} {{{labels}}} is not in\n{Text}");

    public IEnumerable<string> LabelsOf(string name) => Samples.Keys.Where(sample => sample.Name == name).Select(sample => sample.Labels);

    [GeneratedRegex("""^([a-z_]+)(?:\{(.*)\})? (\S+)$""")]
    private static partial Regex Sample();
}
