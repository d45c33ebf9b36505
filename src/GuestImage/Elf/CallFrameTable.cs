// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Text;

namespace Kvmsys.Guest.Elf;

/// <summary>
/// Call frame information for i386: by what rules to unwind from every instruction. As the two sections that a runtime finds by
/// PT_GNU_EH_FRAME (LSB Core, "Exception Frames").
/// </summary>
internal sealed class CallFrameTable(params IReadOnlyList<CallFrameGroup> groups)
{
    private const byte Version = 1;
    private const byte CodeAlignment = 1;

    // "zR": augmentation data has a length, and is the encoding of addresses.
    private const string Augmentation = "zR";

    // DW_EH_PE_*.
    private const byte Unsigned4 = 0x03;
    private const byte RelativeToItself = 0x1b;
    private const byte RelativeToIndex = 0x3b;

    private const byte AdvanceLocation = 0x40;
    private const uint LongestAdvance = 0x3f;

    private const int EntryAlignment = 4;
    private const byte Nop = 0;

    /// <summary>.eh_frame: an entry a group, and an entry a piece of code.</summary>
    /// <param name="address">Virtual address of the section.</param>
    public byte[] Frames(uint address) => Write(address).Section;

    /// <summary>.eh_frame_hdr: the pieces of code by rising address, for a search by halves.</summary>
    /// <param name="address">Virtual address of the section.</param>
    /// <param name="frames">Virtual address of .eh_frame.</param>
    public byte[] Index(uint address, uint frames)
    {
        List<(uint Code, uint Entry)> entries = Write(frames).Entries;
        List<byte> section = [Version, RelativeToItself, Unsigned4, RelativeToIndex];
        AddWord(section, frames - (address + (uint)section.Count));
        AddWord(section, (uint)entries.Count);
        foreach ((uint code, uint entry) in entries.OrderBy(entry => entry.Code))
        {
            AddWord(section, code - address);
            AddWord(section, entry - address);
        }

        return [.. section];
    }

    private static void AddWord(List<byte> section, uint word)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
        section.AddRange(bytes);
    }

    private static byte[] Encode(IReadOnlyList<CallFrameRow> rows)
    {
        List<byte> program = [];
        uint at = 0;
        foreach (CallFrameRow row in rows)
        {
            uint advance = row.Offset - at;
            if (advance > LongestAdvance)
            {
                throw new ArgumentException(
                    $"Rows 0x{at:x} and 0x{row.Offset:x} are not in order, or further apart than one instruction can say.");
            }

            if (advance != 0)
            {
                program.Add((byte)(AdvanceLocation | advance));
            }

            program.AddRange(row.Rules.SelectMany(rule => rule.Code));
            at = row.Offset;
        }

        return [.. program];
    }

    /// <summary>An entry's length, which does not count itself, and its body, filled up.</summary>
    private static void AddEntry(List<byte> section, List<byte> body)
    {
        while (body.Count % EntryAlignment != 0)
        {
            body.Add(Nop);
        }

        AddWord(section, (uint)body.Count);
        section.AddRange(body);
    }

    private (byte[] Section, List<(uint Code, uint Entry)> Entries) Write(uint address)
    {
        List<byte> section = [];
        List<(uint Code, uint Entry)> entries = [];
        foreach (CallFrameGroup group in groups)
        {
            int common = section.Count;
            List<byte> body = [];
            AddWord(body, 0);
            body.AddRange([Version, .. Encoding.ASCII.GetBytes(Augmentation), 0, CodeAlignment, .. Leb128.Signed(-CallFrameRule.Word)]);
            body.AddRange([(byte)I386DwarfRegister.Eip, sizeof(byte), RelativeToItself, .. group.Initial.SelectMany(rule => rule.Code)]);
            AddEntry(section, body);
            foreach (CallFrame frame in group.Frames)
            {
                entries.Add((frame.Address, address + (uint)section.Count));
                body = [];

                // Both are distances from the place where they stand, which is behind the entry's length and what the body has by then.
                AddWord(body, (uint)(section.Count + sizeof(uint) - common));
                AddWord(body, frame.Address - (address + (uint)(section.Count + sizeof(uint) + body.Count)));
                AddWord(body, frame.Length);
                body.AddRange([0, .. Encode(frame.Rows)]);
                AddEntry(section, body);
            }
        }

        return ([.. section], entries);
    }
}
