// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Offsets in this kernel's task structure; Linux's own depend on its configuration.</summary>
public static class TaskStruct
{
    /// <summary>CR2 at the last page fault, before another one can change it.</summary>
    public const int Cr2 = 0x00;

    /// <summary>The process identifier, as getpid answers it; with one thread also the thread's, and the process group's.</summary>
    public const int Tgid = 0xa8;

    /// <summary>The parent's process identifier.</summary>
    public const int Ppid = 0xac;

    /// <summary>The user, real and effective.</summary>
    public const int Uid = 0xb0;

    /// <summary>The group, real and effective.</summary>
    public const int Gid = 0xb4;

    /// <summary>Bytes of the structure.</summary>
    public const int Size = 0x100;
}
