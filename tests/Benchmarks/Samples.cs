// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Benchmarks;

/// <summary>Times of one thing, in nanoseconds.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public void Add(double nanoseconds) => _values.Add(nanoseconds);

    public double Min => _values.Min();

    public double Max => _values.Max();

    /// <summary>The value that this share of them is at or below, 0 to 1.</summary>
    public double At(double share) => _values.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(share * _values.Count) - 1));

    public double Median => MedianOf(_values);

    /// <summary>The median of the ratios of this to another, pair by pair: drift of the machine's speed cancels.</summary>
    public double RatioTo(Samples other) => MedianOf(_values.Zip(other._values, (mine, others) => mine / others));

    /// <summary>Minimum, median and maximum in a unit.</summary>
    public string In(double unit, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{Median / unit,9:N3} {name}  ({Min / unit:N3} to {Max / unit:N3})");

    private static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
