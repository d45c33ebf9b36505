// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What a guest's chains say of the CPU that executed them. The timer's own time is taken off each.</summary>
/// <param name="Times">The chains' times.</param>
public readonly record struct Calibration(CalibrationTimes Times)
{
    /// <summary>Latency of IMUL of two registers in core cycles, where ADD's is 1, on every x86 CPU since Nehalem and Zen.</summary>
    public const double ExpectedMultiplyToAdd = 3;

    /// <summary>How far the measured ratio may be off, of itself.</summary>
    public const double MultiplyTolerance = 0.02;

    /// <summary>The least latency of MULSS: 3 core cycles on Broadwell and Zen. An emulator that calls a routine for it takes more than the most.</summary>
    public const double MinFloatToAdd = 2.9;

    /// <summary>The greatest: 5 on Haswell and before, and room for 32-bit Atoms.</summary>
    public const double MaxFloatToAdd = 6;

    /// <summary>Two RDTSCs in a row take 20 to 100 ticks where RDTSC does not exit, and thousands where it does.</summary>
    public const uint MaxTimerTicks = 1000;

    /// <summary>TSC ticks of one core cycle: of one dependent ADD.</summary>
    public double TicksPerCycle => Ticks(Times.AddChainTicks) / CalibrationChain.Length;

    /// <summary>A dependent IMUL's time by a dependent ADD's.</summary>
    public double MultiplyToAdd => Ticks(Times.MultiplyChainTicks) / Ticks(Times.AddChainTicks);

    /// <summary>A dependent MULSS's time by a dependent ADD's.</summary>
    public double FloatToAdd => Ticks(Times.FloatChainTicks) / Ticks(Times.AddChainTicks);

    /// <summary>Whether the integer multiplication takes what it takes on a CPU.</summary>
    public bool HasCpusMultiply => Math.Abs((MultiplyToAdd / ExpectedMultiplyToAdd) - 1) <= MultiplyTolerance;

    /// <summary>Whether the floating-point multiplication takes what it takes on a CPU.</summary>
    public bool HasCpusFloat => FloatToAdd is >= MinFloatToAdd and <= MaxFloatToAdd;

    /// <summary>The medians of several calibrations' times.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static CalibrationTimes Typical(IEnumerable<CalibrationTimes> calibrations)
    {
        CalibrationTimes[] all = [.. calibrations];
        return new CalibrationTimes
        {
            AddChainTicks = MedianOf(times => times.AddChainTicks),
            MultiplyChainTicks = MedianOf(times => times.MultiplyChainTicks),
            FloatChainTicks = MedianOf(times => times.FloatChainTicks),
            TimerTicks = MedianOf(times => times.TimerTicks),
        };

        uint MedianOf(Func<CalibrationTimes, uint> time) => (uint)MedianInterval.Of([.. all.Select(times => (double)time(times))]).Value;
    }

    private double Ticks(uint chain) => (double)chain - Times.TimerTicks;
}
