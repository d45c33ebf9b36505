// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Native;

/// <summary>
/// A virtual CPU: its registers, and KVM_RUN. Use it from the thread that created it, except where a member says otherwise.
/// </summary>
/// <remarks>
/// Order matters when state is set: CPUID before system registers (KVM rejects control-register bits that the guest's CPUID lacks), the
/// page tables in memory before system registers, events last (setting general registers clears a pending exception).
/// </remarks>
public sealed unsafe class KvmVcpu : KvmHandle
{
    private readonly KvmRunPage _runPage;

    internal KvmVcpu(KvmVm vm, int fd, int mmapSize, int xsaveSize)
        : base(fd)
    {
        Vm = vm;
        XsaveSize = xsaveSize;
        _runPage = new KvmRunPage(this, mmapSize);
    }

    /// <summary>The VM, whose memory thus lives as long as the vCPU may run in it.</summary>
    public KvmVm Vm { get; }

    /// <summary>The mapping shared with KVM.</summary>
    public KvmRunPage RunPage => _runPage;

    /// <summary>Bytes of the XSAVE area: at least 4096, more when the process has asked Linux for dynamic features.</summary>
    /// <remarks>KVM_CAP_XSAVE2.</remarks>
    public int XsaveSize { get; }

    /// <summary>Runs the guest until it exits or a signal comes. Allocates nothing.</summary>
    /// <remarks>KVM_RUN. Not for the runtime's fast calls: the garbage collector must not wait for a guest.</remarks>
    /// <exception cref="KvmException">
    /// KVM cannot go on: guest memory is not accessible (EFAULT), the process is not the creator (EIO), the vCPU is not set up (EINVAL).
    /// </exception>
    public KvmRunOutcome Run()
    {
        if (Ioctl(KvmIoctl.Run) == 0)
        {
            return KvmRunOutcome.Exited;
        }

        Errno errno = Libc.LastErrno;
        switch (errno)
        {
            case Errno.EINTR:
                return KvmRunOutcome.Interrupted;
            case Errno.EAGAIN:
                return KvmRunOutcome.Again;
            default:
                Fail("KVM_RUN", null);
                return default;
        }
    }

    /// <summary>The exit of the last <see cref="Run"/> that returned <see cref="KvmRunOutcome.Exited"/>.</summary>
    public KvmExit Exit => new(_runPage.Slice(0, (int)_runPage.Length));

    /// <summary>Reads the general-purpose registers.</summary>
    /// <remarks>KVM_GET_REGS.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmRegs GetRegs() => IoctlOut<KvmRegs>(KvmIoctl.GetRegs, "KVM_GET_REGS");

    /// <summary>Writes the general-purpose registers, and clears a pending exception.</summary>
    /// <remarks>KVM_SET_REGS.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void SetRegs(in KvmRegs regs) => Check(IoctlIn(KvmIoctl.SetRegs, in regs), "KVM_SET_REGS");

    /// <summary>Reads the segment, descriptor-table and control registers.</summary>
    /// <remarks>KVM_GET_SREGS.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmSregs GetSregs() => IoctlOut<KvmSregs>(KvmIoctl.GetSregs, "KVM_GET_SREGS");

    /// <summary>Writes the segment, descriptor-table and control registers.</summary>
    /// <remarks>KVM_SET_SREGS.</remarks>
    /// <exception cref="KvmException">They contradict each other or the guest's CPUID (EINVAL).</exception>
    public void SetSregs(in KvmSregs sregs) =>
        Check(IoctlIn(KvmIoctl.SetSregs, in sregs), "KVM_SET_SREGS", $"cr0 {sregs.Cr0:x} cr3 {sregs.Cr3:x} cr4 {sregs.Cr4:x} efer {sregs.Efer:x}");

    /// <summary>As <see cref="GetSregs"/>, with PAE page-directory pointers.</summary>
    /// <remarks>KVM_GET_SREGS2, with KVM_CAP_SREGS2.</remarks>
    /// <exception cref="KvmException">KVM lacks it (ENOTTY).</exception>
    public KvmSregs2 GetSregs2() => IoctlOut<KvmSregs2>(KvmIoctl.GetSregs2, "KVM_GET_SREGS2");

