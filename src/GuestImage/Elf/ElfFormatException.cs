// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>A file that is no program for this guest. The message is one line of printable ASCII that names the cause with its values.</summary>
public sealed class ElfFormatException : Exception
{
    /// <summary>A file that cannot be loaded.</summary>
    /// <param name="message">Why.</param>
    public ElfFormatException(string message)
        : base(message)
    {
    }
}
