// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>How an attempt at a job has ended.</summary>
[JsonConverter(typeof(WordConverter<AttemptOutcome>))]
public enum AttemptOutcome
{
    /// <summary>With a result.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>With a bench of which so much had to be discarded that it is not to be trusted. It is kept with the attempt.</summary>
    [JsonStringEnumMemberName("unstable")]
    Unstable,

    /// <summary>It was refused, and would be again: a wrong plan, no KVM, no such mechanism.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>Its process failed, or was killed by somebody else.</summary>
    [JsonStringEnumMemberName("crashed")]
    Crashed,

    /// <summary>Its time was over.</summary>
    [JsonStringEnumMemberName("timed-out")]
    TimedOut,

    /// <summary>The daemon was gone before it knew the end.</summary>
    [JsonStringEnumMemberName("lost")]
    Lost,

    /// <summary>The daemon was asked to stop, and had to end it. It counts against nobody.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted,

    /// <summary>Somebody did not want it any more.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>In a farm: with a result, though another host's was there before it. It is kept with the attempt.</summary>
    [JsonStringEnumMemberName("superseded")]
    Superseded,
}
