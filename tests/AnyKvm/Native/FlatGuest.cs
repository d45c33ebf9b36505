// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.AnyKvm.Native;

/// <summary>A vCPU in flat 32-bit protected mode, with a few bytes of code: the smallest guest that every KVM runs.</summary>
internal sealed class FlatGuest : IDisposable
{
    /// <summary>Guest-physical address of the code.</summary>
    public const uint Code = 0x1000;

    /// <summary>A page of data.</summary>
    public const uint Data = 0x3000;

    /// <summary>Bytes of memory, from address 0 on.</summary>
    public const uint MemorySize = 0x10000;

    /// <summary>An address that no slot backs.</summary>
    public const uint Unbacked = 0x40000000;

    private const ulong ProtectionEnable = 1;

    public FlatGuest(string code, Action<KvmVm>? prepare = null, KvmMemFlags flags = KvmMemFlags.None)
    {
        Kvm = Kvm.Open();
        Vm = Kvm.CreateVm();
        prepare?.Invoke(Vm);
        Vm.SetTssAddr(0xfffbd000);
        Memory = MemoryMapping.Anonymous(MemorySize);
        Convert.FromHexString(code.Replace(" ", "", StringComparison.Ordinal)).CopyTo(Memory.Slice(Code, 256));
        Vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, Memory, flags);
        Vcpu = Vm.CreateVcpu(id: 0);
        Vcpu.SetCpuid(Kvm.GetSupportedCpuid());
        Vcpu.SetSregs(FlatSregs(Vcpu.GetSregs()));
        Vcpu.SetRegs(new KvmRegs { Rip = Code, Rsp = MemorySize, Rflags = 2 });
    }

    public Kvm Kvm { get; }

    public KvmVm Vm { get; }

    public MemoryMapping Memory { get; }

    public KvmVcpu Vcpu { get; }

    /// <summary>Runs to the next exit, over interruptions that the runtime's own signals cause.</summary>
    public KvmExit Run()
    {
        while (Vcpu.Run() != KvmRunOutcome.Exited)
        {
        }

        return Vcpu.Exit;
    }

    public void Dispose()
    {
        Vcpu.Dispose();
        Vm.Dispose();
        Kvm.Dispose();
        Memory.Dispose();
    }

    private static KvmSregs FlatSregs(KvmSregs sregs)
    {
        KvmSegment data = new() { Limit = uint.MaxValue, Selector = 0x10, Type = 3, Present = 1, S = 1, Db = 1, G = 1 };
        sregs.Cs = data with { Selector = 0x08, Type = 11 };
        sregs.Ds = data;
        sregs.Es = data;
        sregs.Fs = data;
        sregs.Gs = data;
        sregs.Ss = data;
        sregs.Cr0 |= ProtectionEnable;
        return sregs;
    }
}
