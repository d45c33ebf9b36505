// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>Whether a host would take a job.</summary>
[JsonConverter(typeof(WordConverter<HostReadiness>))]
internal enum HostReadiness
{
    /// <summary>It would.</summary>
    [JsonStringEnumMemberName("idle")]
    Idle,

    /// <summary>It does one, of the farm's or of its own.</summary>
    [JsonStringEnumMemberName("busy")]
    Busy,

    /// <summary>Something else runs on it, and a measurement would be disturbed.</summary>
    [JsonStringEnumMemberName("noisy")]
    Noisy,

    /// <summary>Somebody does not want it to begin any.</summary>
    [JsonStringEnumMemberName("cordoned")]
    Cordoned,

    /// <summary>It and the controller cannot work together.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,
}