    /// <summary>As <see cref="SetSregs"/>, with PAE page-directory pointers.</summary>
    /// <remarks>KVM_SET_SREGS2, with KVM_CAP_SREGS2.</remarks>
    /// <exception cref="KvmException">KVM lacks it (ENOTTY), or the registers contradict each other (EINVAL).</exception>
    public void SetSregs2(in KvmSregs2 sregs) =>
        Check(IoctlIn(KvmIoctl.SetSregs2, in sregs), "KVM_SET_SREGS2", $"cr0 {sregs.Cr0:x} cr3 {sregs.Cr3:x} cr4 {sregs.Cr4:x} efer {sregs.Efer:x}");

    /// <summary>Reads the x87 and SSE state.</summary>
    /// <remarks>KVM_GET_FPU.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmFpu GetFpu() => IoctlOut<KvmFpu>(KvmIoctl.GetFpu, "KVM_GET_FPU");

    /// <summary>Writes the x87 and SSE state.</summary>
    /// <remarks>KVM_SET_FPU.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void SetFpu(in KvmFpu fpu) => Check(IoctlIn(KvmIoctl.SetFpu, in fpu), "KVM_SET_FPU");

    /// <summary>Reads the whole extended state, in the layout that CPUID leaf 0xD describes. It includes the x87 and SSE state.</summary>
    /// <remarks>KVM_GET_XSAVE2 where the kernel has it, else KVM_GET_XSAVE.</remarks>
    /// <param name="area">At least <see cref="XsaveSize"/> bytes.</param>
    /// <exception cref="ArgumentException">The area is too small.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void GetXsave(Span<byte> area)
    {
        CheckXsaveArea(area.Length);

        // SAFETY: the area has the bytes that the kernel writes: 4096 for the old call, KVM_CAP_XSAVE2's answer for the new one.
        fixed (byte* pointer = area)
        {
            Check(Libc.Ioctl(this, XsaveSize > MemoryMapping.PageSize ? KvmIoctl.GetXsave2 : KvmIoctl.GetXsave, pointer), "KVM_GET_XSAVE");
        }
    }

    /// <summary>Writes the whole extended state.</summary>
    /// <remarks>KVM_SET_XSAVE.</remarks>
    /// <param name="area">At least <see cref="XsaveSize"/> bytes, as <see cref="GetXsave"/> gave them.</param>
    /// <exception cref="ArgumentException">The area is too small.</exception>
    /// <exception cref="KvmException">The header names features that the guest lacks (EINVAL).</exception>
    public void SetXsave(ReadOnlySpan<byte> area)
    {
        CheckXsaveArea(area.Length);

        // SAFETY: the area has the bytes that the kernel reads.
        fixed (byte* pointer = area)
        {
            Check(Libc.Ioctl(this, KvmIoctl.SetXsave, pointer), "KVM_SET_XSAVE");
        }
    }

    /// <summary>Reads the extended control registers.</summary>
    /// <remarks>KVM_GET_XCRS.</remarks>
    /// <exception cref="KvmException">The host has no XSAVE (EINVAL).</exception>
    public KvmXcrs GetXcrs() => IoctlOut<KvmXcrs>(KvmIoctl.GetXcrs, "KVM_GET_XCRS");

    /// <summary>Writes the extended control registers.</summary>
    /// <remarks>KVM_SET_XCRS.</remarks>
    /// <exception cref="KvmException">A value names features that the guest lacks (EINVAL).</exception>
    public void SetXcrs(in KvmXcrs xcrs) => Check(IoctlIn(KvmIoctl.SetXcrs, in xcrs), "KVM_SET_XCRS");

    /// <summary>Reads model-specific registers.</summary>
    /// <remarks>KVM_GET_MSRS.</remarks>
    /// <param name="entries">Index in, value out.</param>
    /// <returns>How many were read. When it is less than all, the entry at that position is the first that KVM refuses.</returns>
    /// <exception cref="KvmException">The kernel refused the whole call.</exception>
    public int GetMsrs(Span<KvmMsrEntry> entries)
    {
        int done = IoctlList(KvmIoctl.GetMsrs, headerBytes: 8, entries, out _);
        return Check(done, "KVM_GET_MSRS", $"{entries.Length} registers");
    }

