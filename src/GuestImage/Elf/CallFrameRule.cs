// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>
/// How to find, from a frame's registers, one register of its caller, or the canonical frame address: what the caller's ESP was before it
/// pushed the return address (DWARF 4, section 6.4.2).
/// </summary>
/// <param name="Code">The call frame instruction.</param>
internal readonly record struct CallFrameRule(byte[] Code)
{
    /// <summary>Bytes of a word on the stack: minus the data alignment factor of every table here.</summary>
    public const int Word = 4;

    private const byte DefineCfa = 0x0c;
    private const byte DefineCfaOffset = 0x0e;
    private const byte DefineCfaExpression = 0x0f;
    private const byte Expression = 0x10;
    private const byte Offset = 0x80;
    private const byte Restore = 0xc0;

    private const byte OperationBaseRegister = 0x70;
    private const byte OperationDereference = 0x06;

    /// <summary>The canonical frame address is so many bytes above a register.</summary>
    public static CallFrameRule Cfa(I386DwarfRegister register, uint offset) =>
        new([DefineCfa, .. Leb128.Unsigned((uint)register), .. Leb128.Unsigned(offset)]);

    /// <summary>The canonical frame address is so many bytes above the same register as before.</summary>
    public static CallFrameRule CfaOffset(uint offset) => new([DefineCfaOffset, .. Leb128.Unsigned(offset)]);

    /// <summary>The canonical frame address is in memory, so many bytes above a register.</summary>
    public static CallFrameRule CfaInMemory(I386DwarfRegister register, int offset) =>
        new([DefineCfaExpression, .. Block([.. Address(register, offset), OperationDereference])]);

    /// <summary>The caller's register is in memory, so many bytes below the canonical frame address.</summary>
    public static CallFrameRule Saved(I386DwarfRegister register, uint below) =>
        new([(byte)(Offset | (int)register), .. Leb128.Unsigned(below / Word)]);

    /// <summary>The caller's register is in memory, so many bytes above another register.</summary>
    public static CallFrameRule SavedAt(I386DwarfRegister register, I386DwarfRegister above, int offset) =>
        new([Expression, .. Leb128.Unsigned((uint)register), .. Block(Address(above, offset))]);

    /// <summary>The caller's register is found as at the routine's first instruction.</summary>
    public static CallFrameRule Restored(I386DwarfRegister register) => new([(byte)(Restore | (int)register)]);

    private static byte[] Address(I386DwarfRegister register, int offset) =>
        [(byte)(OperationBaseRegister | (int)register), .. Leb128.Signed(offset)];

    private static byte[] Block(byte[] expression) => [.. Leb128.Unsigned((uint)expression.Length), .. expression];
}
