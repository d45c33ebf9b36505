// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Native;

/// <summary>A virtual machine: guest-physical memory, what its vCPUs share, and the creation of vCPUs.</summary>
/// <remarks>
/// The order that works for every KVM: <see cref="SetTssAddr"/> and capabilities, memory slots, <see cref="CreateVcpu"/>, then on the vCPU
/// CPUID, system registers, model-specific registers, general registers, FPU.
/// </remarks>
public sealed unsafe class KvmVm : KvmHandle
{
    private const int BitsPerWord = 64;

    private readonly int _vcpuMmapSize;

    // What each slot maps: it keeps the memory alive, and says how large a dirty bitmap the kernel writes.
    private readonly Dictionary<uint, (MemoryMapping Memory, ulong Pages)> _slots = [];

    internal KvmVm(int fd, int vcpuMmapSize)
        : base(fd) => _vcpuMmapSize = vcpuMmapSize;

    /// <summary>Asks whether this VM has a capability; for some the answer differs from the system's.</summary>
    /// <remarks>KVM_CHECK_EXTENSION, with KVM_CAP_CHECK_EXTENSION_VM.</remarks>
    /// <returns>0 when it has not; otherwise 1 or a value that the capability defines.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public int CheckExtension(KvmCapability capability) =>
        Check(Ioctl(KvmIoctl.CheckExtension, (nint)(uint)capability), "KVM_CHECK_EXTENSION", $"{capability}");

    /// <summary>Enables a capability that has no method of its own here.</summary>
    /// <remarks>KVM_ENABLE_CAP.</remarks>
    /// <param name="capability">The capability.</param>
    /// <param name="argument">Its first argument.</param>
    /// <exception cref="KvmException">KVM lacks it or refuses the argument (EINVAL).</exception>
    public void EnableCapability(KvmCapability capability, ulong argument = 0) =>
        Check(IoctlEnableCap(capability, argument), "KVM_ENABLE_CAP", $"{capability} with 0x{argument:x}");

    /// <summary>Where Intel's KVM may put its three-page TSS for real mode; needed once, before the first KVM_RUN, ignored by AMD's.</summary>
    /// <remarks>KVM_SET_TSS_ADDR.</remarks>
    /// <param name="address">Guest-physical address below 4 GiB, outside every slot.</param>
    /// <exception cref="KvmException">The address is unfit (EINVAL) or already set (EEXIST).</exception>
    public void SetTssAddr(uint address) => Check(Ioctl(KvmIoctl.SetTssAddr, (nint)address), "KVM_SET_TSS_ADDR", $"0x{address:x}");

    /// <summary>Where Intel's KVM may put its one-page identity map for real mode; before the first vCPU.</summary>
    /// <remarks>KVM_SET_IDENTITY_MAP_ADDR.</remarks>
    /// <param name="address">Guest-physical address below 4 GiB, outside every slot; 0 for KVM's default.</param>
    /// <exception cref="KvmException">A vCPU exists already (EINVAL).</exception>
    public void SetIdentityMapAddr(ulong address) =>
        Check(IoctlIn(KvmIoctl.SetIdentityMapAddr, in address), "KVM_SET_IDENTITY_MAP_ADDR", $"0x{address:x}");

    /// <summary>Backs guest-physical addresses with memory: creates the slot, or changes its flags.</summary>
    /// <remarks>KVM_SET_USER_MEMORY_REGION.</remarks>
    /// <param name="slot">Slot number, below KVM_CAP_NR_MEMSLOTS.</param>
    /// <param name="guestPhysAddr">First guest-physical address, page aligned.</param>
    /// <param name="memory">The memory, from its first byte on; the VM keeps it from being collected while the slot exists.</param>
    /// <param name="flags">Dirty logging, read-only.</param>
    /// <exception cref="KvmException">The range overlaps another slot (EEXIST), is not aligned, or the slot number is too large (EINVAL).</exception>
    public void SetUserMemoryRegion(uint slot, ulong guestPhysAddr, MemoryMapping memory, KvmMemFlags flags = KvmMemFlags.None)
    {
        ArgumentNullException.ThrowIfNull(memory);
        KvmUserspaceMemoryRegion region = new()
        {
            Slot = slot,
            Flags = flags,
            GuestPhysAddr = guestPhysAddr,
            MemorySize = memory.Length,
            UserspaceAddr = (ulong)memory.Address,
        };
        SetRegion(in region);
        _slots[slot] = (memory, memory.Length / MemoryMapping.PageSize);
    }

    /// <summary>Deletes a slot.</summary>
    /// <remarks>KVM_SET_USER_MEMORY_REGION with size 0.</remarks>
    /// <exception cref="KvmException">There is no such slot (EINVAL).</exception>
    public void DeleteMemoryRegion(uint slot)
    {
        SetRegion(new KvmUserspaceMemoryRegion { Slot = slot });
        _slots.Remove(slot);
    }

