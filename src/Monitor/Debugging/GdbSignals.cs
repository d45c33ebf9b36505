// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>GDB's numbers of signals, which are the same for all its targets, and Linux' (include/gdb/signals.def).</summary>
internal static class GdbSignals
{
    private const int FirstRealTime = 32;
    private const int LastRealTime = 64;
    private const int GdbSecondRealTime = 45;
    private const int GdbFirstRealTime = 77;
    private const int GdbLastRealTime = 78;
    private const int GdbUnknown = 143;

    // By Linux' number, up to SIGSYS.
    private static readonly byte[] Standard =
    [
        0, 1, 2, 3, 4, 5, 6, 10, 8, 9, 30, 11, 31, 13, 14, 15, GdbUnknown, 20, 19, 17, 18, 21, 22, 16, 24, 25, 26, 27, 28, 23, 32, 12,
    ];

    /// <summary>GDB's number of a signal of Linux.</summary>
    public static int OfLinux(int signal) => signal switch
    {
        >= 0 and < FirstRealTime => Standard[signal],
        FirstRealTime => GdbFirstRealTime,
        LastRealTime => GdbLastRealTime,
        > FirstRealTime and < LastRealTime => GdbSecondRealTime + signal - FirstRealTime - 1,
        _ => GdbUnknown,
    };

    /// <summary>Linux' number of a signal of GDB; 0 for one that Linux has not.</summary>
    public static int ToLinux(uint signal)
    {
        for (int linux = 1; linux <= LastRealTime; linux++)
        {
            if (OfLinux(linux) == signal && signal != GdbUnknown)
            {
                return linux;
            }
        }

        return 0;
    }
}
