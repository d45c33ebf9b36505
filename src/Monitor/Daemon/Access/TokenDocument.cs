// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>A token in JSON, as it may be shown.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Scope">What its holder may do.</param>
/// <param name="Id">Its number.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Until when it is good; null for ever.</param>
internal sealed record TokenDocument(string Name, Scope Scope, string Id, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>The document of a token.</summary>
    public static TokenDocument Of(AccessToken token) => new(token.Name, token.Scope, token.Id, token.CreatedAt, token.ExpiresAt);
}
