// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What a job is.</summary>
[JsonConverter(typeof(WordConverter<JobKind>))]
public enum JobKind
{
    /// <summary>A bench, as kvmsys bench makes it.</summary>
    [JsonStringEnumMemberName("bench")]
    Bench,

    /// <summary>A static i386 Linux program on the guest's kernel, as kvmsys run runs it.</summary>
    [JsonStringEnumMemberName("run")]
    Run,

    /// <summary>What this host's KVM can do, as kvmsys doctor finds out.</summary>
    [JsonStringEnumMemberName("doctor")]
    Doctor,
}
