// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>What a daemon keeps of a token: everything but what its holder has to know.</summary>
internal sealed record AccessToken
{
    /// <summary>Characters of a name at most.</summary>
    public const int LongestName = 64;

    /// <summary>Its number, in hexadecimal: a part of what its holder has, and no secret.</summary>
    public required string Id { get; init; }

    /// <summary>Whose it is, as jobs name who has submitted them.</summary>
    public required string Name { get; init; }

    /// <summary>What its holder may do.</summary>
    public required Scope Scope { get; init; }

    /// <summary>SHA-256 of its secret. That has 256 bits of chance, so that neither salt nor work would make guessing harder.</summary>
    public required byte[] Sha256 { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it is good; null for ever.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether a name may be one's: 1 to 64 of a-z, 0-9, '.', '_' and '-', and none that callers without a token have.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= LongestName
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-')
        && name is not (Caller.Socket or Caller.Loopback or Caller.Nobody);
}
