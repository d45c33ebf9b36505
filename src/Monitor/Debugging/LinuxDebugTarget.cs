// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Debugging;

/// <summary>
/// A program of Linux's for its debugger: what it has in ring 3. While the kernel works for it, its registers are those that the kernel has
/// saved. To be used on the vCPU's thread, while the guest stands still.
/// </summary>
/// <param name="program">The program.</param>
internal sealed class LinuxDebugTarget(LinuxMachine program) : IDebugTarget
{
    private const uint PageSize = PageTableBuilder.PageSize;
    private const uint PageMask = PageSize - 1;
    private const int FxsaveSize = 512;
    private const int FxsaveMxcsr = 24;
    private const int FxsaveXmm = 160;
    private const int FsaveRegisters = 28;
    private const int FsaveSize = 112;
    private const int MostAuxiliaryWords = 2 * 64;

    // What ptrace lets a debugger change: CF, PF, AF, ZF, SF, TF, DF, OF, NT, RF, AC.
    private const uint ChangeableFlags = 0x00054dd5;

    // GDB's general registers as the kernel saves them.
    private static readonly int[] Saved =
    [
        PtRegs.Eax, PtRegs.Ecx, PtRegs.Edx, PtRegs.Ebx, PtRegs.Esp, PtRegs.Ebp, PtRegs.Esi, PtRegs.Edi, PtRegs.Eip, PtRegs.Eflags,
        PtRegs.Cs, PtRegs.Ss, PtRegs.Ds, PtRegs.Es,
    ];

    private GuestDebug? _guest;

    /// <summary>Whether the debugger sees the kernel too: its instructions and its memory.</summary>
    public bool ShowsRing0 { get; private set; }

    /// <inheritdoc/>
    public uint ProcessId => program.Guest.Pid;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> AuxiliaryVector { get; private set; }

    /// <inheritdoc/>
    public string MemoryMap
    {
        get
        {
            StringBuilder map = new();
            foreach (MemoryRegion region in program.Process.Memory.Regions)
            {
                Line(region.Start, region.End, region.Protection, region.GrowsDown ? "[stack]" : "");
            }

            uint vsyscall = Fixmap.AddressOf(Fixmap.Vsyscall);
            Line(vsyscall, vsyscall + PageSize, SegmentFlags.Read | SegmentFlags.Execute, "[vsyscall]");
            return map.ToString();

            void Line(uint start, uint end, SegmentFlags protection, string name)
            {
                char r = protection.HasFlag(SegmentFlags.Read) ? 'r' : '-';
                char w = protection.HasFlag(SegmentFlags.Write) ? 'w' : '-';
                char x = protection.HasFlag(SegmentFlags.Execute) ? 'x' : '-';
                map.Append(CultureInfo.InvariantCulture, $"{start:x8}-{end:x8} {r}{w}{x}p 00000000 00:00 0 {name}\n");
            }
        }
    }

    /// <summary>Whether there is a program to be seen: one in ring 3, or one for which the kernel works at a monitor's call.</summary>
    public bool IsVisible => ShowsRing0 || Guest.Ring == 3 || program.Process.Saved is not null;

    private GuestDebug Guest => _guest ?? throw new InvalidOperationException("The guest has not stopped yet.");

    private IVcpu Vcpu => program.Machine;

    // The kernel's own registers are seen only where it runs.
    private SavedRegisters? Frame => program.Process.Saved;

    /// <summary>The guest has stopped.</summary>
    public void SetGuest(GuestDebug guest) => _guest = guest;

