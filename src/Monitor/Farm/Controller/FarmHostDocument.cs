// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>A host of the farm in JSON.</summary>
internal sealed record FarmHostDocument
{
    /// <summary>What it is called.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it was heard of lately.</summary>
    public required bool There { get; init; }

    /// <summary>When it was heard of last, by the controller's clock.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>Whether it would take a job, as it said last.</summary>
    public required HostReadiness Readiness { get; init; }

    /// <summary>Whether somebody does not want it to begin jobs.</summary>
    public required bool Cordoned { get; init; }

    /// <summary>The kind of host: CPU model and KVM back end.</summary>
    public required string CpuKey { get; init; }

    /// <summary>What jobs may choose it by.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The job that it does; null for none.</summary>
    public long? Job { get; init; }

    /// <summary>How far that is, from 0 to 1; null when nobody knows.</summary>
    public double? Progress { get; init; }

    /// <summary>What is wrong with it, or why it takes no job; null where there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>How far its clock is from the controller's; null where that is little.</summary>
    public string? Skew { get; init; }

    /// <summary>The document of a host.</summary>
    public static FarmHostDocument Of(FarmHost host, DateTimeOffset now) => new()
    {
        Name = host.Name,
        There = host.IsThere(now),
        SeenAt = host.SeenAt,
        Readiness = host.Report.Readiness,
        Cordoned = host.Cordoned,
        CpuKey = host.Report.CpuKey,
        Labels = host.Report.Labels,
        Job = host.IsThere(now) ? host.Report.Job : null,
        Progress = host.IsThere(now) ? host.Report.Progress : null,
        Reason = host.Objection ?? host.Report.Reason,
        Skew = host.Skew,
    };
}
