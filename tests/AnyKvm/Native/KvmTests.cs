// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.AnyKvm.Native;

public sealed class KvmTests : IDisposable
{
    private const uint SysenterCs = 0x174;
    private const uint NoSuchMsr = 0xdeadbeef;

    private readonly Kvm _kvm = Kvm.Open();

    public void Dispose() => _kvm.Dispose();

    [Fact]
    public void The_API_version_is_the_stable_one() => Assert.Equal(Kvm.StableApiVersion, _kvm.ApiVersion);

    [Fact]
    public unsafe void A_vCPUs_mapping_holds_the_run_page() => Assert.True(_kvm.VcpuMmapSize >= sizeof(KvmRun));

    [Fact]
    public void A_capability_that_every_KVM_has_is_there() => Assert.NotEqual(0, _kvm.CheckExtension(KvmCapability.UserMemory));

    [Fact]
    public void A_capability_that_no_KVM_has_is_not() => Assert.Equal(0, _kvm.CheckExtension((KvmCapability)0x7fffffff));

    [Fact]
    public void The_supported_CPUID_has_the_first_leaves()
    {
        KvmCpuidEntry2[] entries = _kvm.GetSupportedCpuid();
        Assert.Contains(entries, entry => entry.Function == 0 && entry.Ebx != 0);
        Assert.Contains(entries, entry => entry.Function == 1 && entry.Eax != 0);
    }

    [Fact]
    public void Too_little_room_for_the_supported_CPUID_is_told() =>
        Assert.False(_kvm.TryGetSupportedCpuid(new KvmCpuidEntry2[1], out _));

    [Fact]
    public void Enough_room_gives_the_same_table_as_asking_for_all()
    {
        KvmCpuidEntry2[] room = new KvmCpuidEntry2[1024];
        Assert.True(_kvm.TryGetSupportedCpuid(room, out int count));
        Assert.Equal(_kvm.GetSupportedCpuid().Select(entry => entry.Function), room[..count].Select(entry => entry.Function));
    }

    [Fact]
    public void The_emulated_CPUID_can_be_asked_for()
    {
        Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.ExtEmulCpuid) == 0, "this KVM has no KVM_CAP_EXT_EMUL_CPUID");
        Assert.All(_kvm.GetEmulatedCpuid(), entry => Assert.NotEqual(uint.MaxValue, entry.Function));
    }

    [Fact]
    public void The_MSR_list_has_SYSENTERs_registers() => Assert.Contains(SysenterCs, _kvm.GetMsrIndexList());

    [Fact]
    public void The_feature_MSRs_can_be_listed_and_read()
    {
        Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.GetMsrFeatures) == 0, "this KVM has no KVM_CAP_GET_MSR_FEATURES");
        KvmMsrEntry[] entries = [.. _kvm.GetMsrFeatureIndexList().Select(index => new KvmMsrEntry(index))];
        Assert.NotEmpty(entries);
        Assert.Equal(entries.Length, _kvm.GetFeatureMsrs(entries));
    }

    [Fact]
    public void A_feature_MSR_that_KVM_does_not_know_cuts_the_count_short()
    {
        Assert.SkipWhen(_kvm.CheckExtension(KvmCapability.GetMsrFeatures) == 0, "this KVM has no KVM_CAP_GET_MSR_FEATURES");
        uint known = _kvm.GetMsrFeatureIndexList()[0];
        Assert.Equal(1, _kvm.GetFeatureMsrs([new(known), new(NoSuchMsr), new(known)]));
    }

    [Fact]
    public void A_disposed_handle_is_refused_by_the_library_and_never_reaches_the_kernel()
    {
        Kvm kvm = Kvm.Open();
        kvm.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kvm.ApiVersion);
        Assert.Throws<ObjectDisposedException>(() => kvm.CreateVm());
    }
}
