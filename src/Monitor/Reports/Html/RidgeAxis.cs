// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>The axis under a <see cref="RidgeChart"/>: it begins where the first ridge does, and is in decades where one ridge is far from another.</summary>
internal sealed class RidgeAxis
{
    // On a linear axis, a ridge of which the greatest value is so many times another's would leave that one no room.
    private const double MostRatio = 10;
    private const double Air = 0.05;
    private const int MostTicks = 8;

    private static readonly int[] Factors = [1, 2, 5, 10];

    private readonly double _start;
    private readonly double _end;

    /// <summary>An axis on which nine of ten pairs of every ridge have room, and its interval.</summary>
    public RidgeAxis(IReadOnlyCollection<Ridge> ridges)
    {
        double[] values =
        [
            .. ridges.SelectMany(ridge => ridge.Distributions).SelectMany(all => new[] { all.Percentile5, all.Percentile95 }),
            .. ridges.Select(ridge => ridge.Estimate).OfType<Estimate>().SelectMany(estimate => new[] { estimate.Low, estimate.High }),
        ];
        (double least, double most) = values.Length == 0 ? (0, 1) : (values.Min(), values.Max());
        IsLogarithmic = least > 0 && most / least > MostRatio;
        (double start, double end) = IsLogarithmic ? (Math.Log10(least), Math.Log10(most)) : (least, most);
        double air = end > start ? (end - start) * Air : Math.Max(Math.Abs(end) * Air, 0.5);
        (_start, _end) = (start - air, end + air);
        Ticks = [.. IsLogarithmic ? Decades() : Steps()];
    }

    /// <summary>Whether it is in decades.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>Where it has lines and numbers.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Where a value is: 0 at the axis' start, 1 at its end, and no further than as far again on either side.</summary>
    public double PlaceOf(double value)
    {
        double place = IsLogarithmic ? (value > 0 ? Math.Log10(value) : double.NegativeInfinity) : value;
        return Math.Clamp((place - _start) / (_end - _start), -1, 2);
    }

    private IEnumerable<double> Decades()
    {
        int[] factors = _end - _start > 3 ? [1] : [1, 2, 5];
        return from exponent in Enumerable.Range((int)Math.Floor(_start), (int)Math.Ceiling(_end - _start) + 2)
               from factor in factors
               let tick = factor * Math.Pow(10, exponent)
               where Math.Log10(tick) >= _start && Math.Log10(tick) <= _end
               select tick;
    }

    private IEnumerable<double> Steps()
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10((_end - _start) / MostTicks)));
        double step = Factors.Select(factor => factor * power).First(step => (_end - _start) / step <= MostTicks + 1e-9);
        double first = Math.Ceiling(_start / step);
        return Enumerable.Range(0, MostTicks + 1).Select(index => (first + index) * step).Where(tick => tick <= _end);
    }
}
