// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>A regression, or an improvement, that was found.</summary>
/// <param name="Id">Its number: that of the event by which it was told.</param>
/// <param name="At">When it was found.</param>
/// <param name="Regression">What it is.</param>
internal sealed record FoundRegression(long Id, DateTimeOffset At, RegressionDocument Regression);
