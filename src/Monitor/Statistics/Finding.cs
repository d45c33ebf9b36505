// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>What a comparison of costs comes to.</summary>
public enum Finding
{
    /// <summary>The change, if there is one, is too small to matter.</summary>
    Same,

    /// <summary>The new costs are higher, by more than the threshold.</summary>
    Slower,

    /// <summary>The new costs are lower, by more than the threshold.</summary>
    Faster,

    /// <summary>The values are too few or too noisy to tell.</summary>
    Undecided,
}
