// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Webhooks;

/// <summary>What there is to say of an event.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Event">The event's number; the same one may come twice.</param>
/// <param name="Text">What there is to say, for people.</param>
/// <param name="Job">The job that it is about.</param>
/// <param name="Regression">Of a regression or an improvement: its evidence.</param>
internal sealed record WebhookData(string Host, long Event, string? Text, JobDocument? Job, RegressionDocument? Regression);