    /// <summary>The program stands before its first instruction: its stack has the auxiliary vector behind arguments and environment.</summary>
    public void ReadAuxiliaryVector()
    {
        uint address = (uint)Guest.Regs.Rsp + sizeof(uint);
        for (int lists = 0; lists < 2; lists++)
        {
            while (ReadWord(address) is not (0 or null))
            {
                address += sizeof(uint);
            }

            address += sizeof(uint);
        }

        byte[] words = new byte[MostAuxiliaryWords * sizeof(uint)];
        int length = ReadMemory(address, words) & ~((2 * sizeof(uint)) - 1);
        for (int offset = 0; offset < length; offset += 2 * sizeof(uint))
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(words.AsSpan(offset)) == 0)
            {
                length = offset + (2 * sizeof(uint));
            }
        }

        AuxiliaryVector = words.AsMemory(0, length);
    }

    /// <inheritdoc/>
    public void ReadRegisters(Span<byte> block)
    {
        block.Clear();
        KvmRegs regs = Guest.Regs;
        KvmSregs sregs = Vcpu.Sregs;
        ReadOnlySpan<uint> general =
        [
            (uint)regs.Rax, (uint)regs.Rcx, (uint)regs.Rdx, (uint)regs.Rbx, (uint)regs.Rsp, (uint)regs.Rbp, (uint)regs.Rsi, (uint)regs.Rdi,
            (uint)regs.Rip, (uint)regs.Rflags,
            sregs.Cs.Selector, sregs.Ss.Selector, sregs.Ds.Selector, sregs.Es.Selector, sregs.Fs.Selector, sregs.Gs.Selector,
        ];
        for (int number = 0; number < general.Length; number++)
        {
            Put(block, number, Frame is SavedRegisters frame && number < Saved.Length ? frame[Saved[number]] : general[number]);
        }

        Put(block, GdbRegisters.OrigEax, Frame is SavedRegisters saved ? saved[PtRegs.OrigEax] : uint.MaxValue);
        ReadFpu(block);
    }

    /// <inheritdoc/>
    public bool TryWriteRegister(int number, ReadOnlySpan<byte> value)
    {
        if (number is >= GdbRegisters.St0 and < GdbRegisters.OrigEax)
        {
            return WriteFpu(number, value);
        }

        // What the system call was is asked for, and never changed.
        if (number == GdbRegisters.OrigEax)
        {
            return true;
        }

        byte[] block = new byte[GdbRegisters.Size];
        ReadRegisters(block);
        uint old = BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(GdbRegisters.All[number].Offset));
        uint wanted = BinaryPrimitives.ReadUInt32LittleEndian(value);
        if (number >= GdbRegisters.Cs)
        {
            // Another segment would have to be loaded as the CPU does it.
            return wanted == old;
        }

        if (number == GdbRegisters.Eflags)
        {
            wanted = (old & ~ChangeableFlags) | (wanted & ChangeableFlags);
        }

        if (wanted != old)
        {
            Write(number, wanted);
        }

        return true;
    }

    /// <inheritdoc/>
    public int ReadMemory(uint address, Span<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            uint at = address + (uint)done;
            int inPage = (int)Math.Min((uint)(bytes.Length - done), PageSize - (at & PageMask));
            if (!TryFind(at, write: false, out uint? physical))
            {
                break;
            }

            Span<byte> target = bytes.Slice(done, inPage);
            if (at >= KernelLayout.PageOffset)
            {
                Guest.Read(at, target);
            }
            else if (physical is uint frame)
            {
                program.Machine.Ram.Mapping.Slice(frame, inPage).CopyTo(target);
            }
            else
            {
                target.Clear();
            }

            done += inPage;
        }

        return done;
    }

    /// <inheritdoc/>
    public bool TryWriteMemory(uint address, ReadOnlySpan<byte> bytes)
    {
        // Either all of it or nothing.
        for (uint offset = 0; offset < bytes.Length; offset += PageSize)
        {
            if (!TryFind(address + offset, write: true, out _))
            {
                return false;
            }
        }

        if (bytes.Length > 0 && !TryFind(address + (uint)bytes.Length - 1, write: true, out _))
        {
            return false;
        }

        Guest.RestoreKernel();
        while (!bytes.IsEmpty)
        {
            int inPage = (int)Math.Min((uint)bytes.Length, PageSize - (address & PageMask));
            if (!TryFind(address, write: true, out uint? physical) || physical is not uint frame)
            {
                return false;
            }

            bytes[..inPage].CopyTo(program.Machine.Ram.Mapping.Slice(frame, inPage));
            bytes = bytes[inPage..];
            address += (uint)inPage;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryInsert(BreakpointType type, uint address, uint length)
    {
        if (type != BreakpointType.Software)
        {
            return TryFind(address, write: false, out _) && Guest.TryAdd(HardwareBreakpointOf(type, address, length));
        }

        // Where the program sees no page yet, there is no code to stop at.
        byte[] code = new byte[1];
        if (!TryFind(address, write: false, out _) || Guest.Read(address, code) == 0)
        {
            return false;
        }

        Guest.Breakpoints.Add(address);
        return true;
    }

    /// <inheritdoc/>
    public void Remove(BreakpointType type, uint address, uint length)
    {
        if (type == BreakpointType.Software)
        {
            Guest.Breakpoints.Remove(address);
        }
        else
        {
            Guest.Remove(HardwareBreakpointOf(type, address, length));
        }
    }

    /// <inheritdoc/>
    public string Command(string command)
    {
        switch (command.Trim())
        {
            case "ring0 on":
                ShowsRing0 = true;
                return "The kernel's instructions and memory are shown.\n";
            case "ring0 off":
                ShowsRing0 = false;
                return "A step goes over what the kernel does.\n";
            case "where":
                return $"ring {Guest.Ring} at {program.Guest.Image.Symbols.Describe(Guest.Pc) ?? string.Create(CultureInfo.InvariantCulture, $"0x{Guest.Pc:x8}")}\n";
            default:
                return "monitor ring0 on|off: whether steps stop in the kernel, and its memory can be read. monitor where: the ring and the nearest symbol.\n";
        }
    }

    private static HardwareBreakpoint HardwareBreakpointOf(BreakpointType type, uint address, uint length) => type switch
    {
        BreakpointType.Hardware => new(HardwareBreakpointKind.Execute, address, 1),
        BreakpointType.Write => new(HardwareBreakpointKind.Write, address, length),
        _ => new(HardwareBreakpointKind.Access, address, length),
    };

    private static void Put(Span<byte> block, int number, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block[GdbRegisters.All[number].Offset..], value);

    private uint? ReadWord(uint address)
    {
        byte[] word = new byte[sizeof(uint)];
        return ReadMemory(address, word) == word.Length ? BinaryPrimitives.ReadUInt32LittleEndian(word) : null;
    }

    /// <summary>Where an address lies in the guest's memory, when the debugger may see it.</summary>
    private bool TryFind(uint address, bool write, out uint? physical)
    {
        if (address < KernelLayout.PageOffset)
        {
            return program.Process.Memory.TryFind(address, write, out physical);
        }

        PageWalk? walk = Guest.PageTables is PageTableRoot tables ? PageWalk.Walk(program.Machine.Ram, tables, address) : null;
        bool isVisible = walk is not null && (walk.UserAccessible || ShowsRing0);
        physical = isVisible && walk!.PhysicalAddress is uint found && (nuint)found + PageSize - (found & PageMask) <= program.Machine.Ram.Mapping.Length
            ? found
            : null;
        return physical is not null;
    }

    private void Write(int number, uint value)
    {
        if (Frame is SavedRegisters frame)
        {
            frame[Saved[number]] = value;

            // Only IRET gives back every register.
            GuestRam ram = program.Machine.Ram;
            uint flags = KernelLayout.Physical(KernelLayout.ThreadUnion) + ThreadInfo.Flags;
            ram.Write(flags, ram.Read<uint>(flags) | ThreadInfo.Iret);
            return;
        }

        KvmRegs regs = Guest.Regs;
        switch (number)
        {
            case 0:
                regs.Rax = value;
                break;
            case 1:
                regs.Rcx = value;
                break;
            case 2:
                regs.Rdx = value;
                break;
            case 3:
                regs.Rbx = value;
                break;
            case GdbRegisters.Esp:
                regs.Rsp = value;
                break;
            case GdbRegisters.Ebp:
                regs.Rbp = value;
                break;
            case 6:
                regs.Rsi = value;
                break;
            case 7:
                regs.Rdi = value;
                break;
            case GdbRegisters.Eip:
                regs.Rip = value;
                break;
            default:
                regs.Rflags = value;
                break;
        }

        Guest.Regs = regs;
    }

    // ---- x87 and SSE ----

    private void ReadFpu(Span<byte> block)
    {
        Span<byte> fxsave = stackalloc byte[FxsaveSize];
        Vcpu.ReadFpu(fxsave);
        Span<byte> fsave = stackalloc byte[FsaveSize];
        FpuLayout.ToFsave(fxsave, fsave);
        fsave[FsaveRegisters..(FsaveRegisters + 80)].CopyTo(block[GdbRegisters.All[GdbRegisters.St0].Offset..]);

        // Control, status, tags; CS, EIP and opcode of the last instruction; DS and offset of its operand.
        ReadOnlySpan<uint> control =
        [
            Half(fsave, 0), Half(fsave, 4), Half(fsave, 8), Half(fsave, 16), Word(fsave, 12), Half(fsave, 24), Word(fsave, 20), Half(fsave, 18),
        ];
        for (int i = 0; i < control.Length; i++)
        {
            Put(block, GdbRegisters.Fctrl + i, control[i]);
        }

        fxsave.Slice(FxsaveXmm, 8 * 16).CopyTo(block[GdbRegisters.All[GdbRegisters.Xmm0].Offset..]);
        Put(block, GdbRegisters.Mxcsr, Word(fxsave, FxsaveMxcsr));

        static uint Half(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

        static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
    }

    private bool WriteFpu(int number, ReadOnlySpan<byte> value)
    {
        Span<byte> fxsave = stackalloc byte[FxsaveSize];
        Vcpu.ReadFpu(fxsave);
        Span<byte> fsave = stackalloc byte[FsaveSize];
        FpuLayout.ToFsave(fxsave, fsave);
        switch (number)
        {
            case < GdbRegisters.Fctrl:
                value.CopyTo(fsave[(FsaveRegisters + ((number - GdbRegisters.St0) * 10))..]);
                break;
            case < GdbRegisters.Xmm0:
                // Of the last instruction nothing can be changed; GDB writes back what it has read.
                int index = number - GdbRegisters.Fctrl;
                if (index <= 2)
                {
                    value[..2].CopyTo(fsave[(index * sizeof(uint))..]);
                }

                break;
            case < GdbRegisters.Mxcsr:
                value.CopyTo(fxsave[(FxsaveXmm + ((number - GdbRegisters.Xmm0) * 16))..]);
                break;
            default:
                value.CopyTo(fxsave[FxsaveMxcsr..]);
                break;
        }

        // Makes MXCSR one that can be loaded, as well.
        FpuLayout.FromFsave(fsave, fxsave);
        Vcpu.WriteFpu(fxsave);
        return true;
    }
}
