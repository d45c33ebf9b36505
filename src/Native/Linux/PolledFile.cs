// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>A file that <see cref="SignalFile.Wait"/> waits for.</summary>
/// <param name="File">The file; null is never ready.</param>
/// <param name="Events">What to wait for.</param>
public record struct PolledFile(OpenFile? File, PollEvents Events)
{
    /// <summary>What it is ready for.</summary>
    public PollEvents Ready { get; set; }
}
