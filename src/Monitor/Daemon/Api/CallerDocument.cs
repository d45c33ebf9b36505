// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Access;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>Who asks, in JSON.</summary>
/// <param name="Name">As jobs name it.</param>
/// <param name="Scope">What it may do.</param>
internal sealed record CallerDocument(string Name, Scope Scope);
