// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The segments of thread-local data: entries 6, 7 and 8 of the GDT, which programs set by set_thread_area.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="ram">The guest's memory, where the GDT lies.</param>
internal sealed class ThreadAreas(AddressSpace memory, GuestRam ram)
{
    private const uint First = 6;
    private const uint Last = 8;

    /// <summary>set_thread_area.</summary>
    public Answer Set(CallContext call)
    {
        if (!memory.TryRead(call.Ebx, out UserDescriptor description))
        {
            return Errno.EFAULT;
        }

        if (!description.IsEmpty && !description.IsDataSegment)
        {
            return Errno.EINVAL;
        }

        bool anyEntry = description.EntryNumber == uint.MaxValue;
        if (anyEntry)
        {
            for (description.EntryNumber = First; description.EntryNumber <= Last && Read(description.EntryNumber) != 0; description.EntryNumber++)
            {
                // The first that is free.
            }

            if (description.EntryNumber > Last)
            {
                return Errno.ESRCH;
            }

            if (!memory.TryWrite(call.Ebx, description.EntryNumber))
            {
                return Errno.EFAULT;
            }
        }

        if (description.EntryNumber is < First or > Last)
        {
            return Errno.EINVAL;
        }

        ram.Write(AddressOf(description.EntryNumber), description.IsEmpty ? 0 : description.ToDescriptor());
        return 0;
    }

    /// <summary>get_thread_area.</summary>
    public Answer Get(CallContext call) =>
        !memory.TryRead(call.Ebx, out uint entry) ? Errno.EFAULT
        : entry is < First or > Last ? Errno.EINVAL
        : Answer.FaultUnless(memory.TryWrite(call.Ebx, UserDescriptor.Of(entry, Read(entry))));

    /// <summary>What a data-segment register holds after loading a selector in ring 3; nothing where the CPU would refuse it.</summary>
    public KvmSegment Load(ushort selector)
    {
        uint index = (uint)selector >> 3;
        bool isGdt = (selector & 4) == 0;
        SegmentRegister segment = isGdt && index is > 0 and < Gdt.Entries ? new SegmentDescriptor(Read(index)).Load(selector) : default;
        const int codeType = 8;
        const int readableCode = 10;
        bool canRead = (segment.Type & codeType) == 0 || (segment.Type & readableCode) == readableCode;
        bool isValid = segment is { Present: true, CodeOrData: true, Dpl: 3 } && canRead && (selector & 3) == 3;
        return VcpuState.ToSegment(isValid ? segment with { Type = (byte)(segment.Type | 1) } : new SegmentRegister { Unusable = true });
    }

    private static uint AddressOf(uint entry) => KernelLayout.Physical(KernelLayout.Gdt) + (entry * sizeof(ulong));

    private ulong Read(uint entry) => ram.Read<ulong>(AddressOf(entry));

    /// <summary>struct user_desc (arch/x86/include/uapi/asm/ldt.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct UserDescriptor
    {
        public uint EntryNumber;
        public uint Base;
        public uint Limit;
        public uint Flags;

        private const uint Seg32Bit = 1 << 0;
        private const int ContentsShift = 1;
        private const uint ReadExecOnly = 1 << 3;
        private const uint LimitInPages = 1 << 4;
        private const uint SegNotPresent = 1 << 5;
        private const uint Useable = 1 << 6;

        /// <summary>Whether it says that the entry is to be emptied, in the old way or in the new one.</summary>
        public readonly bool IsEmpty => Base == 0 && Limit == 0 && Flags is 0 or (ReadExecOnly | SegNotPresent);

        /// <summary>Whether it is a present data segment of 32 bits: today's Linux takes no other.</summary>
        public readonly bool IsDataSegment => (Flags & Seg32Bit) != 0 && (Flags & SegNotPresent) == 0 && (Flags >> ContentsShift & 3) <= 1;

        /// <summary>The GDT's entry.</summary>
        public readonly ulong ToDescriptor()
        {
            const ulong accessed = 1UL << 40;
            const ulong ring3Segment = 0x7UL << 44;
            const ulong present = 1UL << 47;
            return (Limit & 0xffff)
                | ((ulong)(Base & 0xffffff) << 16)
                | accessed
                | ((Flags & ReadExecOnly) == 0 ? 1UL << 41 : 0)
                | ((ulong)(Flags >> ContentsShift & 3) << 42)
                | ring3Segment
                | present
                | ((ulong)(Limit >> 16 & 0xf) << 48)
                | ((Flags & Useable) != 0 ? 1UL << 52 : 0)
                | ((Flags & Seg32Bit) != 0 ? 1UL << 54 : 0)
                | ((Flags & LimitInPages) != 0 ? 1UL << 55 : 0)
                | ((ulong)(Base >> 24) << 56);
        }

        /// <summary>The description of an entry.</summary>
        public static UserDescriptor Of(uint entry, ulong descriptor) => new()
        {
            EntryNumber = entry,
            Base = (uint)(descriptor >> 16 & 0xffffff) | ((uint)(descriptor >> 56) << 24),
            Limit = (uint)(descriptor & 0xffff) | ((uint)(descriptor >> 48 & 0xf) << 16),
            Flags = (Bit(descriptor, 54) ? Seg32Bit : 0)
                | ((uint)(descriptor >> 42 & 3) << ContentsShift)
                | (Bit(descriptor, 41) ? 0 : ReadExecOnly)
                | (Bit(descriptor, 55) ? LimitInPages : 0)
                | (Bit(descriptor, 47) ? 0 : SegNotPresent)
                | (Bit(descriptor, 52) ? Useable : 0),
        };

        private static bool Bit(ulong descriptor, int number) => (descriptor >> number & 1) != 0;
    }
}
