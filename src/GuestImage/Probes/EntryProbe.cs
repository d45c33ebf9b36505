// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Guest.Probes;

/// <summary>
/// A guest of one instruction in ring 3, in one of the CPU's modes: it ends with the status <see cref="Entered"/> when the instruction enters
/// ring 0, and with the exception's vector when it is refused.
/// </summary>
public static class EntryProbe
{
    /// <summary>Status of a guest whose instruction entered ring 0.</summary>
    public const uint Entered = 0x100;

    private const byte InvalidOpcode = 6;
    private const byte GeneralProtection = 13;

    // In physical and in linear memory.
    private const uint Handlers = 0x1000;
    private const uint HandlerSize = 0x40;
    private const uint Start = 0x1800;
    private const int StartSize = 0x40;
    private const uint Program = 0x2000;
    private const uint GdtAddress = 0x3000;
    private const uint IdtAddress = 0x4000;
    private const uint TssAddress = 0x5000;
    private const uint KernelStack = 0x7000;
    private const uint UserStack = 0x8000;
    private const uint PageTablesStart = 0x8000;
    private const uint MemorySize = 0x10000;

    // SYSENTER_CS, and STAR's, is the first; SS follows CS by 8.
    private const ushort KernelCode = 0x08;
    private const ushort KernelData = 0x10;
    private const ushort UserCode32 = 0x1b;
    private const ushort UserData = 0x23;
    private const ushort UserCode64 = 0x2b;
    private const ushort Task = 0x30;

    private static readonly SegmentDescriptor Code32 = new(0x00cf9b000000ffff);
    private static readonly SegmentDescriptor Code64 = new(0x00af9b000000ffff);
    private static readonly SegmentDescriptor Data = new(0x00cf93000000ffff);

    /// <summary>The guest.</summary>
    public static GuestImage Build(OperatingMode mode, EntryInstruction instruction)
    {
        bool longMode = mode != OperatingMode.Legacy;
        SegmentDescriptor kernelCode = longMode ? Code64 : Code32;
        (ushort Selector, SegmentDescriptor Descriptor)[] segments =
        [
            (KernelCode, kernelCode),
            (KernelData, Data),
            (UserCode32, ForRing3(Code32)),
            (UserData, ForRing3(Data)),
            (UserCode64, ForRing3(Code64)),
            (Task, SegmentDescriptor.System(SegmentDescriptor.AvailableTss, TssAddress, Tss.HardwareSize - 1)),
        ];
        List<PhysicalRange> ranges =
        [
            new(Handlers, HandlerCode()),
            new(Start, StartCode(mode)),
            new(Program, ProgramCode(instruction)),
            new(GdtAddress, Table(segments)),
            new(IdtAddress, InterruptTable(longMode)),
            new(TssAddress, TaskState(longMode)),
        ];
        CpuState state = InitialState(mode, segments.ToDictionary(segment => segment.Selector, segment => segment.Descriptor.Load(segment.Selector)));
        if (longMode)
        {
            // The first 2 MiB, for ring 3 too, at their own addresses.
            PageTableBuilder tables = new(new FrameAllocator(PageTablesStart, MemorySize, seed: 0), PagingMode.FourLevel);
            tables.MapLarge(0, 0, PageFlags.Present | PageFlags.Write | PageFlags.User | PageFlags.Large);
            ranges.AddRange(tables.Tables);
            state = state with { Cr3 = tables.Root };
        }

        return new GuestImage { MemorySize = MemorySize, Ranges = [.. ranges], InitialState = state };
    }

    private static CpuState InitialState(OperatingMode mode, Dictionary<ushort, SegmentRegister> segments)
    {
        bool longMode = mode != OperatingMode.Legacy;
        SegmentRegister data = segments[UserData];
        return new CpuState
        {
            Cs = segments[KernelCode],
            Ss = segments[KernelData],
            Ds = data,
            Es = data,
            Fs = data,
            Gs = data,
            Tr = segments[Task] with { Type = SegmentDescriptor.BusyTss },
            Ldtr = new() { Unusable = true },
            Gdtr = new(GdtAddress, Task + 15),
            Idtr = new(IdtAddress, (uint)(longMode ? Idt.LongModeSize : Idt.Size) - 1),
            Cr0 = Cr0.ProtectionEnable | Cr0.ExtensionType | Cr0.NumericError | (longMode ? Cr0.Paging : Cr0.None),
            Cr4 = longMode ? Cr4.PhysicalAddressExtension : Cr4.None,
            Efer = Efer.SyscallEnable | (longMode ? Efer.LongModeEnable | Efer.LongModeActive : Efer.None),
            Eip = Start,
            Esp = KernelStack,
            Msrs =
            [
                new(Msr.SysenterCs, KernelCode),
                new(Msr.SysenterEsp, KernelStack),
                new(Msr.SysenterEip, HandlerOf(Entered)),
                new(Msr.Star, ((ulong)KernelCode << 32) | HandlerOf(Entered)),
                new(Msr.Lstar, HandlerOf(Entered)),
                new(Msr.Cstar, HandlerOf(Entered)),
            ],
        };
    }

