// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Guest.Descriptors;

/// <summary>An interrupt descriptor table of 256 gates; one that is not set is not present.</summary>
public sealed class Idt
{
    /// <summary>Number of gates.</summary>
    public const int Entries = 256;

    /// <summary>Bytes of a gate.</summary>
    public const int EntrySize = sizeof(ulong);

    /// <summary>Bytes of the table.</summary>
    public const int Size = Entries * EntrySize;

    private readonly byte[] _bytes = new byte[Size];

    /// <summary>The gate of a vector.</summary>
    public GateDescriptor this[int vector]
    {
        get => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(vector * EntrySize)));
        set => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(vector * EntrySize), value.Raw);
    }

    /// <summary>The table's bytes.</summary>
    public byte[] ToArray() => [.. _bytes];
}
