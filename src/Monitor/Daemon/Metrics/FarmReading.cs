// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Metrics;

/// <summary>What the gauges of a farm's controller say, read when somebody asks.</summary>
/// <param name="Hosts">How many hosts are in each state, those too that no host is in.</param>
/// <param name="Outbox">Jobs that are not where a host gets them yet.</param>
/// <param name="OldestInOutbox">Since when the oldest of them is not; null when there is none.</param>
/// <param name="IsConnected">Whether the farm's server is there.</param>
internal sealed record FarmReading(IReadOnlyDictionary<string, int> Hosts, long Outbox, DateTimeOffset? OldestInOutbox, bool IsConnected);
