// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What mechanisms cost over time in JSON. A point's number is that of the bench's job.</summary>
/// <param name="Series">One for each mechanism, kernel, CPU, verdict and plan, and each host of a farm.</param>
internal sealed record SeriesListDocument(IReadOnlyList<HistorySeriesDocument> Series);
