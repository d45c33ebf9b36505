// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Paging;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>A vCPU's registers at one moment.</summary>
/// <param name="Regs">General-purpose registers.</param>
/// <param name="Sregs">Segment and control registers.</param>
/// <param name="Msrs">The registers of the entries, as far as KVM gives them.</param>
public sealed record VcpuSnapshot(KvmRegs Regs, KvmSregs Sregs, IReadOnlyList<KvmMsrEntry> Msrs)
{
    /// <summary>The page tables, or null while paging is off.</summary>
    public PageTableRoot? PageTables => (Sregs.Cr0 & (ulong)Cr0.Paging) != 0 ? PageTableRoot.Of(Sregs.Cr3, (Efer)Sregs.Efer) : null;

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
