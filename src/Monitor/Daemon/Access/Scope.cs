// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>What a caller may do; each includes those before it.</summary>
[JsonConverter(typeof(WordConverter<Scope>))]
public enum Scope
{
    /// <summary>Nothing but ask whether the daemon is there.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>See everything.</summary>
    [JsonStringEnumMemberName("read")]
    Read,

    /// <summary>Submit jobs, and cancel them.</summary>
    [JsonStringEnumMemberName("submit")]
    Submit,

    /// <summary>Take the host out of service, and the like.</summary>
    [JsonStringEnumMemberName("admin")]
    Admin,
}
