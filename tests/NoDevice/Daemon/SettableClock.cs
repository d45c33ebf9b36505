// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A clock that stands until somebody sets it.</summary>
internal sealed class SettableClock : TimeProvider
{
    /// <summary>What it shows.</summary>
    public DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Now;
}
