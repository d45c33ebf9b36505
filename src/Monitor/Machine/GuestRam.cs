// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest;
using Kvmsys.Guest.Paging;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Machine;

/// <summary>A guest's physical memory in the monitor: one mapping, from guest-physical address 0 on.</summary>
public sealed class GuestRam : IPhysicalMemory, IDisposable
{
    /// <summary>Zero-filled memory of that many bytes.</summary>
    /// <exception cref="Native.KvmException">There is not so much memory (ENOMEM).</exception>
    public GuestRam(uint size) => Mapping = MemoryMapping.Anonymous(size);

    /// <summary>The mapping, for a memory slot.</summary>
    public MemoryMapping Mapping { get; }

    /// <summary>Copies an image's bytes to where they belong.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image is larger than the memory.</exception>
    public void Load(GuestImage image)
    {
        foreach (PhysicalRange range in image.Ranges)
        {
            Span<byte> target = Mapping.Slice(range.Address, range.Bytes.Length);

            // The runtime's copy reads a byte of its target first. On fresh memory that is a page fault for a page of zeros, and the write
            // that follows is a second one: so write first.
            target[0] = 0;
            range.Bytes.Span.CopyTo(target);
        }
    }

    /// <summary>Reads a structure. A running guest may change it at any time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie in the memory.</exception>
    public unsafe T Read<T>(uint address)
        where T : unmanaged => MemoryMarshal.Read<T>(Mapping.Slice(address, sizeof(T)));

    /// <summary>Writes a structure.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It would not lie in the memory.</exception>
    public unsafe void Write<T>(uint address, in T value)
        where T : unmanaged => MemoryMarshal.Write(Mapping.Slice(address, sizeof(T)), in value);

    /// <inheritdoc/>
    public bool TryReadUInt32(uint address, out uint value)
    {
        bool inside = (nuint)address + sizeof(uint) <= Mapping.Length;
        value = inside ? Read<uint>(address) : 0;
        return inside;
    }

    /// <summary>Reads bytes at a linear address, as far as pages are mapped.</summary>
    /// <param name="tables">The page tables; null when paging is off.</param>
    /// <param name="linearAddress">First byte.</param>
    /// <param name="bytes">Filled from its beginning.</param>
    /// <returns>How many bytes were read.</returns>
    public int ReadLinear(PageTableRoot? tables, uint linearAddress, Span<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            uint linear = linearAddress + (uint)done;
            uint? physical = tables is PageTableRoot root ? PageWalk.Walk(this, root, linear).PhysicalAddress : linear;
            int inPage = (int)Math.Min((uint)(bytes.Length - done), PageTableBuilder.PageSize - (linear % PageTableBuilder.PageSize));
            if (physical is not uint address || (nuint)address + (nuint)inPage > Mapping.Length)
            {
                break;
            }

            Mapping.Slice(address, inPage).CopyTo(bytes[done..]);
            done += inPage;
        }

        return done;
    }

    /// <inheritdoc/>
    public void Dispose() => Mapping.Dispose();
}