    /// <summary>Reads and clears the record of pages written since the last call.</summary>
    /// <remarks>KVM_GET_DIRTY_LOG. With KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 it does not clear; <see cref="ClearDirtyLog"/> does.</remarks>
    /// <param name="slot">A slot with <see cref="KvmMemFlags.LogDirtyPages"/>.</param>
    /// <param name="bitmap">One bit a page, first page in bit 0; at least as many bits as the slot has pages.</param>
    /// <exception cref="ArgumentException">There is no such slot, or the bitmap is too small for it.</exception>
    /// <exception cref="KvmException">The slot has no dirty log (ENOENT).</exception>
    public void GetDirtyLog(uint slot, Span<ulong> bitmap)
    {
        CheckBitmap(slot, bitmap.Length, firstPage: 0);

        // SAFETY: the bitmap has a bit for each page of the slot, rounded up to words as the kernel does.
        fixed (ulong* pointer = bitmap)
        {
            KvmDirtyLog log = new() { Slot = slot, DirtyBitmap = (nuint)pointer };
            Check(Ioctl(KvmIoctl.GetDirtyLog, ref log), "KVM_GET_DIRTY_LOG", $"slot {slot}");
        }
    }

    /// <summary>Clears the record of those pages whose bits are set, and write-protects them again.</summary>
    /// <remarks>KVM_CLEAR_DIRTY_LOG, with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 enabled.</remarks>
    /// <param name="slot">A slot with <see cref="KvmMemFlags.LogDirtyPages"/>.</param>
    /// <param name="firstPage">First page of the slot that the bitmap speaks of, a multiple of 64.</param>
    /// <param name="bitmap">One bit a page, to the end of the bitmap or of the slot.</param>
    /// <exception cref="ArgumentException">There is no such slot, or the first page lies outside it.</exception>
    /// <exception cref="KvmException">The capability is not enabled (ENXIO), the slot has no dirty log (ENOENT).</exception>
    public void ClearDirtyLog(uint slot, ulong firstPage, ReadOnlySpan<ulong> bitmap)
    {
        ulong rest = CheckBitmap(slot, int.MaxValue, firstPage);
        ulong pages = Math.Min(rest, (ulong)bitmap.Length * BitsPerWord);

        // SAFETY: the kernel reads a bit for each of the pages named, which the bitmap has.
        fixed (ulong* pointer = bitmap)
        {
            KvmClearDirtyLog log = new() { Slot = slot, NumPages = (uint)pages, FirstPage = firstPage, DirtyBitmap = (nuint)pointer };
            Check(Ioctl(KvmIoctl.ClearDirtyLog, ref log), "KVM_CLEAR_DIRTY_LOG", $"slot {slot}, {pages} pages from {firstPage}");
        }
    }

    /// <summary>Lets instructions run in the guest without an exit; before the first vCPU.</summary>
    /// <remarks>KVM_CAP_X86_DISABLE_EXITS.</remarks>
    /// <exception cref="KvmException">KVM or the CPU does not allow one of them (EINVAL).</exception>
    public void DisableExits(KvmDisableExits exits) =>
        Check(IoctlEnableCap(KvmCapability.X86DisableExits, (ulong)exits), "KVM_ENABLE_CAP", $"X86DisableExits with {exits}");

    /// <summary>An instruction that KVM cannot emulate exits with its bytes, instead of raising #UD in user mode.</summary>
    /// <remarks>KVM_CAP_EXIT_ON_EMULATION_FAILURE.</remarks>
    /// <exception cref="KvmException">KVM lacks it (EINVAL).</exception>
    public void EnableExitOnEmulationFailure() => EnableCapability(KvmCapability.ExitOnEmulationFailure, 1);

    /// <summary>MSR accesses that KVM refuses for these reasons exit to user space, instead of raising #GP.</summary>
    /// <remarks>KVM_CAP_X86_USER_SPACE_MSR.</remarks>
    /// <exception cref="KvmException">KVM lacks it (EINVAL).</exception>
    public void EnableUserSpaceMsr(KvmMsrExitReasons reasons) =>
        Check(IoctlEnableCap(KvmCapability.X86UserSpaceMsr, (ulong)reasons), "KVM_ENABLE_CAP", $"X86UserSpaceMsr with {reasons}");

