// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Host;

/// <summary>One thing that a host can or cannot do.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="Passed">Whether it works.</param>
/// <param name="Evidence">What was seen.</param>
/// <param name="Cure">What to change; null when it works, or nothing can be changed.</param>
/// <param name="Command">What changes it, for a root shell; null when no one command does.</param>
public sealed record Check(string Name, bool Passed, string Evidence, string? Cure = null, string? Command = null);
