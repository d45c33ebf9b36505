// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Measurement;

/// <summary>One observation for or against a CPU having executed the program.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Value">What was seen.</param>
/// <param name="Expected">What a CPU shows.</param>
/// <param name="ForHardware">Whether it was seen.</param>
/// <param name="Cure">What to change where it was not.</param>
public sealed record Evidence(string Name, string Value, string Expected, bool ForHardware, string Cure);
