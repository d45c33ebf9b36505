// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>What changes on hosts have done to costs, in JSON.</summary>
/// <param name="Since">Regressions and improvements were found since then.</param>
/// <param name="Changes">The changes: that of the latest finding first, and what nothing is known of last.</param>
internal sealed record FarmChangeListDocument(DateTimeOffset Since, IReadOnlyList<FarmChangeDocument> Changes)
{
    /// <summary>True where more were found than were asked for: the older ones are left out; not there otherwise.</summary>
    public bool? More { get; init; }
}
