// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What can happen, as <see cref="JobEvent.Kind"/> spells it.</summary>
internal static class EventKinds
{
    /// <summary>A mechanism costs more than it did.</summary>
    public const string Regression = "regression.found";

    /// <summary>A mechanism costs less than it did.</summary>
    public const string Improvement = "improvement.found";

    /// <summary>A job has failed for good.</summary>
    public const string JobFailed = "job.failed";

    /// <summary>A webhook did not take something for so long that it is not sent any more.</summary>
    public const string WebhookGivenUp = "webhook.given-up";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "job.queued", "job.running", "job.done", JobFailed, "job.cancelled",
        "host.cordoned", "host.uncordoned",
        "schedule.set", "schedule.due", "schedule.skipped", "schedule.postponed", "schedule.rebased", "schedule.paused", "schedule.resumed", "schedule.removed",
        Regression, Improvement,
        WebhookGivenUp,
    ];
}
