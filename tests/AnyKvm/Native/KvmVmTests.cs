// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.AnyKvm.Native;

public sealed class KvmVmTests : IDisposable
{
    private const uint PageSize = MemoryMapping.PageSize;

    private readonly Kvm _kvm = Kvm.Open();
    private readonly KvmVm _vm;

    public KvmVmTests() => _vm = _kvm.CreateVm();

    public void Dispose()
    {
        _vm.Dispose();
        _kvm.Dispose();
    }

    [Fact]
    public void A_VM_can_be_asked_for_capabilities_too() => Assert.NotEqual(0, _vm.CheckExtension(KvmCapability.UserMemory));

    [Fact]
    public void A_capability_that_does_not_exist_cannot_be_enabled()
    {
        KvmException exception = Assert.Throws<KvmException>(() => _vm.EnableCapability((KvmCapability)0x7fffffff, 5));
        Assert.Equal((Errno.EINVAL, "KVM_ENABLE_CAP"), (exception.Errno, exception.Operation));
        Assert.Contains("2147483647 with 0x5", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_TSS_must_lie_below_4_GiB_with_its_three_pages()
    {
        _vm.SetTssAddr(0xfffbd000);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.SetTssAddr(0xffffffff)).Errno);
    }

    [Fact]
    public void The_identity_map_is_set_before_the_first_vCPU_or_not_at_all()
    {
        _vm.SetIdentityMapAddr(0xfffbc000);
        using KvmVcpu vcpu = _vm.CreateVcpu(id: 0);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.SetIdentityMapAddr(0xfffbc000)).Errno);
    }

    [Fact]
    public void Two_slots_must_not_overlap()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(4 * PageSize);
        _vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, memory);
        KvmException exception = Assert.Throws<KvmException>(() => _vm.SetUserMemoryRegion(slot: 1, guestPhysAddr: 2 * PageSize, memory));
        Assert.Equal(Errno.EEXIST, exception.Errno);
        Assert.Contains("slot 1, 0x4000 bytes at 0x2000", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slot_must_be_page_aligned()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(PageSize);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 12, memory)).Errno);
    }

    [Fact]
    public void A_deleted_slot_leaves_its_addresses_free()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(PageSize);
        _vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, memory);
        _vm.DeleteMemoryRegion(slot: 0);
        _vm.SetUserMemoryRegion(slot: 1, guestPhysAddr: 0, memory);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.DeleteMemoryRegion(slot: 0)).Errno);
    }

    [Fact]
    public void A_write_to_a_read_only_slot_exits_as_MMIO()
    {
        using FlatGuest guest = new("c7 05 00 50 00 00 78 56 34 12 f4", prepare: vm => // mov dword [0x5000], 0x12345678; hlt
            Assert.SkipWhen(vm.CheckExtension(KvmCapability.ReadonlyMem) == 0, "this KVM has no KVM_CAP_READONLY_MEM"), KvmMemFlags.Readonly);
        KvmExit exit = guest.Run();
        Assert.Equal(KvmExitReason.Mmio, exit.Reason);
        Assert.Equal((0x5000UL, (byte)1), (exit.Mmio.PhysAddr, exit.Mmio.IsWrite));
        Assert.Equal([0x78, 0x56, 0x34, 0x12], exit.MmioData.ToArray());
    }

    [Fact]
    public void The_dirty_log_has_the_pages_that_the_guest_wrote_and_is_clear_when_read_again()
    {
        using FlatGuest guest = new("c6 05 00 50 00 00 01 f4", flags: KvmMemFlags.LogDirtyPages); // mov byte [0x5000], 1; hlt
        Assert.Equal(KvmExitReason.Hlt, guest.Run().Reason);
        ulong[] bitmap = new ulong[1];
        guest.Vm.GetDirtyLog(slot: 0, bitmap);
        Assert.NotEqual(0UL, bitmap[0] & (1UL << 5));
        Assert.Equal(0UL, bitmap[0] & (1UL << 6));
        guest.Vm.GetDirtyLog(slot: 0, bitmap);
        Assert.Equal(0UL, bitmap[0]);
    }

    [Fact]
    public void With_manual_protection_the_dirty_log_stays_until_it_is_cleared()
    {
        using FlatGuest guest = new("c6 05 00 50 00 00 01 f4", prepare: vm => // mov byte [0x5000], 1; hlt
        {
            Assert.SkipWhen(vm.CheckExtension(KvmCapability.ManualDirtyLogProtect2) == 0, "this KVM has no KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
            vm.EnableCapability(KvmCapability.ManualDirtyLogProtect2, 1);
        }, KvmMemFlags.LogDirtyPages);
        guest.Run();
        ulong[] bitmap = new ulong[1];
        guest.Vm.GetDirtyLog(slot: 0, bitmap);
        guest.Vm.GetDirtyLog(slot: 0, bitmap);
        Assert.NotEqual(0UL, bitmap[0] & (1UL << 5));
        guest.Vm.ClearDirtyLog(slot: 0, firstPage: 0, bitmap);
        guest.Vm.GetDirtyLog(slot: 0, bitmap);
        Assert.Equal(0UL, bitmap[0] & (1UL << 5));
    }

    [Fact]
    public void A_bitmap_that_the_kernel_would_write_beyond_is_refused()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(65 * PageSize);
        _vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, memory, KvmMemFlags.LogDirtyPages);
        ArgumentException exception = Assert.Throws<ArgumentException>(() => _vm.GetDirtyLog(slot: 0, new ulong[1]));
        Assert.Contains("has 65 pages and needs 2", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _vm.GetDirtyLog(slot: 1, new ulong[2]));
        Assert.Throws<ArgumentException>(() => _vm.ClearDirtyLog(slot: 0, firstPage: 65, new ulong[1]));
    }

    [Fact]
    public void A_slot_without_logging_has_no_dirty_log()
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(PageSize);
        _vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, memory);
        Assert.Equal(Errno.ENOENT, Assert.Throws<KvmException>(() => _vm.GetDirtyLog(slot: 0, new ulong[1])).Errno);
    }

    [Fact]
    public void The_exits_that_KVM_says_it_can_disable_can_be_disabled()
    {
        KvmDisableExits possible = (KvmDisableExits)_vm.CheckExtension(KvmCapability.X86DisableExits);
        Assert.SkipUnless(possible.HasFlag(KvmDisableExits.Pause), "this KVM cannot disable the exits of PAUSE");
        _vm.DisableExits(KvmDisableExits.Pause);
    }

    [Fact]
    public void Exits_that_nobody_knows_cannot_be_disabled() =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.DisableExits((KvmDisableExits)0x40000000)).Errno);

    [Fact]
    public void An_instruction_that_cannot_be_emulated_exits_with_its_bytes()
    {
        // paddb mm0, [0x40000000]: memory that no slot backs must be emulated, and KVM's emulator has no MMX arithmetic.
        using FlatGuest guest = new("0f fc 05 00 00 00 40 f4", prepare: vm =>
        {
            Assert.SkipWhen(vm.CheckExtension(KvmCapability.ExitOnEmulationFailure) == 0, "this KVM has no KVM_CAP_EXIT_ON_EMULATION_FAILURE");
            vm.EnableExitOnEmulationFailure();
        });
        KvmExit exit = guest.Run();
        Assert.Equal(KvmExitReason.InternalError, exit.Reason);
        Assert.Equal(KvmInternalError.Emulation, exit.InternalError.Suberror);
        Assert.Equal("0ffc0500000040", Convert.ToHexStringLower(exit.EmulationFailureBytes[..7]));
    }

    [Fact]
    public void A_filtered_MSR_read_exits_and_gets_the_monitors_answer()
    {
        // mov ecx, 0x174; rdmsr; mov dx, 0x10; out dx, eax; hlt
        using FlatGuest guest = new("b9 74 01 00 00 0f 32 66 ba 10 00 ef f4", prepare: vm =>
        {
            Assert.SkipWhen(vm.CheckExtension(KvmCapability.X86MsrFilter) == 0, "this KVM has no KVM_CAP_X86_MSR_FILTER");
            vm.EnableUserSpaceMsr(KvmMsrExitReasons.Filter);
            vm.SetMsrFilter(KvmMsrFilterDefault.Allow, new MsrFilterRange(KvmMsrFilterAccess.Read, 0x174, 1, new byte[8]));
        });
        KvmExit exit = guest.Run();
        Assert.Equal(KvmExitReason.X86Rdmsr, exit.Reason);
        Assert.Equal((0x174u, KvmMsrExitReasons.Filter), (exit.Msr.Index, exit.Msr.Reason));
        exit.Msr.Data = 0x1122334455667788;
        exit = guest.Run();
        Assert.Equal(KvmExitReason.Io, exit.Reason);
        Assert.Equal(0x55667788u, BitConverter.ToUInt32(exit.IoData));
    }

    [Fact]
    public void A_filter_can_be_removed_and_a_filter_that_denies_everything_needs_a_range()
    {
        Assert.SkipWhen(_vm.CheckExtension(KvmCapability.X86MsrFilter) == 0, "this KVM has no KVM_CAP_X86_MSR_FILTER");
        _vm.SetMsrFilter(KvmMsrFilterDefault.Allow);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.SetMsrFilter(KvmMsrFilterDefault.Deny)).Errno);
    }

    [Fact]
    public void A_filter_has_at_most_16_ranges()
    {
        MsrFilterRange[] ranges = [.. Enumerable.Range(0, 17).Select(i => new MsrFilterRange(KvmMsrFilterAccess.Read, (uint)i, 1, new byte[8]))];
        Assert.Throws<ArgumentException>(() => _vm.SetMsrFilter(KvmMsrFilterDefault.Allow, ranges));
    }

    [Fact]
    public void A_vCPU_identifier_is_given_once()
    {
        using KvmVcpu vcpu = _vm.CreateVcpu(id: 0);
        KvmException exception = Assert.Throws<KvmException>(() => _vm.CreateVcpu(id: 0));
        Assert.Equal((Errno.EEXIST, "KVM_CREATE_VCPU"), (exception.Errno, exception.Operation));
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.CreateVcpu(id: 1_000_000)).Errno);
    }

    [Fact]
    public void A_VMs_TSC_rate_is_its_new_vCPUs()
    {
        // A faster TSC than the host's is possible everywhere: scaled by the CPU, or else by KVM's catching up.
        using KvmVm other = _kvm.CreateVm();
        using KvmVcpu usual = other.CreateVcpu(id: 0);
        int faster = usual.GetTscKhz() / 10 * 11;


        // KVM_CAP_VM_TSC_CONTROL would tell only whether the CPU can scale.
        KvmException? refusal = Record.Exception(() => _vm.SetTscKhz(faster)) as KvmException;
        Assert.SkipWhen(refusal?.Errno == Errno.ENOTTY, "this kernel's VMs have no KVM_SET_TSC_KHZ");
        Assert.Null(refusal);
        using KvmVcpu vcpu = _vm.CreateVcpu(id: 0);
        Assert.Equal(faster, vcpu.GetTscKhz());
    }

    [Fact]
    public void A_TSC_rate_beyond_the_CPUs_scaling_is_refused()
    {
        Assert.SkipWhen(_vm.CheckExtension(KvmCapability.TscControl) == 0, "this CPU cannot scale the TSC: KVM then takes any rate");
        Assert.Equal(Errno.EINVAL, Assert.Throws<KvmException>(() => _vm.SetTscKhz(-1)).Errno);
    }

    [Fact]
    public void A_VM_has_statistics()
    {
        Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.BinaryStatsFd) == 0, "this KVM has no KVM_CAP_BINARY_STATS_FD");
        Assert.True(_vm.TryGetStatistics(out KvmStatistics? statistics));
        using (statistics)
        {
            Assert.StartsWith("kvm-", statistics.Id, StringComparison.Ordinal);
            Assert.NotEmpty(statistics.All);
        }
    }
}
