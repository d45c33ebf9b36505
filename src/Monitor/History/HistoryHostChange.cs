// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.History;

/// <summary>Where in a series the host became another one than it was at the bench before, whatever that has done to the cost.</summary>
/// <param name="From">The first entry of the changed host.</param>
/// <param name="Time">When that was measured.</param>
/// <param name="What">What has changed, a few words each.</param>
public sealed record HistoryHostChange(long From, DateTimeOffset Time, IReadOnlyList<string> What);
