// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Kvmsys.Guest.Elf;

/// <summary>Strings out of a file that nobody vouches for, made fit for a terminal.</summary>
internal static class PrintableText
{
    /// <summary>The bytes up to the first zero, with what is not printable ASCII, and the backslash, as \x and two hexadecimal digits.</summary>
    /// <param name="bytes">The string, with or without a zero at its end.</param>
    /// <param name="maxLength">More bytes than this are cut off, and dots tell so.</param>
    public static string From(ReadOnlySpan<byte> bytes, int maxLength)
    {
        bool cut = bytes.Length > maxLength;
        int end = bytes[..Math.Min(bytes.Length, maxLength)].IndexOf((byte)0);
        ReadOnlySpan<byte> text = end >= 0 ? bytes[..end] : bytes[..Math.Min(bytes.Length, maxLength)];
        StringBuilder printable = new(text.Length + 3);
        foreach (byte value in text)
        {
            if (value is >= 0x20 and < 0x7f and not (byte)'\\')
            {
                printable.Append((char)value);
            }
            else
            {
                printable.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
            }
        }

        return end < 0 && cut ? printable.Append("...").ToString() : printable.ToString();
    }
}
