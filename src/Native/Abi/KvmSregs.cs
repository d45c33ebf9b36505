// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>Segment, descriptor-table and control registers: <c>struct kvm_sregs</c>, for KVM_GET_SREGS and KVM_SET_SREGS.</summary>
public struct KvmSregs
{
    /// <summary>Code segment.</summary>
    public KvmSegment Cs;

    /// <summary>Data segment.</summary>
    public KvmSegment Ds;

    /// <summary>Extra segment.</summary>
    public KvmSegment Es;

    /// <summary>FS.</summary>
    public KvmSegment Fs;

    /// <summary>GS.</summary>
    public KvmSegment Gs;

    /// <summary>Stack segment.</summary>
    public KvmSegment Ss;

    /// <summary>Task register.</summary>
    public KvmSegment Tr;

    /// <summary>Local descriptor table register.</summary>
    public KvmSegment Ldt;

    /// <summary>Global descriptor table register.</summary>
    public KvmDtable Gdt;

    /// <summary>Interrupt descriptor table register.</summary>
    public KvmDtable Idt;

    /// <summary>CR0.</summary>
    public ulong Cr0;

    /// <summary>CR2: linear address of the last page fault.</summary>
    public ulong Cr2;

    /// <summary>CR3: physical address of the page directory.</summary>
    public ulong Cr3;

    /// <summary>CR4.</summary>
    public ulong Cr4;

    /// <summary>CR8: task priority.</summary>
    public ulong Cr8;

    /// <summary>EFER.</summary>
    public ulong Efer;

    /// <summary>IA32_APIC_BASE. Only this structure sets it; KVM_SET_MSRS does not.</summary>
    public ulong ApicBase;

    /// <summary>Bit n is set when external interrupt vector n is pending injection.</summary>
    public InlineArray4<ulong> InterruptBitmap;
}
