// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Guest.Descriptors;

/// <summary>
/// A 32-bit task-state segment (SDM Vol. 3, figure 8-2) in the shape of Linux 2.6.12's <c>struct tss_struct</c>: the CPU's 104 bytes, an I/O
/// bitmap, and at the end a small stack on which SYSENTER starts.
/// </summary>
public static class Tss
{
    /// <summary>Bytes that the CPU defines.</summary>
    public const int HardwareSize = 0x68;

    /// <summary>sizeof(struct tss_struct): the hardware's part, 0x2004 bytes of bitmap, padding, 256 bytes of emergency stack.</summary>
    public const int Size = 0x2200;

    /// <summary>Offset of ESP0, the stack for entries from ring 3.</summary>
    public const int Esp0 = 0x04;

    /// <summary>Offset of SS0.</summary>
    public const int Ss0 = 0x08;

    /// <summary>
    /// TSS_sysenter_esp0: from SYSENTER_ESP, which is the structure's end, back to ESP0. One load at the entry point thus finds the current
    /// task's stack, and the MSR never changes.
    /// </summary>
    public const int Esp0FromEnd = Esp0 - Size;

    /// <summary>Limit of the descriptor: up to the end of the bitmap (Linux 2.6.12, set_tss_desc).</summary>
    public const uint DescriptorLimit = HardwareSize + 0x2004 + 8 - 1;

    /// <summary>Offset of CR3.</summary>
    public const int Cr3 = 0x1c;

    /// <summary>Offset of EIP.</summary>
    public const int Eip = 0x20;

    /// <summary>Offset of EFLAGS.</summary>
    public const int Eflags = 0x24;

    /// <summary>Offset of EAX.</summary>
    public const int Eax = 0x28;

    /// <summary>Offset of ECX.</summary>
    public const int Ecx = 0x2c;

    /// <summary>Offset of EDX.</summary>
    public const int Edx = 0x30;

    /// <summary>Offset of EBX.</summary>
    public const int Ebx = 0x34;

    /// <summary>Offset of ESP.</summary>
    public const int Esp = 0x38;

    /// <summary>Offset of EBP.</summary>
    public const int Ebp = 0x3c;

    /// <summary>Offset of ESI.</summary>
    public const int Esi = 0x40;

    /// <summary>Offset of EDI.</summary>
    public const int Edi = 0x44;

    /// <summary>Offset of ES.</summary>
    public const int Es = 0x48;

    /// <summary>Offset of CS.</summary>
    public const int Cs = 0x4c;

    /// <summary>Offset of SS.</summary>
    public const int Ss = 0x50;

    /// <summary>Offset of DS.</summary>
    public const int Ds = 0x54;

    private const int Esp1 = 0x0c;
    private const int Ss1 = 0x10;
    private const int IoMapBase = 0x66;

    // INVALID_IO_BITMAP_OFFSET: beyond the limit, so that ring 3 may use no port.
    private const ushort NoIoBitmap = 0x8000;

    /// <summary>The segment of the running task.</summary>
    /// <param name="address">Its own linear address.</param>
    /// <param name="kernelStack">ESP0.</param>
    public static byte[] Running(uint address, uint kernelStack)
    {
        byte[] tss = new byte[Size];
        Write(tss, Esp0, kernelStack);
        Write(tss, Ss0, Selector.KernelData);

        // Linux keeps the values of SYSENTER_CS and SYSENTER_ESP where ring 1's stack would be.
        Write(tss, Ss1, Selector.KernelCode);
        Write(tss, Esp1, address + Size);
        BinaryPrimitives.WriteUInt16LittleEndian(tss.AsSpan(IoMapBase), NoIoBitmap);
        return tss;
    }

    /// <summary>The segment of a task that a task gate starts.</summary>
    /// <param name="pageDirectory">CR3.</param>
    /// <param name="entry">EIP.</param>
    /// <param name="stack">ESP.</param>
    public static byte[] Ready(uint pageDirectory, uint entry, uint stack)
    {
        byte[] tss = new byte[HardwareSize];
        Write(tss, Esp0, stack);
        Write(tss, Ss0, Selector.KernelData);
        Write(tss, Cr3, pageDirectory);
        Write(tss, Eip, entry);
        Write(tss, Eflags, (uint)Kvmsys.Guest.Cpu.Eflags.Fixed);
        Write(tss, Esp, stack);
        Write(tss, Cs, Selector.KernelCode);
        Write(tss, Es, Selector.KernelData);
        Write(tss, Ss, Selector.KernelData);
        Write(tss, Ds, Selector.KernelData);
        BinaryPrimitives.WriteUInt16LittleEndian(tss.AsSpan(IoMapBase), NoIoBitmap);
        return tss;
    }

    private static void Write(byte[] tss, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(tss.AsSpan(offset), value);
}
