// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>A vCPU's registers at one moment.</summary>
/// <param name="Regs">General-purpose registers.</param>
/// <param name="Sregs">Segment and control registers.</param>
/// <param name="Msrs">The SYSENTER registers, as far as KVM gives them.</param>
public sealed record VcpuSnapshot(KvmRegs Regs, KvmSregs Sregs, IReadOnlyList<KvmMsrEntry> Msrs)
{
    private const ulong PagingBit = 1UL << 31;

    /// <summary>The page directory, or null while paging is off.</summary>
    public uint? PageDirectory => (Sregs.Cr0 & PagingBit) != 0 ? (uint)Sregs.Cr3 : null;

    /// <summary>A model-specific register's value; null when KVM did not give it.</summary>
    public ulong? Msr(uint index)
    {
        foreach (KvmMsrEntry msr in Msrs)
        {
            if (msr.Index == index)
            {
                return msr.Data;
            }
        }

        return null;
    }
}
