// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports;

/// <summary>A mechanism that was asked for and is not there, in JSON.</summary>
/// <param name="Profile">The guest kernel's profile.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Reason">Why not, for people.</param>
public sealed record AbsentDocument(string Profile, string Mechanism, string Reason);