    /// <summary>Allows or denies guest accesses to model-specific registers. The registers of the x2APIC pass every filter.</summary>
    /// <remarks>KVM_X86_SET_MSR_FILTER.</remarks>
    /// <param name="outside">What holds outside the ranges; <see cref="KvmMsrFilterDefault.Deny"/> needs at least one range.</param>
    /// <param name="ranges">At most 16 ranges. None, with <see cref="KvmMsrFilterDefault.Allow"/>, removes the filter.</param>
    /// <exception cref="ArgumentException">There are more than 16 ranges.</exception>
    /// <exception cref="KvmException">KVM lacks it (ENOTTY) or refuses a range (EINVAL).</exception>
    public void SetMsrFilter(KvmMsrFilterDefault outside, params ReadOnlySpan<MsrFilterRange> ranges)
    {
        KvmMsrFilter filter = new() { Flags = outside };
        Span<KvmMsrFilterRange> slots = filter.Ranges;
        if (ranges.Length > slots.Length)
        {
            throw new ArgumentException($"{ranges.Length} ranges; KVM takes {slots.Length}.", nameof(ranges));
        }

        MemoryHandle[] pins = new MemoryHandle[ranges.Length];
        try
        {
            for (int i = 0; i < ranges.Length; i++)
            {
                pins[i] = ranges[i].Bitmap.Pin();
                slots[i] = new KvmMsrFilterRange
                {
                    Flags = ranges[i].Access,
                    Base = ranges[i].FirstMsr,
                    Nmsrs = (uint)ranges[i].Count,
                    Bitmap = (nuint)pins[i].Pointer,
                };
            }

            Check(Ioctl(KvmIoctl.X86SetMsrFilter, ref filter), "KVM_X86_SET_MSR_FILTER", $"{outside}, {ranges.Length} ranges");
        }
        finally
        {
            foreach (MemoryHandle pin in pins)
            {
                pin.Dispose();
            }
        }
    }

    /// <summary>Default rate of the TSC for vCPUs created from now on, in kHz.</summary>
    /// <remarks>KVM_SET_TSC_KHZ, with KVM_CAP_VM_TSC_CONTROL.</remarks>
    /// <exception cref="KvmException">The CPU cannot scale the TSC, or not to this rate (EINVAL).</exception>
    public void SetTscKhz(int kilohertz) => Check(Ioctl(KvmIoctl.SetTscKhz, kilohertz), "KVM_SET_TSC_KHZ", $"{kilohertz} kHz");

    /// <summary>Creates a vCPU. Its ioctls belong to the thread that creates it.</summary>
    /// <remarks>KVM_CREATE_VCPU.</remarks>
    /// <param name="id">Identifier, which is also the initial APIC identifier.</param>
    /// <exception cref="KvmException">The identifier is taken (EEXIST) or too large (EINVAL).</exception>
    public KvmVcpu CreateVcpu(uint id)
    {
        int fd = Check(Ioctl(KvmIoctl.CreateVcpu, (nint)id), "KVM_CREATE_VCPU", $"id {id}");
        return new KvmVcpu(this, fd, _vcpuMmapSize, XsaveSize());
    }

    /// <summary>Opens the VM's statistics.</summary>
    /// <remarks>KVM_GET_STATS_FD.</remarks>
    /// <returns>False when the kernel has none (before 5.14).</returns>
    /// <exception cref="KvmException">The file table is full (EMFILE).</exception>
    public new bool TryGetStatistics([NotNullWhen(true)] out KvmStatistics? statistics) => base.TryGetStatistics(out statistics);

    // KVM_CAP_XSAVE2 answers on a VM only; a kernel without it has areas of 4096 bytes.
    private int XsaveSize() => Math.Max(CheckExtension(KvmCapability.Xsave2), MemoryMapping.PageSize);

    private void SetRegion(in KvmUserspaceMemoryRegion region) => Check(
        IoctlIn(KvmIoctl.SetUserMemoryRegion, in region),
        "KVM_SET_USER_MEMORY_REGION",
        $"slot {region.Slot}, 0x{region.MemorySize:x} bytes at 0x{region.GuestPhysAddr:x}, {region.Flags}");

    /// <summary>Pages of the slot from <paramref name="firstPage"/> on, for which a bitmap of so many words has room.</summary>
    private ulong CheckBitmap(uint slot, int words, ulong firstPage)
    {
        if (!_slots.TryGetValue(slot, out (MemoryMapping Memory, ulong Pages) mapped) || firstPage >= mapped.Pages)
        {
            throw new ArgumentException($"No page {firstPage} in slot {slot}.", nameof(slot));
        }

        ulong rest = mapped.Pages - firstPage;
        ulong needed = (rest + BitsPerWord - 1) / BitsPerWord;
        if (needed > (ulong)words)
        {
            throw new ArgumentException($"A bitmap of {words} words; slot {slot} has {mapped.Pages} pages and needs {needed}.", nameof(words));
        }

        return rest;
    }
}
