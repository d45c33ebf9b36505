// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Measurement;

/// <summary>
/// What whoever measures on a host has to hold: two measurements at once would disturb each other. It ends with the process, so that nothing that was
/// killed stands in the way, and one that is only stopped still does.
/// </summary>
/// <remarks>
/// The lock is on the root directory: it is there for every user and needs no file that one of them would have to make for the others. Processes in
/// containers have roots of their own, and do not see it.
/// </remarks>
public sealed class MeasurementLock : IDisposable
{
    private const string Variable = "KVMSYS_LOCK";

    /// <summary>What is locked: the root directory, or what KVMSYS_LOCK names, for containers that share a folder.</summary>
    private static string Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? path : "/";

    private readonly FileLock _lock;

    private MeasurementLock(FileLock taken) => _lock = taken;

    /// <summary>Takes it, as soon as it is free.</summary>
    /// <param name="onWait">Called once if it is not, with the process that has it, where that is known.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="KvmException">The root directory cannot be locked.</exception>
    public static MeasurementLock Take(Action<int?> onWait, CancellationToken cancellation) => new(FileLock.Take(Path, onWait, cancellation));

    /// <summary>Gives it back.</summary>
    public void Dispose() => _lock.Dispose();
}
