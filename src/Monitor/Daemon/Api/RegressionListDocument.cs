// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Store;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>Regressions and improvements in JSON, the latest first.</summary>
/// <param name="Regressions">They.</param>
internal sealed record RegressionListDocument(IReadOnlyList<FoundRegression> Regressions)
{
    /// <summary>Where those before are; null when there are none.</summary>
    public string? Next { get; init; }
}
