// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;

namespace Kvmsys.Guest.Elf;

/// <summary>Notes as bytes.</summary>
public static class ElfNote
{
    private const int Alignment = 4;

    /// <summary>One note.</summary>
    /// <param name="owner">Who defines the type: "Linux", "CORE".</param>
    /// <param name="type">n_type.</param>
    /// <param name="description">The contents.</param>
    public static byte[] Encode(string owner, uint type, ReadOnlySpan<byte> description)
    {
        byte[] name = [.. Encoding.ASCII.GetBytes(owner), 0];
        byte[] note = new byte[NoteHeader.Size + Padded(name.Length) + Padded(description.Length)];
        NoteHeader header = new() { NameSize = (uint)name.Length, DescriptionSize = (uint)description.Length, Type = type };
        MemoryMarshal.Write(note, header);
        name.CopyTo(note, NoteHeader.Size);
        description.CopyTo(note.AsSpan(NoteHeader.Size + Padded(name.Length)));
        return note;
    }

    private static int Padded(int length) => (length + Alignment - 1) / Alignment * Alignment;
}
