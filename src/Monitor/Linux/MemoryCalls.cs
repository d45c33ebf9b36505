// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about memory.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
internal sealed class MemoryCalls(AddressSpace memory, FileTable files)
{
    private const uint MapShared = 1;
    private const uint MapPrivate = 2;
    private const uint MapTypeMask = 0xf;
    private const uint MapFixed = 0x10;
    private const uint MapAnonymous = 0x20;
    private const uint MapFixedNoReplace = 0x100000;
    private const uint RemapMayMove = 1;
    private const uint RemapFixed = 2;
    private const uint ProtectionMask = 7;

    // PROT_GROWSDOWN: from the stack's beginning on.
    private const uint ProtectDownwards = 0x01000000;
    private const uint AdviseDontNeed = 4;
    private const uint AdviseFree = 8;
    private const uint PageSize = PageTableBuilder.PageSize;

    /// <summary>brk.</summary>
    public Answer Brk(CallContext call) => memory.SetBreak(call.Ebx);

    /// <summary>mmap2: the offset counts pages.</summary>
    public Answer Mmap2(CallContext call) => Map(call.Ebx, call.Ecx, call.Edx, call.Esi, call.Edi, (ulong)call.Ebp * PageSize);

    /// <summary>mmap: its six arguments lie in memory, and the offset counts bytes.</summary>
    public Answer OldMmap(CallContext call)
    {
        Span<uint> a = stackalloc uint[6];
        if (!memory.TryRead(call.Ebx, System.Runtime.InteropServices.MemoryMarshal.AsBytes(a)))
        {
            return Errno.EFAULT;
        }

        return a[5] % PageSize != 0 ? Errno.EINVAL : Map(a[0], a[1], a[2], a[3], a[4], a[5]);
    }

    /// <summary>munmap.</summary>
    public Answer Munmap(CallContext call)
    {
        if (!AddressSpace.TryRoundUp(call.Ecx, out uint length) || !AddressSpace.IsRange(call.Ebx, length))
        {
            return Errno.EINVAL;
        }

        // What makes a hole makes one region more. Others must go on working, so that a program can get back below the limit.
        uint end = call.Ebx + length;
        if (memory.Regions.At(call.Ebx) is MemoryRegion region && region.Start < call.Ebx && end < region.End && !memory.Regions.MaySplit)
        {
            return Errno.ENOMEM;
        }

        memory.Unmap(call.Ebx, length);
        return 0;
    }

    /// <summary>mprotect.</summary>
    public Answer Mprotect(CallContext call)
    {
        if (call.Ebx % PageSize != 0 || (call.Edx & ~(ProtectionMask | ProtectDownwards)) != 0)
        {
            return Errno.EINVAL;
        }

        if (call.Ecx == 0)
        {
            return 0;
        }

        if (!AddressSpace.TryRoundUp(call.Ecx, out uint length) || !AddressSpace.IsRange(call.Ebx, length))
        {
            return Errno.ENOMEM;
        }

        uint start = call.Ebx;
        if ((call.Edx & ProtectDownwards) != 0)
        {
            if (memory.Regions.At(start) is not { GrowsDown: true } stack)
            {
                return Errno.EINVAL;
            }

            (start, length) = (stack.Start, length + (start - stack.Start));
        }

        return memory.Protect(start, length, ProtectionOf(call.Edx));
    }

    /// <summary>mremap.</summary>
    public Answer Mremap(CallContext call)
    {
        (uint old, uint flags) = (call.Ebx, call.Esi);
        if (old % PageSize != 0
            || (flags & ~(RemapMayMove | RemapFixed)) != 0
            || (flags & (RemapMayMove | RemapFixed)) == RemapFixed
            || call.Edx == 0
            || !AddressSpace.TryRoundUp(call.Ecx, out uint oldLength)
            || !AddressSpace.TryRoundUp(call.Edx, out uint newLength))
        {
            return Errno.EINVAL;
        }

        // A length of 0 would make a second mapping of shared pages; there are none here.
        if (oldLength == 0 || !AddressSpace.IsRange(old, oldLength) || memory.Regions.At(old) is not MemoryRegion region || region.End - old < oldLength)
        {
            return oldLength == 0 ? Errno.EINVAL : Errno.EFAULT;
        }

        if ((flags & RemapFixed) != 0)
        {
            return MoveTo(call.Edi, old, oldLength, newLength, region.Protection);
        }

        if (newLength <= oldLength)
        {
            if (newLength < oldLength)
            {
                if (!memory.Regions.MaySplit)
                {
                    return Errno.ENOMEM;
                }

                memory.Unmap(old + newLength, oldLength - newLength);
            }

            return old;
        }

        uint end = old + oldLength;
        uint more = newLength - oldLength;
        if (region.End == end && AddressSpace.IsValid(end, more) && memory.Regions.IsFree(end, more))
        {
            Errno error = memory.Map(end, more, region.Protection);
            return error == default ? old : error;
        }

        if ((flags & RemapMayMove) == 0 || !memory.TryFindFree(0, newLength, out uint target))
        {
            return Errno.ENOMEM;
        }

        return MoveTo(target, old, oldLength, newLength, region.Protection);
    }

