// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>A set of signals as the kernel holds it: 64 bits, signal n in bit n-1.</summary>
/// <param name="Bits">The bits.</param>
public readonly record struct SignalSet(ulong Bits)
{
    /// <summary>The set of one signal.</summary>
    /// <param name="signal">1 to 64.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="signal"/> is no signal number.</exception>
    public static SignalSet Of(int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(signal, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(signal, 64);
        return new SignalSet(1UL << (signal - 1));
    }

    /// <summary>Whether <paramref name="signal"/> is in the set.</summary>
    public bool Contains(int signal) => (Bits & Of(signal).Bits) != 0;

    /// <summary>This set with <paramref name="signal"/>.</summary>
    public SignalSet With(int signal) => new(Bits | Of(signal).Bits);

    /// <summary>This set without <paramref name="signal"/>.</summary>
    public SignalSet Without(int signal) => new(Bits & ~Of(signal).Bits);
}
