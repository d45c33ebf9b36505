// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>Who asks.</summary>
/// <param name="Name">As jobs name it: a token's name, "socket" for whoever may open the Unix socket, "loopback" for a process of this host.</param>
/// <param name="Scope">What it may do.</param>
internal sealed record Caller(string Name, Scope Scope);
