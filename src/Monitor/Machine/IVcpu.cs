// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Machine;

/// <summary>What a service may do with the vCPU that waits for it.</summary>
internal interface IVcpu
{
    /// <summary>Segment, descriptor-table and control registers.</summary>
    KvmSregs Sregs { get; set; }

    /// <summary>Reads the x87 and SSE state as FXSAVE lays it out.</summary>
    /// <param name="fxsave">512 bytes.</param>
    void ReadFpu(Span<byte> fxsave);

    /// <summary>Writes the x87 and SSE state.</summary>
    /// <param name="fxsave">512 bytes, as <see cref="ReadFpu"/> gives them.</param>
    void WriteFpu(ReadOnlySpan<byte> fxsave);

    /// <summary>Waits until files are ready, the time is over, or the machine is to stop.</summary>
    /// <param name="files">The files; none to wait for the time alone.</param>
    /// <param name="time">How long at most; null for ever.</param>
    /// <returns>Why the machine is to stop; null when it is not.</returns>
    StopReason? Wait(Span<PolledFile> files, TimeSpan? time);
}