    /// <summary>Writes model-specific registers, in order.</summary>
    /// <remarks>KVM_SET_MSRS.</remarks>
    /// <param name="entries">Index and value.</param>
    /// <returns>How many were written. When it is less than all, the entry at that position is the first that KVM refuses.</returns>
    /// <exception cref="KvmException">The kernel refused the whole call.</exception>
    public int SetMsrs(ReadOnlySpan<KvmMsrEntry> entries)
    {
        int done = IoctlListIn(KvmIoctl.SetMsrs, headerBytes: 8, entries);
        return Check(done, "KVM_SET_MSRS", $"{entries.Length} registers");
    }

    /// <summary>Gives the guest its CPUID table; before the first <see cref="Run"/> and before the system registers.</summary>
    /// <remarks>KVM_SET_CPUID2. After a failure the old table may be damaged: set one again before running.</remarks>
    /// <exception cref="KvmException">Too many leaves (E2BIG), or a table that KVM refuses (EINVAL).</exception>
    public void SetCpuid(ReadOnlySpan<KvmCpuidEntry2> entries) =>
        Check(IoctlListIn(KvmIoctl.SetCpuid2, headerBytes: 8, entries), "KVM_SET_CPUID2", $"{entries.Length} leaves");

    /// <summary>Reads the guest's CPUID table.</summary>
    /// <remarks>KVM_GET_CPUID2.</remarks>
    /// <param name="entries">Room for the leaves.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>False when there are more leaves than room (E2BIG).</returns>
    /// <exception cref="KvmException">The kernel refused for another reason.</exception>
    public bool TryGetCpuid(Span<KvmCpuidEntry2> entries, out int count)
    {
        bool done = IoctlList(KvmIoctl.GetCpuid2, headerBytes: 8, entries, out count) == 0;
        if (!done && Libc.LastErrno != Errno.E2BIG)
        {
            Fail("KVM_GET_CPUID2", $"room for {entries.Length} leaves");
        }

        return done;
    }

    /// <summary>Reads the exceptions, interrupts, NMIs and SMIs in flight.</summary>
    /// <remarks>KVM_GET_VCPU_EVENTS.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmVcpuEvents GetVcpuEvents() => IoctlOut<KvmVcpuEvents>(KvmIoctl.GetVcpuEvents, "KVM_GET_VCPU_EVENTS");

    /// <summary>Writes the exceptions, interrupts, NMIs and SMIs in flight; after every other register.</summary>
    /// <remarks>KVM_SET_VCPU_EVENTS.</remarks>
    /// <exception cref="KvmException">They are invalid (EINVAL).</exception>
    public void SetVcpuEvents(in KvmVcpuEvents events) => Check(IoctlIn(KvmIoctl.SetVcpuEvents, in events), "KVM_SET_VCPU_EVENTS");

    /// <summary>Reads the guest's own debug registers.</summary>
    /// <remarks>KVM_GET_DEBUGREGS.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmDebugregs GetDebugregs() => IoctlOut<KvmDebugregs>(KvmIoctl.GetDebugregs, "KVM_GET_DEBUGREGS");

    /// <summary>Writes the guest's own debug registers.</summary>
    /// <remarks>KVM_SET_DEBUGREGS.</remarks>
    /// <exception cref="KvmException">Reserved bits are set (EINVAL).</exception>
    public void SetDebugregs(in KvmDebugregs registers) => Check(IoctlIn(KvmIoctl.SetDebugregs, in registers), "KVM_SET_DEBUGREGS");

    /// <summary>Debugs the guest: single step, breakpoints. KVM cannot be asked later what is set.</summary>
    /// <remarks>KVM_SET_GUEST_DEBUG.</remarks>
    /// <exception cref="KvmException">KVM lacks a flag (EINVAL), or an exception is pending (EBUSY).</exception>
    public void SetGuestDebug(in KvmGuestDebug debug) => Check(IoctlIn(KvmIoctl.SetGuestDebug, in debug), "KVM_SET_GUEST_DEBUG", $"{debug.Control}");

    /// <summary>Reads the multiprocessing state.</summary>
    /// <remarks>KVM_GET_MP_STATE.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmMpState GetMpState() => IoctlOut<KvmMpState>(KvmIoctl.GetMpState, "KVM_GET_MP_STATE");

