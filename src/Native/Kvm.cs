// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Native;

/// <summary>The KVM system: /dev/kvm. Answers what this kernel and CPU can do, and creates VMs.</summary>
/// <remarks>The calls are the system ioctls of the kernel's Documentation/virt/kvm/api.rst, whose names each method gives.</remarks>
public sealed class Kvm : KvmHandle
{
    /// <summary>The device.</summary>
    public const string DefaultPath = "/dev/kvm";

    /// <summary>The one version of the API that has ever been stable; no program should go on with another.</summary>
    public const int StableApiVersion = 12;

    private const int FirstCpuidRoom = 256;
    private const int LargestCpuidRoom = 4096;

    private Kvm(int fd)
        : base(fd)
    {
    }

    /// <summary>Opens the device for reading and writing.</summary>
    /// <param name="path">Path of the device.</param>
    /// <exception cref="KvmException">There is no such device (ENOENT), no permission (EACCES), or no driver behind it (ENODEV, ENXIO).</exception>
    public static Kvm Open(string path = DefaultPath) => new(Check(Libc.Open(path, Libc.ORdwr | Libc.OCloexec), "open", $"{path}"));

    /// <summary>The API's version, to be compared with <see cref="StableApiVersion"/>.</summary>
    /// <remarks>KVM_GET_API_VERSION.</remarks>
    /// <exception cref="KvmException">The file is no KVM (ENOTTY).</exception>
    public int ApiVersion => Check(Ioctl(KvmIoctl.GetApiVersion), "KVM_GET_API_VERSION");

    /// <summary>Bytes of the mapping that a vCPU shares with user space; the run page is its beginning.</summary>
    /// <remarks>KVM_GET_VCPU_MMAP_SIZE.</remarks>
    /// <exception cref="KvmException">The file is no KVM (ENOTTY).</exception>
    public int VcpuMmapSize => Check(Ioctl(KvmIoctl.GetVcpuMmapSize), "KVM_GET_VCPU_MMAP_SIZE");

    /// <summary>Asks whether the system has a capability.</summary>
    /// <remarks>KVM_CHECK_EXTENSION.</remarks>
    /// <returns>0 when it has not; otherwise 1 or a value that the capability defines.</returns>
    /// <exception cref="KvmException">The file is no KVM (ENOTTY).</exception>
    public int CheckExtension(KvmCapability capability) =>
        Check(Ioctl(KvmIoctl.CheckExtension, (nint)(uint)capability), "KVM_CHECK_EXTENSION", $"{capability}");

    /// <summary>Creates a VM without memory or vCPUs.</summary>
    /// <remarks>KVM_CREATE_VM. It is tried again when a signal interrupts it (EINTR): the kernel allocates much here.</remarks>
    /// <exception cref="KvmException">Virtualisation is switched off or taken (EBUSY, EIO, EOPNOTSUPP), or memory is short.</exception>
    public KvmVm CreateVm()
    {
        int size = VcpuMmapSize;
        int fd;
        do
        {
            fd = Ioctl(KvmIoctl.CreateVm);
        }
        while (fd < 0 && Libc.LastErrno == Errno.EINTR);

        return new KvmVm(Check(fd, "KVM_CREATE_VM"), size);
    }

    /// <summary>The CPUID leaves that this KVM can give a guest: the model from which a guest's table is cut.</summary>
    /// <remarks>KVM_GET_SUPPORTED_CPUID.</remarks>
    /// <exception cref="KvmException">The kernel refused, or has more than 4096 leaves.</exception>
    public KvmCpuidEntry2[] GetSupportedCpuid()
    {
        for (int room = FirstCpuidRoom; ; room *= 2)
        {
            KvmCpuidEntry2[] entries = new KvmCpuidEntry2[room];
            if (TryGetSupportedCpuid(entries, out int count))
            {
                return entries[..count];
            }

            if (room >= LargestCpuidRoom)
            {
                throw new KvmException("KVM_GET_SUPPORTED_CPUID", Errno.E2BIG, $"more than {room} leaves");
            }
        }
    }

    /// <summary>As <see cref="GetSupportedCpuid"/>, into the caller's memory.</summary>
    /// <remarks>KVM_GET_SUPPORTED_CPUID.</remarks>
    /// <param name="entries">Room for the leaves.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>False when there are more leaves than room (E2BIG).</returns>
    /// <exception cref="KvmException">The kernel refused for another reason.</exception>
    public bool TryGetSupportedCpuid(Span<KvmCpuidEntry2> entries, out int count) =>
        TryGetCpuid(KvmIoctl.GetSupportedCpuid, entries, out count, "KVM_GET_SUPPORTED_CPUID");

    /// <summary>The CPUID features that KVM emulates although the CPU lacks them; slow, and not part of the supported table.</summary>
    /// <remarks>KVM_GET_EMULATED_CPUID.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public KvmCpuidEntry2[] GetEmulatedCpuid()
    {
        KvmCpuidEntry2[] entries = new KvmCpuidEntry2[FirstCpuidRoom];
        if (!TryGetCpuid(KvmIoctl.GetEmulatedCpuid, entries, out int count, "KVM_GET_EMULATED_CPUID"))
        {
            throw new KvmException("KVM_GET_EMULATED_CPUID", Errno.E2BIG, $"more than {entries.Length} leaves");
        }

        return entries[..count];
    }

    /// <summary>
    /// The model-specific registers that a monitor saves and restores. The list is not complete (IA32_APIC_BASE is absent), and the guest's
    /// CPUID decides which of them can really be read.
    /// </summary>
    /// <remarks>KVM_GET_MSR_INDEX_LIST.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public uint[] GetMsrIndexList() => GetMsrList(KvmIoctl.GetMsrIndexList, "KVM_GET_MSR_INDEX_LIST");

    /// <summary>The registers that describe features of the CPU, to be read by <see cref="GetFeatureMsrs"/>.</summary>
    /// <remarks>KVM_GET_MSR_FEATURE_INDEX_LIST.</remarks>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public uint[] GetMsrFeatureIndexList() => GetMsrList(KvmIoctl.GetMsrFeatureIndexList, "KVM_GET_MSR_FEATURE_INDEX_LIST");

    /// <summary>Reads feature registers of the system.</summary>
    /// <remarks>KVM_GET_MSRS on the system handle.</remarks>
    /// <param name="entries">Index in, value out.</param>
    /// <returns>How many were read; the entry at that position, if any, is the first that KVM refuses.</returns>
    /// <exception cref="KvmException">The kernel refused the whole call.</exception>
    public int GetFeatureMsrs(Span<KvmMsrEntry> entries)
    {
        int done = IoctlList(KvmIoctl.GetMsrs, headerBytes: 8, entries, out _);
        return Check(done, "KVM_GET_MSRS", $"{entries.Length} feature registers");
    }

    private bool TryGetCpuid(uint request, Span<KvmCpuidEntry2> entries, out int count, string operation)
    {
        bool done = IoctlList(request, headerBytes: 8, entries, out count) == 0;
        if (!done && Libc.LastErrno != Errno.E2BIG)
        {
            Fail(operation, $"room for {entries.Length} leaves");
        }

        return done;
    }

    private uint[] GetMsrList(uint request, string operation)
    {
        // The kernel answers E2BIG and the count it needs; the list does not change while the module is loaded.
        IoctlList<uint>(request, headerBytes: 4, [], out int count);
        uint[] indices = new uint[count];
        Check(IoctlList<uint>(request, headerBytes: 4, indices, out _), operation, $"room for {count} registers");
        return indices;
    }
}
