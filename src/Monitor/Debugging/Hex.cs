// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Kvmsys.Monitor.Debugging;

/// <summary>Numbers and bytes as GDB's remote serial protocol writes them.</summary>
internal static class Hex
{
    /// <summary>A digit's value; -1 when it is none.</summary>
    public static int Digit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    /// <summary>The digit of the lower four bits.</summary>
    public static byte DigitOf(int value) => "0123456789abcdef"u8[value & 0xf];

    /// <summary>Bytes as two digits each.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    /// <summary>The bytes of a text, as two digits each.</summary>
    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    /// <summary>A number of 32 bits: one to eight digits and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        return text.Length is > 0 and <= 8 && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Bytes: an even number of digits and nothing else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 2];
        return text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out int written) == System.Buffers.OperationStatus.Done && written == bytes.Length;
    }
}