    /// <summary>Writes the multiprocessing state.</summary>
    /// <remarks>KVM_SET_MP_STATE.</remarks>
    /// <exception cref="KvmException">The state needs an in-kernel local APIC (EINVAL).</exception>
    public void SetMpState(KvmMpState state) => Check(IoctlIn(KvmIoctl.SetMpState, in state), "KVM_SET_MP_STATE", $"{state}");

    /// <summary>Rate of the guest's TSC in kHz; 0 when the kernel could not calibrate the host's. It says nothing about whether that is stable.</summary>
    /// <remarks>KVM_GET_TSC_KHZ. The kernel's documentation has EIO for an unstable TSC; its code does not.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public int GetTscKhz() => Check(Ioctl(KvmIoctl.GetTscKhz), "KVM_GET_TSC_KHZ");

    /// <summary>Sets the rate of the guest's TSC, scaled by the hardware where it can.</summary>
    /// <remarks>KVM_SET_TSC_KHZ.</remarks>
    /// <exception cref="KvmException">The rate is not possible here (EINVAL).</exception>
    public void SetTscKhz(int kilohertz) => Check(Ioctl(KvmIoctl.SetTscKhz, kilohertz), "KVM_SET_TSC_KHZ", $"{kilohertz} kHz");

    /// <summary>Walks the guest's present page tables.</summary>
    /// <remarks>KVM_TRANSLATE.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmTranslation Translate(ulong linearAddress)
    {
        KvmTranslation translation = new() { LinearAddress = linearAddress };
        Check(Ioctl(KvmIoctl.Translate, ref translation), "KVM_TRANSLATE", $"0x{linearAddress:x}");
        return translation;
    }

    /// <summary>
    /// The signals blocked while KVM_RUN runs, in place of the thread's own mask. A signal that the thread blocks and this mask does not
    /// makes KVM_RUN return <see cref="KvmRunOutcome.Interrupted"/> and stays pending: no handler runs and no wake-up can be missed.
    /// </summary>
    /// <remarks>KVM_SET_SIGNAL_MASK, with the kernel's signal set of 8 bytes.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void SetSignalMask(SignalSet blocked)
    {
        SignalMask mask = new() { Length = sizeof(ulong), Bits = blocked.Bits };
        Check(Ioctl(KvmIoctl.SetSignalMask, ref mask), "KVM_SET_SIGNAL_MASK", $"signals {blocked.Bits:x}");
    }

    /// <summary>Lets KVM_RUN keep the thread's own signal mask again.</summary>
    /// <remarks>KVM_SET_SIGNAL_MASK without an argument.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void ClearSignalMask() => Check(Ioctl(KvmIoctl.SetSignalMask), "KVM_SET_SIGNAL_MASK");

    /// <summary>Enables a capability of the vCPU.</summary>
    /// <remarks>KVM_ENABLE_CAP.</remarks>
    /// <param name="capability">The capability.</param>
    /// <param name="argument">Its first argument.</param>
    /// <exception cref="KvmException">KVM lacks it or refuses the argument (EINVAL).</exception>
    public void EnableCapability(KvmCapability capability, ulong argument = 0) =>
        Check(IoctlEnableCap(capability, argument), "KVM_ENABLE_CAP", $"{capability} with 0x{argument:x}");

    /// <summary>Opens the vCPU's statistics. Any thread may read them.</summary>
    /// <remarks>KVM_GET_STATS_FD.</remarks>
    /// <returns>False when the kernel has none (before 5.14).</returns>
    /// <exception cref="KvmException">The file table is full (EMFILE).</exception>
    public new bool TryGetStatistics([NotNullWhen(true)] out KvmStatistics? statistics) => base.TryGetStatistics(out statistics);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _runPage?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void CheckXsaveArea(int length, [CallerArgumentExpression(nameof(length))] string area = "")
    {
        if (length < XsaveSize)
        {
            throw new ArgumentException($"An XSAVE area of {length} bytes; this vCPU's has {XsaveSize}.", area);
        }
    }

    /// <summary><c>struct kvm_signal_mask</c> with the kernel's signal set behind it; unaligned as in C.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Pack = 4)]
    private struct SignalMask
    {
        public uint Length;
        public ulong Bits;
    }
}
