// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>Guest-physical memory that can be read: an image's, or a running machine's.</summary>
public interface IPhysicalMemory
{
    /// <summary>Reads a 32-bit word.</summary>
    /// <param name="address">Guest-physical address, a multiple of 4.</param>
    /// <param name="value">The word.</param>
    /// <returns>False when no memory is there.</returns>
    bool TryReadUInt32(uint address, out uint value);
}
