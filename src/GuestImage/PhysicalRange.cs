// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest;

/// <summary>Bytes at a guest-physical address.</summary>
/// <param name="Address">Guest-physical address of the first byte.</param>
/// <param name="Bytes">The bytes.</param>
public readonly record struct PhysicalRange(uint Address, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>First address after the range.</summary>
    public ulong End => (ulong)Address + (ulong)Bytes.Length;
}
