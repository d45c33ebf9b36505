// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization.Metadata;
using Kvmsys.Monitor.Daemon.Access;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>One thing that the daemon can be asked.</summary>
/// <param name="Method">GET, POST, PUT or DELETE.</param>
/// <param name="Pattern">Its path, for example /api/v1/jobs/{id}.</param>
/// <param name="Scope">What a caller needs.</param>
/// <param name="Summary">What it does, for people.</param>
/// <param name="Handle">Does it.</param>
internal sealed record ApiRoute(string Method, string Pattern, Scope Scope, string Summary, Func<ApiRequest, Task> Handle)
{
    /// <summary>What the body has to be; null for no body.</summary>
    public JsonTypeInfo? Body { get; init; }

    /// <summary>What is answered; null for what is described elsewhere, or no JSON.</summary>
    public JsonTypeInfo? Answer { get; init; }

    /// <summary>Statuses that it answers with, beside those that every route has.</summary>
    public IReadOnlyList<int> Statuses { get; init; } = [200];

    /// <summary>Names in the query, each with what it means.</summary>
    public IReadOnlyList<(string Name, string Meaning)> Query { get; init; } = [];
}
