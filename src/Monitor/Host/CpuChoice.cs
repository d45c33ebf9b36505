// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Host;

/// <summary>The host's CPUs as a measurement sees them.</summary>
/// <param name="Allowed">Those that this process may run on, in order; at least one.</param>
/// <param name="Isolated">Those that the scheduler leaves alone (isolcpus).</param>
public sealed record CpuChoice(IReadOnlyList<int> Allowed, IReadOnlyList<int> Isolated)
{
    private const string IsolatedFile = "/sys/devices/system/cpu/isolated";

    /// <summary>The last that is isolated, or else the last: Linux puts less on the later ones than on the first.</summary>
    public int Best => Allowed.Where(Isolated.Contains).Cast<int?>().LastOrDefault() ?? Allowed[^1];

    /// <summary>Asks the running host.</summary>
    public static CpuChoice Read() => new(ThreadScheduling.AllowedCpus, File.Exists(IsolatedFile) ? ParseList(File.ReadAllText(IsolatedFile)) : []);

    /// <summary>Reads a list of CPUs as Linux writes it, for example 1,4-7.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static IReadOnlyList<int> ParseList(string list)
    {
        ArgumentNullException.ThrowIfNull(list);
        List<int> cpus = [];
        foreach (string range in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int[] ends = Array.ConvertAll(range.Split('-', 2), end => int.Parse(end, NumberStyles.None, CultureInfo.InvariantCulture));
            cpus.AddRange(Enumerable.Range(ends[0], ends[^1] - ends[0] + 1));
        }

        return cpus;
    }
}
