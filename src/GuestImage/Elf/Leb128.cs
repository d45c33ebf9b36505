// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>Numbers of variable length (DWARF 4, section 7.6): seven bits a byte, the least first; bit 7 says that more follow.</summary>
internal static class Leb128
{
    private const int PayloadMask = 0x7f;
    private const int SignBit = 0x40;
    private const byte More = 0x80;

    /// <summary>ULEB128.</summary>
    public static byte[] Unsigned(uint value)
    {
        List<byte> bytes = [];
        for (; value > PayloadMask; value >>= 7)
        {
            bytes.Add((byte)(value | More));
        }

        return [.. bytes, (byte)value];
    }

    /// <summary>SLEB128: ends where bit 6 of the last byte is the sign.</summary>
    public static byte[] Signed(int value)
    {
        List<byte> bytes = [];
        for (; value is < -SignBit or >= SignBit; value >>= 7)
        {
            bytes.Add((byte)(value | More));
        }

        return [.. bytes, (byte)(value & PayloadMask)];
    }
}
