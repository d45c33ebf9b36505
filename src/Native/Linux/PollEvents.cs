// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>What a file can be waited for: poll(2).</summary>
[Flags]
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It can be read.</summary>
    In = 1,

    /// <summary>It has something exceptional to say.</summary>
    Pri = 2,

    /// <summary>It can be written.</summary>
    Out = 4,

    /// <summary>It has an error; always told.</summary>
    Err = 8,

    /// <summary>The other end is closed; always told.</summary>
    Hup = 16,

    /// <summary>It is no open file; always told.</summary>
    Nval = 32,
}
