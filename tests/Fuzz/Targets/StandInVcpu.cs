// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;
using static Kvmsys.Fuzz.Targets.BrokenInvariantException;

namespace Kvmsys.Fuzz.Targets;

/// <summary>A vCPU that is nothing but its registers. It never waits: unless something has come already, the time is over at once, and one without an end at the deadline.</summary>
/// <param name="service">What takes what comes from outside.</param>
internal sealed class StandInVcpu(IGuestService service) : IVcpu, IDisposable
{
    private const int FxsaveSize = 512;
    private const int Mxcsr = 24;

    private readonly SignalFile _kicks = new(SignalSet.Of(ThreadSignals.FreeSignal));
    private readonly byte[] _fxsave = new byte[FxsaveSize];
    private KvmRegs _regs;

    /// <summary>Whether a port's write is being served, so that the general-purpose registers are not to be written.</summary>
    public bool IsInPort { get; set; }

    /// <summary>Why the machine stops before the time of a wait is over; null when it does not.</summary>
    public StopReason? StopAtWait { get; set; }

    /// <inheritdoc/>
    public KvmRegs Regs
    {
        get => _regs;
        set
        {
            ThrowUnless(!IsInPort);
            _regs = value;
        }
    }

    /// <inheritdoc/>
    public KvmSregs Sregs
    {
        get;
        set => (field, SregsWrites) = (value, SregsWrites + 1);
    }

    /// <summary>How often the segment and control registers were written.</summary>
    public int SregsWrites { get; private set; }

    /// <inheritdoc/>
    public bool HasEventInFlight { get; set; }

    /// <inheritdoc/>
    public void ReadFpu(Span<byte> fxsave) => _fxsave.CopyTo(fxsave);

    /// <inheritdoc/>
    public void WriteFpu(ReadOnlySpan<byte> fxsave)
    {
        ThrowUnless(fxsave.Length == FxsaveSize, fxsave.Length);

        // KVM_SET_XSAVE refuses an MXCSR that the CPU would fault at.
        ThrowUnless(fxsave[Mxcsr + 2] == 0 && fxsave[Mxcsr + 3] == 0);
        fxsave.CopyTo(_fxsave);
    }

    /// <inheritdoc/>
    public bool Wait(Span<PolledFile> files, TimeSpan? time, out StopReason? stop)
    {
        ThrowUnless(time is null || time >= TimeSpan.Zero, time);
        stop = null;
        _kicks.Wait(files, TimeSpan.Zero);
        foreach (PolledFile file in files)
        {
            if (file.Ready != PollEvents.None)
            {
                return true;
            }
        }

        if (time == TimeSpan.Zero)
        {
            return true;
        }

        if (service.TakeArrivals())
        {
            return false;
        }

        stop = StopAtWait ?? (time is null ? StopReason.Deadline : null);
        return stop is null;
    }

    /// <inheritdoc/>
    public void Dispose() => _kicks.Dispose();
}
