// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>How often each sum of ranks comes up when some of the ranks are drawn without putting back: what the sums of a sample's ranks
/// are when nothing distinguishes it from the others. Ranks are doubled, since a tie's may be halves.</summary>
internal sealed class RankSumDistribution
{
    private readonly double[] _probabilities;

    /// <summary>Counts all choices, by sum.</summary>
    /// <param name="doubledRanks">All ranks, times 2.</param>
    /// <param name="drawn">How many of them are drawn.</param>
    public RankSumDistribution(IReadOnlyList<int> doubledRanks, int drawn)
    {
        // counts[k][s]: how many choices of k of the ranks so far have the sum s.
        int largest = doubledRanks.OrderDescending().Take(drawn).Sum();
        double[][] counts = [.. Enumerable.Range(0, drawn + 1).Select(_ => new double[largest + 1])];
        counts[0][0] = 1;
        foreach (int rank in doubledRanks)
        {
            for (int chosen = drawn; chosen > 0; chosen--)
            {
                for (int sum = rank; sum <= largest; sum++)
                {
                    counts[chosen][sum] += counts[chosen - 1][sum - rank];
                }
            }
        }

        double total = counts[drawn].Sum();
        _probabilities = [.. counts[drawn].Select(count => count / total)];
    }

    /// <summary>How probable a doubled sum of at most this is.</summary>
    public double AtMost(int doubledSum) => _probabilities.Take(doubledSum + 1).Sum();

    /// <summary>How probable a doubled sum is that is at least as far from the expected one as this.</summary>
    public double AtLeastAsFar(int doubledSum, int expected) =>
        _probabilities.Where((_, sum) => Math.Abs(sum - expected) >= Math.Abs(doubledSum - expected)).Sum();
}
