// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Guest.Descriptors;

/// <summary>A 64-bit task-state segment (SDM Vol. 3, figure 8-11): no registers any more, but the stacks on which ring 0 starts.</summary>
public static class LongModeTss
{
    /// <summary>Bytes of the segment.</summary>
    public const int Size = 0x68;

    /// <summary>Offset of RSP0, the stack for entries from ring 3.</summary>
    public const int Rsp0 = 0x04;

    /// <summary>Offset of IST1, the stack of gates that ask for it.</summary>
    public const int Ist1 = 0x24;

    private const int IoMapBase = 0x66;

    /// <summary>The segment. Its I/O map lies beyond its limit, so that ring 3 may use no port.</summary>
    /// <param name="kernelStack">RSP0.</param>
    /// <param name="doubleFaultStack">IST1.</param>
    public static byte[] Of(uint kernelStack, uint doubleFaultStack)
    {
        byte[] tss = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(tss.AsSpan(Rsp0), kernelStack);
        BinaryPrimitives.WriteUInt64LittleEndian(tss.AsSpan(Ist1), doubleFaultStack);
        BinaryPrimitives.WriteUInt16LittleEndian(tss.AsSpan(IoMapBase), Size);
        return tss;
    }
}
