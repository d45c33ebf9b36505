// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Dyn: an entry of the dynamic section (System V gABI, chapter 5, "Dynamic Section").</summary>
/// <param name="tag">d_tag.</param>
/// <param name="value">d_val or d_ptr.</param>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DynamicEntry(DynamicTag tag, uint value)
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 8;

    /// <summary>d_tag.</summary>
    public DynamicTag Tag = tag;

    /// <summary>d_val or d_ptr: a number, a virtual address, or an offset into the strings, as the tag says.</summary>
    public uint Value = value;
}
