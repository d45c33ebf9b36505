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

    /// <summary>Bytes of a gate in long mode.</summary>
    public const int LongModeEntrySize = 16;

    /// <summary>Bytes of the table.</summary>
    public const int Size = Entries * EntrySize;

    /// <summary>Bytes of the table in long mode.</summary>
    public const int LongModeSize = Entries * LongModeEntrySize;

    private readonly int _entrySize;
    private readonly byte[] _bytes;

    /// <summary>An empty table.</summary>
    /// <param name="longMode">Whether it is one of long mode.</param>
    public Idt(bool longMode = false)
    {
        _entrySize = longMode ? LongModeEntrySize : EntrySize;
        _bytes = new byte[Entries * _entrySize];
    }

    /// <summary>The gate of a vector.</summary>
    public GateDescriptor this[int vector]
    {
        get => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(vector * _entrySize)));
        set => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(vector * _entrySize), value.Raw);
    }

    /// <summary>The table's bytes.</summary>
    public byte[] ToArray() => [.. _bytes];
}
