// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>Which host is to do a job.</summary>
/// <param name="Kind">One host, one of a kind, or any.</param>
/// <param name="Value">The host's name or the kind; empty for any.</param>
internal sealed record FarmTarget(FarmTargetKind Kind, string Value)
{
    /// <summary>What a target has to look like, for people.</summary>
    public const string Expected = "any, host:NAME, or cpu:KEY with a key that the list of hosts shows";

    private const string AnyText = "any";
    private const string HostPrefix = "host:";
    private const string CpuPrefix = "cpu:";

    /// <summary>Any host.</summary>
    public static FarmTarget Any { get; } = new(FarmTargetKind.Any, "");

    /// <summary>One host.</summary>
    public static FarmTarget Host(string name) => new(FarmTargetKind.Host, name);

    /// <summary>One of a kind, whichever is free.</summary>
    public static FarmTarget Cpu(string key) => new(FarmTargetKind.Cpu, key);

    /// <summary>Reads one; null where it makes no sense.</summary>
    public static FarmTarget? Parse(string? text) => text switch
    {
        null or AnyText => Any,
        _ when text.StartsWith(HostPrefix, StringComparison.Ordinal) && FarmNames.IsHost(text[HostPrefix.Length..]) => Host(text[HostPrefix.Length..]),
        _ when text.StartsWith(CpuPrefix, StringComparison.Ordinal) && FarmNames.IsCpuKey(text[CpuPrefix.Length..]) => Cpu(text[CpuPrefix.Length..]),
        _ => null,
    };

    /// <summary>The target of a job, looked at already.</summary>
    public static FarmTarget Of(JobRequest request) => Parse(request.Target) ?? Any;

    /// <summary>The target of a job that lies in the stream under a subject; null where none does.</summary>
    public static FarmTarget? OfSubject(string subject) => subject.Split('.') switch
    {
        ["farm", "job", "host", string name, _] => Host(name),
        ["farm", "job", "class", string key, _] => Cpu(key),
        ["farm", "job", "any", _] => Any,
        _ => null,
    };

    /// <summary>The consumer that hosts take such jobs from.</summary>
    public string Consumer => Kind switch
    {
        FarmTargetKind.Host => FarmSubjects.HostConsumer(Value),
        FarmTargetKind.Cpu => FarmSubjects.ClassConsumer(Value),
        _ => FarmSubjects.AnyConsumer,
    };

    /// <summary>Whether a host may be given such jobs.</summary>
    /// <param name="host">Its name.</param>
    /// <param name="cpuKey">Its kind; null where that is not known.</param>
    public bool Fits(string host, string? cpuKey) => Kind switch
    {
        FarmTargetKind.Host => Value == host,
        FarmTargetKind.Cpu => Value == cpuKey,
        _ => true,
    };

    /// <summary>The subject under which a job lies in the stream.</summary>
    public string Subject(long job) => FarmSubjects.Job(
        Kind switch
        {
            FarmTargetKind.Host => FarmSubjects.HostJobs(Value),
            FarmTargetKind.Cpu => FarmSubjects.ClassJobs(Value),
            _ => FarmSubjects.AnyJobs,
        },
        job);

    /// <summary>Where those hear of it who may do it.</summary>
    public string Wake => Kind switch
    {
        FarmTargetKind.Host => FarmSubjects.WakeHost(Value),
        FarmTargetKind.Cpu => FarmSubjects.WakeClass(Value),
        _ => FarmSubjects.WakeAll,
    };

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        FarmTargetKind.Host => HostPrefix + Value,
        FarmTargetKind.Cpu => CpuPrefix + Value,
        _ => AnyText,
    };
}
