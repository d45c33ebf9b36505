// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Offsets in this kernel's task structure; Linux's own depend on its configuration.</summary>
internal static class TaskStruct
{
    /// <summary>The process identifier, as getpid answers it.</summary>
    public const int Tgid = 0xa8;

    /// <summary>Bytes of the structure.</summary>
    public const int Size = 0x100;
}
