// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>O_ flags of open(2), which have the same values on i386 and on x86-64.</summary>
internal static class OpenFlags
{
    /// <summary>O_ACCMODE: reading, writing, or both.</summary>
    public const int AccessMode = 3;

    /// <summary>O_RDONLY.</summary>
    public const int ReadOnly = 0;

    /// <summary>O_WRONLY.</summary>
    public const int WriteOnly = 1;

    /// <summary>O_CREAT.</summary>
    public const int Create = 0x40;

    /// <summary>O_EXCL.</summary>
    public const int Exclusive = 0x80;

    /// <summary>O_TRUNC.</summary>
    public const int Truncate = 0x200;

    /// <summary>O_APPEND.</summary>
    public const int Append = 0x400;

    /// <summary>O_NONBLOCK.</summary>
    public const int NonBlock = 0x800;

    /// <summary>O_DIRECTORY.</summary>
    public const int Directory = 0x10000;

    /// <summary>O_NOFOLLOW.</summary>
    public const int NoFollow = 0x20000;

    /// <summary>O_CLOEXEC.</summary>
    public const int CloseOnExec = 0x80000;

    /// <summary>O_PATH: for asking about the file only.</summary>
    public const int Path = 0x200000;
}
