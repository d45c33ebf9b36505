// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Monitor.Measurement;

/// <summary>A mechanism that was asked for and that this CPU lacks.</summary>
/// <param name="Profile">The kernel.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Reason">Why not, for people.</param>
/// <param name="Mitigation">What the kernel was to do on the way.</param>
public sealed record AbsentMechanism(KernelProfile Profile, EntryMechanism Mechanism, string Reason, Mitigation Mitigation = Mitigation.None);
