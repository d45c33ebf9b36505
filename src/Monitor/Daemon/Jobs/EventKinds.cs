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

    /// <summary>A host is to begin no job.</summary>
    public const string HostCordoned = "host.cordoned";

    /// <summary>A host may begin jobs again.</summary>
    public const string HostUncordoned = "host.uncordoned";

    /// <summary>A host has joined the farm, or come back to it.</summary>
    public const string HostThere = "host.there";

    /// <summary>A host of the farm is not heard of any more.</summary>
    public const string HostGone = "host.gone";

    /// <summary>A host of the farm is not as it should be.</summary>
    public const string HostRefused = "host.refused";

    /// <summary>What came from a host is no result, and was set aside.</summary>
    public const string ResultSetAside = "result.set-aside";

    /// <summary>An attempt has come to its end when its job had come to one already.</summary>
    public const string ResultSuperseded = "result.superseded";

    /// <summary>A job was put into the stream again, for it was not there any more.</summary>
    public const string JobPublishedAgain = "job.published-again";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "job.queued", "job.running", "job.done", JobFailed, "job.cancelled",
        HostCordoned, HostUncordoned,
        "schedule.set", "schedule.due", "schedule.skipped", "schedule.postponed", "schedule.rebased", "schedule.paused", "schedule.resumed", "schedule.removed",
        Regression, Improvement,
        WebhookGivenUp,
        HostThere, HostGone, HostRefused, ResultSetAside, ResultSuperseded, JobPublishedAgain,
    ];
}
