// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Kvmsys.Monitor.Tracing;

/// <summary>What a trace has seen, in numbers.</summary>
internal sealed class TraceCounts
{
    private readonly long[] _instructions = new long[4];

    // In the order in which each was first seen.
    private readonly List<(string Way, long Count)> _entries = [];
    private readonly List<(string Way, long Count)> _returns = [];

    /// <summary>Instructions that were executed in a ring.</summary>
    public long this[int ring]
    {
        get => _instructions[ring];
        set => _instructions[ring] = value;
    }

    /// <summary>The ring has changed from 3 to 0.</summary>
    public void Enter(string way) => Count(_entries, way);

    /// <summary>The ring has changed from 0 to 3.</summary>
    public void Return(string way) => Count(_returns, way);

    /// <summary>All of it, in three lines.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"-- instructions: {this[3]:N0} in ring 3, {this[0]:N0} in ring 0");
        text.AppendLine(CultureInfo.InvariantCulture, $"-- into ring 0:  {List(_entries)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"-- into ring 3:  {List(_returns)}");
        return text.ToString();
    }

    private static void Count(List<(string Way, long Count)> list, string way)
    {
        int index = list.FindIndex(entry => entry.Way == way);
        if (index < 0)
        {
            list.Add((way, 1));
        }
        else
        {
            list[index] = (way, list[index].Count + 1);
        }
    }

    private static string List(List<(string Way, long Count)> list) => list.Count == 0
        ? "never"
        : string.Join(", ", list.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Count:N0} by {entry.Way}")));
}
