// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>What a member of a farm is, and so what it may do there.</summary>
internal enum FarmRole
{
    /// <summary>No role: a document without one.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>A host that measures.</summary>
    [JsonStringEnumMemberName("host")]
    Host,

    /// <summary>The controller, which gives out jobs and keeps results.</summary>
    [JsonStringEnumMemberName("controller")]
    Controller,
}