    private static SegmentDescriptor ForRing3(SegmentDescriptor descriptor) => new(descriptor.Raw | (3UL << 45));

    private static uint HandlerOf(uint status) => status switch
    {
        Entered => Handlers,
        InvalidOpcode => Handlers + HandlerSize,
        GeneralProtection => Handlers + (2 * HandlerSize),
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };

    /// <summary>MOV EBX, status; MOV EAX, Exit; MOV EDX, port; OUT DX, EAX: the same bytes in 32-bit and in 64-bit code.</summary>
    private static byte[] HandlerCode()
    {
        byte[] code = new byte[3 * HandlerSize];
        foreach (uint status in new uint[] { Entered, InvalidOpcode, GeneralProtection })
        {
            Span<byte> handler = code.AsSpan((int)(HandlerOf(status) - Handlers));
            handler[0] = 0xbb;
            BinaryPrimitives.WriteUInt32LittleEndian(handler[1..], status);
            handler[5] = 0xb8;
            BinaryPrimitives.WriteUInt32LittleEndian(handler[6..], (uint)MonitorCall.Exit);
            handler[10] = 0xba;
            BinaryPrimitives.WriteUInt32LittleEndian(handler[11..], MonitorPort.Call);
            handler[15] = 0xef;
        }

        return code;
    }

    /// <summary>
    /// MOV AX, TSS; LTR AX; PUSH of SS, ESP, EFLAGS, CS and EIP; IRET, with a prefix in 64-bit code: ring 3 begins. TR is loaded already, but
    /// QEMU's software CPU enters ring 0 only by a task register that LTR has loaded.
    /// </summary>
    private static byte[] StartCode(OperatingMode mode)
    {
        uint code = mode == OperatingMode.SixtyFourBit ? UserCode64 : UserCode32;
        List<byte> bytes = [0x66, 0xb8, (byte)Task, 0, 0x0f, 0x00, 0xd8];
        foreach (uint word in new uint[] { UserData, UserStack, (uint)Eflags.Fixed, code, Program })
        {
            bytes.Add(0x68);
            bytes.AddRange(BitConverter.GetBytes(word));
        }

        bytes.AddRange(mode == OperatingMode.Legacy ? [0xcf] : [0x48, 0xcf]);
        byte[] whole = new byte[StartSize];
        bytes.CopyTo(whole);
        return whole;
    }

    private static byte[] ProgramCode(EntryInstruction instruction) => instruction switch
    {
        EntryInstruction.Int80 => [0xcd, 0x80, 0, 0],
        EntryInstruction.Sysenter => [0x0f, 0x34, 0, 0],
        EntryInstruction.Syscall => [0x0f, 0x05, 0, 0],
        _ => throw new ArgumentOutOfRangeException(nameof(instruction), instruction, null),
    };

    /// <summary>A system descriptor of long mode has 16 bytes; the second half of this one is zero.</summary>
    private static byte[] Table((ushort Selector, SegmentDescriptor Descriptor)[] segments)
    {
        byte[] table = new byte[Task + 16];
        foreach ((ushort selector, SegmentDescriptor descriptor) in segments)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(selector & ~7), descriptor.Raw);
        }

        return table;
    }

    private static byte[] InterruptTable(bool longMode)
    {
        Idt idt = new(longMode);
        (int Vector, int Dpl, uint Status)[] gates =
        [
            (InvalidOpcode, 0, InvalidOpcode), (GeneralProtection, 0, GeneralProtection), (I386Kernel.SyscallVector, 3, Entered),
        ];
        foreach ((int vector, int dpl, uint status) in gates)
        {
            idt[vector] = GateDescriptor.To(GateType.Interrupt, dpl, KernelCode, HandlerOf(status));
        }

        return idt.ToArray();
    }

    /// <summary>Where ring 0 has its stack: ESP0 and SS0, or RSP0, which is their eight bytes.</summary>
    private static byte[] TaskState(bool longMode)
    {
        byte[] task = new byte[Tss.HardwareSize];
        BinaryPrimitives.WriteUInt32LittleEndian(task.AsSpan(Tss.Esp0), KernelStack);
        BinaryPrimitives.WriteUInt32LittleEndian(task.AsSpan(Tss.Ss0), longMode ? 0u : KernelData);
        return task;
    }
}
