// SPDX-License-Identifier: MIT

using System.Data.Common;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>Where a store's tables are. Both kinds of databases understand its statements.</summary>
/// <remarks>One connection writes and another reads, each used by one thread at a time; neither waits for the other.</remarks>
internal abstract class StoreDatabase : IDisposable
{
    /// <summary>The connection that writes. What it has committed is on the disk.</summary>
    /// <exception cref="StoreException">There is none any more.</exception>
    public abstract DbConnection Writing { get; }

    /// <summary>The connection that only reads.</summary>
    /// <exception cref="StoreException">There is none at the moment.</exception>
    public abstract DbConnection Reading { get; }

    /// <summary>A damaged database that was found at the start: where it lies now; null for none.</summary>
    public virtual string? SetAside => null;

    /// <summary>Whether a failure is the database's, and not its caller's.</summary>
    public abstract bool IsItsOwn(Exception exception);

    /// <summary>What such a failure means: a <see cref="StoreFullException"/>, or a <see cref="StoreException"/>.</summary>
    public abstract Exception Explained(Exception exception);

    /// <summary>Closes it.</summary>
    public abstract void Dispose();

    /// <summary>Whether it comes of values that no daemon has written.</summary>
    protected static bool IsNonsense(Exception exception) => exception
        is System.Text.Json.JsonException or InvalidDataException or InvalidOperationException or InvalidCastException or ArgumentException or FormatException or OverflowException;
}
