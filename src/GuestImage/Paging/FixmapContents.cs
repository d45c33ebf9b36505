// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>Bytes that a guest shall find at a fixed virtual address, whatever frames they get: <see cref="I386GuestOptions.Fixmap"/>.</summary>
/// <param name="Name">Symbol of the first byte.</param>
/// <param name="Bytes">The bytes; as many pages as they need, the rest of the last is zero.</param>
public sealed record FixmapContents(string Name, ReadOnlyMemory<byte> Bytes);
