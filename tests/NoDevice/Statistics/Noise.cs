// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.NoDevice.Statistics;

/// <summary>Synthetic costs of about 600 cycles, with the shapes that measurements have.</summary>
internal static class Noise
{
    public const double Cost = 600;

    /// <summary>0.3 % of the cost.</summary>
    public const double Deviation = 1.8;

    public static double[] Sample(string shape, Random random, int count, double deviation = Deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => Cost + (deviation * Standard(shape, random)))];

    private static double Standard(string shape, Random random) => shape switch
    {
        "normal" => Normal(random),

        // Student's t with 2 degrees of freedom: its variance is infinite.
        "heavy-tailed" => Normal(random) / Math.Sqrt((Math.Pow(Normal(random), 2) + Math.Pow(Normal(random), 2)) / 2),

        // Two placements, half of the sessions each.
        "bimodal" => Normal(random) + (random.Next(2) == 0 ? 0 : 10),

        // Nothing is ever faster than the fastest.
        "skewed" => -Math.Log(1 - random.NextDouble()),
        _ => throw new ArgumentOutOfRangeException(nameof(shape)),
    };

    // Box and Muller.
    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
