// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Programs;

/// <summary>What a program is told when it starts. Texts are bytes without the final zero, and have none inside.</summary>
public sealed record ProcessStart
{
    /// <summary>Bytes of <see cref="RandomBytes"/>.</summary>
    public const int RandomSize = 16;

    /// <summary>Name of its file.</summary>
    public required ReadOnlyMemory<byte> FileName { get; init; }

    /// <summary>argv.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Arguments { get; init; }

    /// <summary>envp: NAME=VALUE each.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Environment { get; init; }

    /// <summary>AT_RANDOM's bytes: C libraries make their stack guard of them.</summary>
    public required ReadOnlyMemory<byte> RandomBytes { get; init; }

    /// <summary>CPUID's leaf 1, EDX.</summary>
    public uint HardwareCapabilities { get; init; }

    /// <summary>The user.</summary>
    public uint Uid { get; init; }

    /// <summary>The group.</summary>
    public uint Gid { get; init; }
}
