// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>How a program is run.</summary>
public sealed record ProcessOptions
{
    /// <summary>Guest memory where nothing is said: enough for most, and the host gives only what is touched.</summary>
    public const uint DefaultMemorySize = 256 << 20;

    /// <summary>argv[0] and the name that the program is told.</summary>
    public required string FileName { get; init; }

    /// <summary>Absolute path of the file: what /proc/self/exe links to.</summary>
    public required string FullPath { get; init; }

    /// <summary>Arguments behind argv[0].</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Arguments { get; init; } = [];

    /// <summary>The environment: NAME=VALUE each.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Folders below which the program may read files.</summary>
    public IReadOnlyList<string> ReadOnlyFolders { get; init; } = [];

    /// <summary>The program's descriptors 0, 1 and 2: those of this process, unless others are given. They are closed with the program's.</summary>
    public IReadOnlyList<OpenFile> StandardFiles { get; init; } = [OpenFile.Standard(0), OpenFile.Standard(1), OpenFile.Standard(2)];

    /// <summary>Absolute path of the working directory.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Guest-physical memory in bytes, a multiple of 4 MiB.</summary>
    public uint MemorySize { get; init; } = DefaultMemorySize;

    /// <summary>What the vsyscall page holds; null to let the CPU decide.</summary>
    public VsyscallVariant? Vsyscall { get; init; }

    /// <summary>Pages at fixed addresses below the vsyscall page.</summary>
    public IReadOnlyList<FixmapContents> Fixmap { get; init; } = [];

    /// <summary>Decides frames, process identifier, and what the program takes for random.</summary>
    public int Seed { get; init; }

    /// <summary>Is told what the program lacks.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}