    /// <summary>madvise: MADV_DONTNEED is the one that a program can see.</summary>
    public Answer Madvise(CallContext call)
    {
        if (call.Ebx % PageSize != 0 || !AddressSpace.TryRoundUp(call.Ecx, out uint length))
        {
            return Errno.EINVAL;
        }

        // MADV_NORMAL to MADV_DONTNEED, MADV_FREE to MADV_POPULATE_WRITE.
        if (call.Edx is not (<= AdviseDontNeed or (>= AdviseFree and <= 23)))
        {
            return Errno.EINVAL;
        }

        if (length == 0)
        {
            return 0;
        }

        if (!AddressSpace.IsRange(call.Ebx, length) || !memory.Regions.IsMapped(call.Ebx, length))
        {
            return Errno.ENOMEM;
        }

        if (call.Edx is AdviseDontNeed or AdviseFree)
        {
            memory.Discard(call.Ebx, length);
        }

        return 0;
    }

    private static SegmentFlags ProtectionOf(uint protection)
    {
        const uint read = 1;
        const uint write = 2;
        const uint execute = 4;
        return ((protection & read) != 0 ? SegmentFlags.Read : 0)
            | ((protection & write) != 0 ? SegmentFlags.Write : 0)
            | ((protection & execute) != 0 ? SegmentFlags.Execute : 0);
    }

    private Answer MoveTo(uint target, uint old, uint oldLength, uint newLength, SegmentFlags protection)
    {
        if (!AddressSpace.IsValid(target, newLength) || (target < old + oldLength && old < target + newLength))
        {
            return Errno.EINVAL;
        }

        if (newLength / PageSize > memory.MemoryPages || !memory.Regions.MaySplit)
        {
            return Errno.ENOMEM;
        }

        memory.Unmap(target, newLength);
        uint moved = Math.Min(oldLength, newLength);
        if (memory.Move(old, target, moved, protection) is Errno failure and not default(Errno))
        {
            return failure;
        }

        memory.Unmap(old, oldLength);
        if (newLength > moved)
        {
            Errno error = memory.Map(target + moved, newLength - moved, protection);
            return error == default ? target : error;
        }

        return target;
    }

    private Answer Map(uint hint, uint size, uint protection, uint flags, uint descriptor, ulong offset)
    {
        // An anonymous mapping is nobody else's here, whether it is shared or private.
        if (size == 0 || (flags & MapTypeMask) is not (MapShared or MapPrivate or (MapShared | MapPrivate)))
        {
            return Errno.EINVAL;
        }

        if (!AddressSpace.TryRoundUp(size, out uint length) || length > KernelLayout.PageOffset)
        {
            return Errno.ENOMEM;
        }

        GuestFile? file = null;
        if ((flags & MapAnonymous) == 0)
        {
            Errno refused = files.CheckMapping((int)descriptor, (flags & MapTypeMask) != MapPrivate && ProtectionOf(protection).HasFlag(SegmentFlags.Write), out file);
            if (refused != default)
            {
                return refused;
            }
        }

        uint start = hint;
        if ((flags & (MapFixed | MapFixedNoReplace)) != 0)
        {
            if (start % PageSize != 0)
            {
                return Errno.EINVAL;
            }

            if (!AddressSpace.IsValid(start, length))
            {
                return start < AddressSpace.MinAddress ? Errno.EPERM : Errno.ENOMEM;
            }

            if ((flags & MapFixedNoReplace) != 0 && !memory.Regions.IsFree(start, length))
            {
                return Errno.EEXIST;
            }
        }
        else if (!memory.TryFindFree(hint, length, out start))
        {
            return Errno.ENOMEM;
        }

        // A file's bytes are copied, so the pages must be writable until they are there.
        Errno error = memory.Map(start, length, file is null ? ProtectionOf(protection) : SegmentFlags.Read | SegmentFlags.Write);
        if (error == default && file is not null)
        {
            error = Fill(start, length, file, offset);
            if (error == default)
            {
                error = memory.Protect(start, length, ProtectionOf(protection));
            }

            if (error != default)
            {
                memory.Unmap(start, length);
            }
        }

        return error == default ? start : error;
    }

    private Errno Fill(uint start, uint length, GuestFile file, ulong offset)
    {
        byte[] page = new byte[PageSize];
        for (uint done = 0; done < length; done += PageSize)
        {
            int read = file.Host.ReadAt(page, (long)(offset + done));
            if (read < 0)
            {
                return (Errno)(-read);
            }

            if (read == 0)
            {
                break;
            }

            if (!memory.TryWrite(start + done, page.AsSpan(0, read)))
            {
                return Errno.ENOMEM;
            }
        }

        return default;
    }
}
