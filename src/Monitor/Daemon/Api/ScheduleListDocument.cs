// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>All schedules in JSON.</summary>
/// <param name="Schedules">The schedules, in the order of their names.</param>
internal sealed record ScheduleListDocument(IReadOnlyList<ScheduleDocument> Schedules);
