// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>Where a job is.</summary>
[JsonConverter(typeof(WordConverter<JobState>))]
public enum JobState
{
    /// <summary>It waits for its turn, or for its next attempt.</summary>
    [JsonStringEnumMemberName("queued")]
    Queued,

    /// <summary>An attempt of it is being made.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It has a result.</summary>
    [JsonStringEnumMemberName("done")]
    Done,

    /// <summary>It has none, and no further attempt is made.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Somebody did not want it any more.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}
