// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Security.Cryptography;
using Kvmsys.Fuzz.Targets;
using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Fuzz;

/// <summary>
/// Runs a target with inputs that it makes out of a corpus. An input by which the target takes a way that it never took before joins the
/// corpus, so that what is behind a check is reached by getting past it once.
/// </summary>
internal sealed class Campaign : IDisposable
{
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(20);

    private readonly IFuzzTarget _target;
    private readonly string _artifacts;
    private readonly CoverageMap _coverage = new();
    private readonly Random _random;
    private readonly List<byte[]> _corpus;
    private readonly SafeFileHandle _lastInput;
    private readonly Timer _watchdog;
    private long _runStarted = long.MaxValue;

    /// <summary>A campaign.</summary>
    /// <param name="target">What is run.</param>
    /// <param name="corpus">The inputs to start from.</param>
    /// <param name="artifacts">A folder for the input that breaks the target.</param>
    /// <param name="seed">Decides what is tried.</param>
    public Campaign(IFuzzTarget target, IEnumerable<byte[]> corpus, string artifacts, int seed)
    {
        _target = target;
        _artifacts = artifacts;
        _random = new Random(seed);
        _corpus = [.. corpus.Where(input => input.Length <= target.MaxLength)];
        Directory.CreateDirectory(artifacts);
        _lastInput = File.OpenHandle(LastInput, FileMode.Create, FileAccess.Write, FileShare.Read);
        _watchdog = new Timer(_ => Watch(), state: null, MaxDuration / 10, MaxDuration / 10);
    }

    /// <summary>Runs of the target so far.</summary>
    public long Executions { get; private set; }

    /// <summary>Edges that were taken so far.</summary>
    public int Edges => _coverage.Edges;

    /// <summary>Inputs that are worth keeping.</summary>
    public int CorpusCount => _corpus.Count;

    private string LastInput => Path.Combine(_artifacts, "last-input");

    /// <summary>Runs for some time, or until an input breaks the target.</summary>
    /// <returns>What broke, and the file that has the input; null when nothing did.</returns>
    public (Exception Exception, string Path)? Run(TimeSpan duration)
    {
        // Twice: what is done once in a process's life, such as static constructors, is no news about the second input.
        foreach (byte[] input in _corpus.Concat(_corpus))
        {
            if (Execute(input) is Exception exception)
            {
                return Keep(input, exception);
            }

            _coverage.TakeNews();
        }

        Mutator mutator = new(_target, _random);
        for (Stopwatch time = Stopwatch.StartNew(); time.Elapsed < duration;)
        {
            ReadOnlySpan<byte> input = mutator.Mutate(Choose(), Choose());
            if (Execute(input) is Exception exception)
            {
                return Keep(input.ToArray(), exception);
            }

            if (_coverage.TakeNews())
            {
                _corpus.Add(input.ToArray());
            }
        }

        return null;
    }

    /// <summary>A small corpus that does all that this one does: few inputs, and those short.</summary>
    /// <param name="kept">Inputs that stay in the corpus anyway, and are not returned.</param>
    public IReadOnlyList<byte[]> Minimize(IEnumerable<byte[]> kept)
    {
        HashSet<int> covered = [.. kept.SelectMany(FeaturesOf)];
        List<byte[]> small = [];
        foreach (byte[] input in _corpus.OrderBy(input => input.Length))
        {
            HashSet<int> news = FeaturesOf(input);
            news.ExceptWith(covered);
            if (news.Count > 0)
            {
                byte[] shrunk = Shrink(input, shorter => news.IsSubsetOf(FeaturesOf(shorter)));
                covered.UnionWith(FeaturesOf(shrunk));
                small.Add(shrunk);
            }
        }

        return small;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watchdog.Dispose();
        _lastInput.Dispose();
        File.Delete(LastInput);
    }

    /// <summary>The name of an input's file: the same input has the same name.</summary>
    public static string NameOf(byte[] input) => Convert.ToHexStringLower(SHA256.HashData(input))[..16];

    // The latest ones half of the time: what they have opened is hardly explored.
    private byte[] Choose()
    {
        if (_corpus.Count == 0)
        {
            return [];
        }

        int from = _random.Next(2) == 0 ? _corpus.Count * 3 / 4 : 0;
        return _corpus[_random.Next(from, _corpus.Count)];
    }

    private Exception? Execute(ReadOnlySpan<byte> input)
    {
        // Should the whole process die, the input is there to be looked at.
        RandomAccess.Write(_lastInput, input, fileOffset: 0);
        RandomAccess.SetLength(_lastInput, input.Length);
        Executions++;
        CoverageMap.Clear();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Volatile.Write(ref _runStarted, Stopwatch.GetTimestamp());
        try
        {
            _target.Run(input);
        }
        // Whatever it throws is a defect.
#pragma warning disable CA1031
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception;
        }
        finally
        {
            Volatile.Write(ref _runStarted, long.MaxValue);
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return allocated > _target.MaxAllocation
            ? new InsufficientMemoryException($"{input.Length} bytes of input made it allocate {allocated >> 20} MiB; {_target.MaxAllocation >> 20} MiB are the limit")
            : null;
    }

    private (Exception Exception, string Path) Keep(byte[] input, Exception exception)
    {
        byte[] shrunk = Shrink(input, shorter => Execute(shorter)?.GetType() == exception.GetType());
        string path = Path.Combine(_artifacts, $"crash-{NameOf(shrunk)}");
        File.WriteAllBytes(path, shrunk);
        return (Execute(shrunk) ?? exception, path);
    }

    private HashSet<int> FeaturesOf(byte[] input)
    {
        Execute(input);
        return CoverageMap.Features();
    }

    // Without its end, without parts, and with zeros for bytes, as long as it is still good for the same.
    private static byte[] Shrink(byte[] input, Func<byte[], bool> isGood)
    {
        for (int size = input.Length / 2; size > 0; size /= 2)
        {
            for (int at = Math.Max(0, input.Length - size); at >= 0; at -= size)
            {
                byte[] shorter = [.. input[..at], .. input[Math.Min(at + size, input.Length)..]];
                if (shorter.Length < input.Length && isGood(shorter))
                {
                    input = shorter;
                }
            }
        }

        for (int i = 0; i < input.Length; i++)
        {
            byte[] plainer = [.. input];
            plainer[i] = 0;
            if (input[i] != 0 && isGood(plainer))
            {
                input = plainer;
            }
        }

        return input;
    }

    private void Watch()
    {
        long started = Volatile.Read(ref _runStarted);
        if (started != long.MaxValue && Stopwatch.GetElapsedTime(started) > MaxDuration)
        {
            Console.Error.WriteLine($"fuzz {_target.Name}: an input takes longer than {MaxDuration.TotalSeconds} s. It is {LastInput}");
            Environment.Exit(1);
        }
    }
}
