// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Iced.Intel;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>A core dump of an i386 process as Linux writes it, for debuggers to read.</summary>
internal sealed class I386Core
{
    private const uint PageSize = 0x1000;

    private const uint NotePrStatus = 1;
    private const uint NotePrPsInfo = 3;
    private const uint NoteAuxv = 6;

    // struct elf_prstatus of i386: pr_cursig, pr_pid, and pr_reg, which is struct user_regs_struct.
    private const int PrStatusSize = 144;
    private const int CurrentSignalOffset = 12;
    private const int PidOffset = 24;
    private const int RegistersOffset = 72;
    private const short SigTrap = 5;
    private const int Pid = 1;

    // struct elf_prpsinfo of i386: pr_pid. Without it elfutils does not take the file for a core dump.
    private const int PrPsInfoSize = 124;
    private const int PsInfoPidOffset = 12;

    private const uint AuxvEnd = 0;
    private const uint AuxvSysinfo = 32;
    private const uint AuxvSysinfoEhdr = 33;

    // GDT entries 14 and 15 in ring 3.
    private const uint UserCode = 0x73;
    private const uint UserData = 0x7b;

    private readonly IReadOnlyDictionary<Register, uint> _registers;
    private readonly List<(uint Address, byte[] Bytes, SegmentFlags Flags)> _memory = [];

    /// <summary>A process with these registers: the general ones and EIP.</summary>
    public I386Core(IReadOnlyDictionary<Register, uint> registers) => _registers = registers;

    /// <summary>Maps memory from the start of a page on, by rising address.</summary>
    public void Map(uint address, ReadOnlySpan<byte> bytes, SegmentFlags flags)
    {
        Assert.Equal(0u, address % PageSize);
        byte[] pages = new byte[(bytes.Length + PageSize - 1) / PageSize * PageSize];
        bytes.CopyTo(pages);
        _memory.Add((address, pages, flags));
    }

    /// <summary>The file.</summary>
    /// <param name="vsyscall">What the auxiliary vector says of the vsyscall page: its entry and its address.</param>
    public byte[] ToArray((uint Entry, uint Page) vsyscall)
    {
        byte[] notes =
        [
            .. ElfNote.Encode("CORE", NotePrStatus, Status()),
            .. ElfNote.Encode("CORE", NotePrPsInfo, PsInfo()),
            .. ElfNote.Encode("CORE", NoteAuxv, MemoryMarshal.AsBytes<uint>(
                [AuxvSysinfo, vsyscall.Entry, AuxvSysinfoEhdr, vsyscall.Page, AuxvEnd, 0])),
        ];
        uint offset = (uint)(ElfHeader.Size + (1 + _memory.Count) * ProgramHeader.Size);
        List<ProgramHeader> segments =
        [
            new() { Type = SegmentType.Note, Offset = offset, FileSize = (uint)notes.Length, Flags = SegmentFlags.Read, Alignment = 4 },
        ];
        offset = (offset + (uint)notes.Length + PageSize - 1) / PageSize * PageSize;
        byte[] file = new byte[offset + _memory.Sum(memory => memory.Bytes.Length)];
        notes.CopyTo(file, segments[0].Offset);
        foreach ((uint address, byte[] bytes, SegmentFlags flags) in _memory)
        {
            segments.Add(new ProgramHeader
            {
                Type = SegmentType.Load,
                Offset = offset,
                VirtualAddress = address,
                FileSize = (uint)bytes.Length,
                MemorySize = (uint)bytes.Length,
                Flags = flags,
                Alignment = PageSize,
            });
            bytes.CopyTo(file, offset);
            offset += (uint)bytes.Length;
        }

        MemoryMarshal.Write(file, new ElfHeader
        {
            Magic = ElfHeader.ElfMagic,
            Class = ElfHeader.Class32,
            Data = ElfHeader.LittleEndian,
            IdentVersion = ElfHeader.CurrentVersion,
            Type = ElfType.Core,
            Machine = ElfHeader.Machine386,
            Version = ElfHeader.CurrentVersion,
            ProgramHeaderOffset = ElfHeader.Size,
            HeaderSize = ElfHeader.Size,
            ProgramHeaderSize = ProgramHeader.Size,
            ProgramHeaderCount = (ushort)segments.Count,
        });
        MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(segments)).CopyTo(file.AsSpan(ElfHeader.Size));
        return file;
    }

    private static byte[] PsInfo()
    {
        byte[] info = new byte[PrPsInfoSize];
        MemoryMarshal.Write(info.AsSpan(PsInfoPidOffset), Pid);
        return info;
    }

    private byte[] Status()
    {
        uint[] registers =
        [
            _registers[Register.EBX],
            _registers[Register.ECX],
            _registers[Register.EDX],
            _registers[Register.ESI],
            _registers[Register.EDI],
            _registers[Register.EBP],
            _registers[Register.EAX],
            UserData,
            UserData,
            0,
            0,
            _registers[Register.EAX],
            _registers[Register.EIP],
            UserCode,
            0x202,
            _registers[Register.ESP],
            UserData,
        ];
        byte[] status = new byte[PrStatusSize];
        MemoryMarshal.Write(status.AsSpan(CurrentSignalOffset), SigTrap);
        MemoryMarshal.Write(status.AsSpan(PidOffset), Pid);
        MemoryMarshal.AsBytes<uint>(registers).CopyTo(status.AsSpan(RegistersOffset));
        return status;
    }
}
