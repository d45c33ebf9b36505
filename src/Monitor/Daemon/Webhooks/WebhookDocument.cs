// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Webhooks;

/// <summary>What a webhook is told, in JSON.</summary>
/// <param name="Type">What has happened, for example "job.failed".</param>
/// <param name="Timestamp">When.</param>
/// <param name="Data">The rest.</param>
internal sealed record WebhookDocument(
    string Type,
    DateTimeOffset Timestamp,
    WebhookData Data);
