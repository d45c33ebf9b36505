// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Request numbers of the KVM ioctls that this library issues, as &lt;linux/kvm.h&gt; computes them.</summary>
internal static class KvmIoctl
{
    // System.
    public const uint GetApiVersion = 0xae00;
    public const uint CreateVm = 0xae01;
    public const uint GetMsrIndexList = 0xc004ae02;
    public const uint CheckExtension = 0xae03;
    public const uint GetVcpuMmapSize = 0xae04;
    public const uint GetSupportedCpuid = 0xc008ae05;
    public const uint GetEmulatedCpuid = 0xc008ae09;
    public const uint GetMsrFeatureIndexList = 0xc004ae0a;

    // VM.
    public const uint CreateVcpu = 0xae41;
    public const uint GetDirtyLog = 0x4010ae42;
    public const uint SetUserMemoryRegion = 0x4020ae46;
    public const uint SetTssAddr = 0xae47;
    public const uint SetIdentityMapAddr = 0x4008ae48;
    public const uint ClearDirtyLog = 0xc018aec0;
    public const uint X86SetMsrFilter = 0x4188aec6;

    // vCPU.
    public const uint Run = 0xae80;
    public const uint GetRegs = 0x8090ae81;
    public const uint SetRegs = 0x4090ae82;
    public const uint GetSregs = 0x8138ae83;
    public const uint SetSregs = 0x4138ae84;
    public const uint Translate = 0xc018ae85;
    public const uint GetMsrs = 0xc008ae88;
    public const uint SetMsrs = 0x4008ae89;
    public const uint SetSignalMask = 0x4004ae8b;
    public const uint GetFpu = 0x81a0ae8c;
    public const uint SetFpu = 0x41a0ae8d;
    public const uint SetCpuid2 = 0x4008ae90;
    public const uint GetCpuid2 = 0xc008ae91;
    public const uint GetMpState = 0x8004ae98;
    public const uint SetMpState = 0x4004ae99;
    public const uint SetGuestDebug = 0x4048ae9b;
    public const uint GetVcpuEvents = 0x8040ae9f;
    public const uint SetVcpuEvents = 0x4040aea0;
    public const uint GetDebugregs = 0x8080aea1;
    public const uint SetDebugregs = 0x4080aea2;
    public const uint GetXsave = 0x9000aea4;
    public const uint SetXsave = 0x5000aea5;
    public const uint GetXcrs = 0x8188aea6;
    public const uint SetXcrs = 0x4188aea7;
    public const uint GetSregs2 = 0x8140aecc;
    public const uint SetSregs2 = 0x4140aecd;
    public const uint GetXsave2 = 0x9000aecf;

    // VM and vCPU.
    public const uint SetTscKhz = 0xaea2;
    public const uint GetTscKhz = 0xaea3;
    public const uint EnableCap = 0x4068aea3;
    public const uint GetStatsFd = 0xaece;
}
