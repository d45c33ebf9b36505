// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What the interval of a cost is that is of several benches.</summary>
public enum FleetInterval
{
    /// <summary>There is one bench: it is the interval of its sessions' medians.</summary>
    Sessions,

    /// <summary>There are too few benches for an interval of their own: it goes from the least end of their intervals to the greatest. Where all
    /// have measured the same, the true value is in it at least as often as in each of them.</summary>
    Hull,

    /// <summary>It is the interval of the benches' medians.</summary>
    Benches,
}
