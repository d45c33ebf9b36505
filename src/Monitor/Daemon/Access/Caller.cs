// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>Who asks.</summary>
/// <param name="Name">As jobs name it: a token's name, or what this type names.</param>
/// <param name="Scope">What it may do.</param>
internal sealed record Caller(string Name, Scope Scope)
{
    /// <summary>Whoever may open the Unix socket.</summary>
    public const string Socket = "socket";

    /// <summary>A process of this host that has no token.</summary>
    public const string Loopback = "loopback";

    /// <summary>Somebody of whom nothing is known.</summary>
    public const string Nobody = "nobody";
}
