// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Host;

/// <summary>The host's CPUs as a measurement sees them.</summary>
/// <param name="Allowed">Those that this process may run on, in order; at least one.</param>
/// <param name="Isolated">Those that the scheduler leaves alone (isolcpus).</param>
public sealed record CpuChoice(IReadOnlyList<int> Allowed, IReadOnlyList<int> Isolated)
{
    /// <summary>Where sysfs has the list of those that are isolated.</summary>
    internal const string IsolatedFile = "devices/system/cpu/isolated";

    /// <summary>The last that is isolated, or else the last: Linux puts less on the later ones than on the first.</summary>
    public int Best => Allowed.Where(Isolated.Contains).Cast<int?>().LastOrDefault() ?? Allowed[^1];

    /// <summary>Asks the running host.</summary>
    /// <param name="sys">Where sysfs is.</param>
    public static CpuChoice Read(string sys = "/sys")
    {
        IReadOnlyList<int> inherited = ThreadScheduling.AllowedCpus;
        IReadOnlyList<int> isolated = ParseList(KernelFile.Read(sys, IsolatedFile));
        return new([.. inherited.Union(isolated.Where(MayUse)).Order()], isolated);
    }

    /// <summary>isolcpus takes a CPU out of what a process inherits, and leaves it to who asks for it by its number; a cpuset does not.</summary>
    private static bool MayUse(int cpu)
    {
        bool may = false;
        Thread thread = new(() =>
        {
            try
            {
                ThreadScheduling.PinTo(cpu);
                may = true;
            }
            catch (KvmException)
            {
                // It may not.
            }
        });
        thread.Start();
        thread.Join();
        return may;
    }

    /// <summary>Reads a list of CPUs as Linux writes it, for example 1,4-7.</summary>
    /// <returns>The CPUs; none for what is no list, such as the (null) that some kernels write for an empty one.</returns>
    public static IReadOnlyList<int> ParseList(string? list)
    {
        List<int> cpus = [];
        foreach (string range in (list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-', 2);
            if (!ushort.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort first)
                || !ushort.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort last)
                || last < first)
            {
                return [];
            }

            cpus.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return cpus;
    }
}
