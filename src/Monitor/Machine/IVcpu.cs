// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Machine;

/// <summary>What a service may do with the vCPU that waits for it.</summary>
internal interface IVcpu
{
    /// <summary>General-purpose registers. Not to be written while a port's write is served: it is not finished yet.</summary>
    KvmRegs Regs { get; set; }

    /// <summary>Segment, descriptor-table and control registers.</summary>
    KvmSregs Sregs { get; set; }

    /// <summary>Whether an exception or interrupt is on its way into the guest, so that its registers must stay as they are.</summary>
    bool HasEventInFlight { get; }

    /// <summary>Reads the x87 and SSE state as FXSAVE lays it out.</summary>
    /// <param name="fxsave">512 bytes.</param>
    void ReadFpu(Span<byte> fxsave);

    /// <summary>Writes the x87 and SSE state.</summary>
    /// <param name="fxsave">512 bytes, as <see cref="ReadFpu"/> gives them.</param>
    void WriteFpu(ReadOnlySpan<byte> fxsave);

    /// <summary>Waits until files are ready, the time is over, or somebody interrupts it.</summary>
    /// <param name="files">The files; none to wait for the time alone.</param>
    /// <param name="time">How long at most; null for ever.</param>
    /// <param name="stop">Why the machine is to stop; null when it is not.</param>
    /// <returns>False when it was interrupted: the machine is to stop, or its service has taken something that ends the wait.</returns>
    bool Wait(Span<PolledFile> files, TimeSpan? time, out StopReason? stop);
}
