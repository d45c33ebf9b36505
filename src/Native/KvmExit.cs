// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kvmsys.Native.Abi;

namespace Kvmsys.Native;

/// <summary>
/// Why the guest stopped, read in place from the run page: nothing is copied and nothing is lost. Valid until the next KVM_RUN of the vCPU.
/// Each detail answers only for its own reason and throws <see cref="InvalidOperationException"/> for another.
/// </summary>
public readonly ref struct KvmExit
{
    private readonly ref KvmRun _run;
    private readonly Span<byte> _page;

    /// <summary>The exit that a run page holds.</summary>
    /// <param name="page">The whole mapping, at least a <see cref="KvmRun"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The page is too small.</exception>
    public KvmExit(Span<byte> page)
    {
        _page = page;
        _run = ref MemoryMarshal.AsRef<KvmRun>(page);
    }

    /// <summary>The reason.</summary>
    public KvmExitReason Reason => _run.ExitReason;

    /// <summary>The reason's 256 bytes of detail, whatever it is: for reasons that this library does not know.</summary>
    public ReadOnlySpan<byte> Detail
    {
        get
        {
            const int firstByte = 32;
            const int bytes = 256;
            return _page.Slice(firstByte, bytes);
        }
    }

    /// <summary>State of the vCPU that KVM reports with every exit.</summary>
    public KvmRunFlags Flags => _run.Flags;

    /// <summary>Detail of <see cref="KvmExitReason.Unknown"/>.</summary>
    public ref readonly KvmRun.HwExit Hw => ref Of(KvmExitReason.Unknown).Hw;

    /// <summary>Detail of <see cref="KvmExitReason.FailEntry"/>.</summary>
    public ref readonly KvmRun.FailEntryExit FailEntry => ref Of(KvmExitReason.FailEntry).FailEntry;

    /// <summary>Detail of <see cref="KvmExitReason.Exception"/>.</summary>
    public ref readonly KvmRun.ExceptionExit Exception => ref Of(KvmExitReason.Exception).Ex;

    /// <summary>Detail of <see cref="KvmExitReason.Io"/>; <see cref="IoData"/> has the bytes.</summary>
    public ref readonly KvmRun.IoExit Io => ref Of(KvmExitReason.Io).Io;

    /// <summary>
    /// The bytes of a port access, size times count. On OUT they are the guest's; on IN the monitor writes the answer here before it runs
    /// the vCPU again.
    /// </summary>
    public Span<byte> IoData
    {
        get
        {
            ref readonly KvmRun.IoExit io = ref Io;
            return _page.Slice(checked((int)io.DataOffset), checked((int)(io.Size * io.Count)));
        }
    }

    /// <summary>Detail of <see cref="KvmExitReason.Debug"/>.</summary>
    public ref readonly KvmDebugExitArch Debug => ref Of(KvmExitReason.Debug).Debug.Arch;

    /// <summary>Detail of <see cref="KvmExitReason.Mmio"/>; <see cref="MmioData"/> has the bytes.</summary>
    public ref readonly KvmRun.MmioExit Mmio => ref Of(KvmExitReason.Mmio).Mmio;

    /// <summary>The bytes of a memory access. On a read the monitor writes the answer here before it runs the vCPU again.</summary>
    public Span<byte> MmioData
    {
        get
        {
            Span<byte> data = Of(KvmExitReason.Mmio).Mmio.Data;
            return data[..checked((int)_run.Mmio.Len)];
        }
    }

    /// <summary>Detail of <see cref="KvmExitReason.Hypercall"/>; the monitor writes its result before it runs the vCPU again.</summary>
    public ref KvmRun.HypercallExit Hypercall => ref Of(KvmExitReason.Hypercall).Hypercall;

    /// <summary>Detail of <see cref="KvmExitReason.TprAccess"/>.</summary>
    public ref readonly KvmRun.TprAccessExit TprAccess => ref Of(KvmExitReason.TprAccess).TprAccess;

    /// <summary>Detail of <see cref="KvmExitReason.InternalError"/>; <see cref="InternalErrorData"/> has its valid words.</summary>
    public ref readonly KvmRun.InternalExit InternalError => ref Of(KvmExitReason.InternalError).Internal;

    /// <summary>The valid words of an internal error.</summary>
    public ReadOnlySpan<ulong> InternalErrorData
    {
        get
        {
            ReadOnlySpan<ulong> data = Of(KvmExitReason.InternalError).Internal.Data;
            return data[..Math.Min(checked((int)_run.Internal.Ndata), data.Length)];
        }
    }

    /// <summary>The bytes of the instruction that KVM could not emulate; empty when it does not say.</summary>
    public ReadOnlySpan<byte> EmulationFailureBytes
    {
        get
        {
            // The flags word, and the two words that hold the size and the bytes, are valid only as far as Ndata reaches.
            const int wordsWithBytes = 3;
            ref KvmRun.EmulationFailureExit failure = ref Of(KvmExitReason.InternalError).EmulationFailure;
            if (failure.Suberror != KvmInternalError.Emulation
                || failure.Ndata < wordsWithBytes
                || !failure.Flags.HasFlag(KvmEmulationFailureFlags.InstructionBytes))
            {
                return [];
            }

            ReadOnlySpan<byte> bytes = failure.InsnBytes;
            return bytes[..Math.Min(failure.InsnSize, bytes.Length)];
        }
    }

    /// <summary>Detail of <see cref="KvmExitReason.SystemEvent"/>.</summary>
    public ref readonly KvmRun.SystemEventExit SystemEvent => ref Of(KvmExitReason.SystemEvent).SystemEvent;

    /// <summary>Detail of <see cref="KvmExitReason.IoapicEoi"/>.</summary>
    public ref readonly KvmRun.EoiExit IoapicEoi => ref Of(KvmExitReason.IoapicEoi).Eoi;

    /// <summary>
    /// Detail of <see cref="KvmExitReason.X86Rdmsr"/> and <see cref="KvmExitReason.X86Wrmsr"/>; the monitor writes the value or the error
    /// before it runs the vCPU again.
    /// </summary>
    public ref KvmRun.MsrExit Msr => ref (Reason == KvmExitReason.X86Wrmsr ? ref _run : ref Of(KvmExitReason.X86Rdmsr)).Msr;

    /// <summary>Detail of <see cref="KvmExitReason.Notify"/>.</summary>
    public ref readonly KvmRun.NotifyExit Notify => ref Of(KvmExitReason.Notify).Notify;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref KvmRun Of(KvmExitReason reason)
    {
        if (_run.ExitReason != reason)
        {
            ThrowWrongReason(reason, _run.ExitReason);
        }

        return ref _run;
    }

    [DoesNotReturn]
    private static void ThrowWrongReason(KvmExitReason asked, KvmExitReason actual) =>
        throw new InvalidOperationException($"The exit is {actual}; it has no detail of {asked}.");
}
