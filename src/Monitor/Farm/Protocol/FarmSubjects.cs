// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>The names by which the parts of a farm reach each other over NATS: subjects, streams, consumers and buckets. docs/FARM.md draws them.</summary>
/// <remarks>
/// A job's number is the last word of its subject: so the stream can be asked which jobs it still holds, and one that nobody wants any more is purged
/// by its subject. The filters of the consumers of a work queue must not overlap, and do not.
/// </remarks>
internal static class FarmSubjects
{
    /// <summary>The stream of jobs: a work queue.</summary>
    public const string Jobs = "JOBS";

    /// <summary>The stream of what attempts have come to.</summary>
    public const string Results = "RESULTS";

    /// <summary>The stream of what happens on hosts.</summary>
    public const string Events = "EVENTS";

    /// <summary>The stream of what the server says of jobs that were delivered as often as they may be.</summary>
    public const string Dead = "DEAD";

    /// <summary>The bucket in which each host says that it is there; what it says is gone when it was silent for 15 s.</summary>
    public const string Hosts = "hosts";

    /// <summary>The bucket of what hosts are to be: cordoned, or not.</summary>
    public const string Desired = "desired";

    /// <summary>The consumer that every host may take from.</summary>
    public const string AnyConsumer = "any";

    /// <summary>All jobs.</summary>
    public const string AllJobs = "farm.job.>";

    /// <summary>Jobs that any host may do.</summary>
    public const string AnyJobs = "farm.job.any.*";

    /// <summary>All of what attempts have come to.</summary>
    public const string AllResults = "farm.result.>";

    /// <summary>All that happens on hosts.</summary>
    public const string AllEvents = "farm.event.>";

    /// <summary>What the server says when a job was delivered as often as it may be.</summary>
    public const string DeadAdvisories = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.JOBS.>";

    /// <summary>Where everybody hears that there may be a new job for any host.</summary>
    public const string WakeAll = "farm.wake.any";

    /// <summary>Jobs of one host.</summary>
    public static string HostJobs(string host) => $"farm.job.host.{host}.*";

    /// <summary>Jobs that one host of a CPU model and KVM back end does, whichever is free.</summary>
    public static string ClassJobs(string cpuKey) => $"farm.job.class.{cpuKey}.*";

    /// <summary>One job among those.</summary>
    /// <param name="jobs">The subject of all of them.</param>
    /// <param name="job">Its number.</param>
    public static string Job(string jobs, long job) => string.Create(CultureInfo.InvariantCulture, $"{jobs.AsSpan()[..^1]}{job}");

    /// <summary>The number of the job that a subject ends with; null where it is none.</summary>
    public static long? JobOf(string subject) =>
        long.TryParse(subject.AsSpan()[(subject.LastIndexOf('.') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long job) ? job : null;

    /// <summary>The consumer that a host takes its own jobs from.</summary>
    public static string HostConsumer(string host) => $"h_{host}";

    /// <summary>The consumer that all hosts of a CPU model and KVM back end take from.</summary>
    public static string ClassConsumer(string cpuKey) => $"c_{cpuKey}";

    /// <summary>Where a host says what an attempt at a job has come to.</summary>
    public static string Result(string host, string job) => $"farm.result.{host}.{job}";

    /// <summary>Where a host says that it has begun an attempt at a job.</summary>
    public static string Started(string host, string job) => $"farm.event.{host}.started.{job}";

    /// <summary>All that happens on a host.</summary>
    public static string EventsOf(string host) => $"farm.event.{host}.>";

    /// <summary>Where a host is told something at once; what it must not miss is in <see cref="Desired"/> too.</summary>
    public static string Control(string host) => $"farm.ctl.{host}";

    /// <summary>Where a host hears that there may be a new job for it.</summary>
    public static string WakeHost(string host) => $"farm.wake.host.{host}";

    /// <summary>Where the hosts of a CPU model and KVM back end hear that there may be a new job for one of them.</summary>
    public static string WakeClass(string cpuKey) => $"farm.wake.class.{cpuKey}";

    /// <summary>What the inboxes of a client begin with, where it alone may listen.</summary>
    public static string Inbox(string name) => $"_INBOX_{name}";
}
