// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.Programs;

/// <summary>How a case ended.</summary>
/// <param name="Status">Exit status, 128 + n when signal n ended it, 137 also when its time was over.</param>
/// <param name="Output">Standard output, each byte a character.</param>
/// <param name="Error">Standard error, each byte a character.</param>
/// <param name="Seconds">How long it ran, to a hundredth of a second.</param>
internal sealed record Outcome(int Status, string Output, string Error, double Seconds)
{
    /// <summary>Whether the program ended by itself, and not by a signal.</summary>
    public bool Exited => Status < 128;
}
