// SPDX-License-Identifier: MIT

using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz;
using SharpFuzz.Common;

namespace Kvmsys.Fuzz;

/// <summary>
/// Which branches a run took: SharpFuzz writes code into an assembly that counts each pair of branches that follow each other, an edge, in
/// a byte of a map, as American Fuzzy Lop does.
/// </summary>
internal sealed unsafe class CoverageMap
{
    /// <summary>Edges that the map has room for. They are hashed, so that a few share a byte.</summary>
    public const int Size = 1 << 16;

    private static readonly byte[] Buckets = [.. Enumerable.Range(0, 256).Select(count => BucketOf((uint)count))];

    private static readonly byte* Counts = (byte*)NativeMemory.AllocZeroed(Size);

    private readonly byte[] _seen = new byte[Size];

    /// <summary>Edges that were taken since the start.</summary>
    public int Edges { get; private set; }

    /// <summary>Makes our own assemblies count their branches. They must not have been loaded yet.</summary>
    public static void Instrument()
    {
        Trace.SharedMem = Counts;
        string own = typeof(CoverageMap).Assembly.Location;
        EnumerationOptions anyCase = new() { MatchCasing = MatchCasing.CaseInsensitive };
        foreach (string assembly in Directory.GetFiles(Path.GetDirectoryName(own)!, "kvmsys*.dll", anyCase).Where(path => path != own))
        {
            // Beside it and renamed: what reads the assembly at this moment keeps the one it has.
            string changed = Path.Combine(Path.GetDirectoryName(own)!, $"{Path.GetRandomFileName()}.tmp");
            File.Copy(assembly, changed);
            try
            {
                Fuzzer.Instrument(changed, type => type.StartsWith("Kvmsys.", StringComparison.Ordinal), Options.Value);
                File.Move(changed, assembly, overwrite: true);
            }
            catch (InstrumentationException)
            {
                // It already is, since the last build.
            }
            finally
            {
                File.Delete(changed);
            }
        }
    }

    /// <summary>Forgets the last run's counts.</summary>
    public static void Clear()
    {
        new Span<byte>(Counts, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Whether the last run took an edge that none before it took, or one of them clearly more often. They count as seen from now on.</summary>
    public bool TakeNews()
    {
        bool news = false;
        ReadOnlySpan<byte> counts = new(Counts, Size);
        int i = counts.IndexOfAnyExcept((byte)0);
        while (i >= 0)
        {
            byte bucket = Buckets[counts[i]];
            if ((_seen[i] & bucket) == 0)
            {
                Edges += _seen[i] == 0 ? 1 : 0;
                _seen[i] |= bucket;
                news = true;
            }

            int step = counts[(i + 1)..].IndexOfAnyExcept((byte)0);
            i = step < 0 ? -1 : i + 1 + step;
        }

        return news;
    }

    /// <summary>What the last run did: each edge with how often, in buckets.</summary>
    public static HashSet<int> Features()
    {
        HashSet<int> features = [];
        for (int i = 0; i < Size; i++)
        {
            if (Counts[i] != 0)
            {
                features.Add((i << 8) | Buckets[Counts[i]]);
            }
        }

        return features;
    }

    // A bit each for 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, and more.
    private static byte BucketOf(uint count) => count switch
    {
        0 => 0,
        < 4 => (byte)(1 << (int)(count - 1)),
        < 32 => (byte)(1 << (BitOperations.Log2(count) + 1)),
        < 128 => 1 << 6,
        _ => 1 << 7,
    };
}
