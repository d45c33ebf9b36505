// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>What a host says of itself, again and again, in the bucket <see cref="FarmSubjects.Hosts"/>.</summary>
internal sealed record HostReport
{
    /// <summary>What it speaks.</summary>
    public required int Protocol { get; init; }

    /// <summary>The oldest that it understands.</summary>
    public required int OldestProtocol { get; init; }

    /// <summary>The process that says so: two of one name are not one host.</summary>
    public required string Instance { get; init; }

    /// <summary>When, by the host's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The kind of host: <see cref="FarmNames.CpuKey"/>.</summary>
    public required string CpuKey { get; init; }

    /// <summary>What jobs may be chosen by.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>Whether its labels are some that a host may have: they are shown, and kept.</summary>
    [JsonIgnore]
    public bool HasSoundLabels
    {
        get
        {
            const int most = 50;
            const int longest = 200;
            return Labels.Count <= most && Labels.All(label => label is { Key.Length: <= longest, Value: { Length: <= longest } });
        }
    }

    /// <summary>Whether it would take a job, and why not.</summary>
    public required HostReadiness Readiness { get; init; }

    /// <summary>The farm's job that it does; null for none.</summary>
    public long? Job { get; init; }

    /// <summary>How far that is, from 0 to 1; null when nobody knows.</summary>
    public double? Progress { get; init; }

    /// <summary>Why it takes none, in words; null where there is nothing to say.</summary>
    public string? Reason { get; init; }
}
