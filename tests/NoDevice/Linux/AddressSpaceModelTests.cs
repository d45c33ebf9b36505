// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Fuzz.Targets;
using Kvmsys.Guest.Elf;
using Kvmsys.Monitor.Linux;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>Whatever a program does with its memory: each page is what a table of single pages says.</summary>
public sealed class AddressSpaceModelTests
{
    private const uint PageSize = 0x1000;
    private const int Pages = 32;

    // Half of it lies beyond the border of a page table.
    private const uint Base = 0x10400000 - (Pages / 2 * PageSize);

    private static readonly SegmentFlags[] Protections =
        [SegmentFlags.None, SegmentFlags.Read, SegmentFlags.Read | SegmentFlags.Write, SegmentFlags.Read | SegmentFlags.Execute];

    [Property(MaxTest = 300)]
    public void It_agrees_with_a_table_of_pages((byte What, byte Page, byte Count, byte Value)[] steps)
    {
        using StandInGuest guest = new();
        GuestInvariants invariants = new(guest);
        AddressSpace memory = guest.Process.Memory;
        Dictionary<int, (SegmentFlags Protection, byte Contents)> model = [];
        foreach ((byte what, byte page, byte count, byte value) in steps)
        {
            int first = page % Pages;
            int[] pages = [.. Enumerable.Range(first, Math.Min((count % 8) + 1, Pages - first))];
            (uint start, uint length) = (AddressOf(first), (uint)pages.Length * PageSize);
            SegmentFlags protection = Protections[value % Protections.Length];
            bool allMapped = pages.All(model.ContainsKey);
            switch (what % 6)
            {
                case 0:
                    Assert.Equal(default, memory.Map(start, length, protection));
                    Array.ForEach(pages, at => model[at] = (protection, 0));
                    break;
                case 1:
                    memory.Unmap(start, length);
                    Array.ForEach(pages, at => model.Remove(at));
                    break;
                case 2:
                    Assert.Equal(allMapped ? default : Errno.ENOMEM, memory.Protect(start, length, protection));
                    Array.ForEach(pages.TakeWhile(model.ContainsKey).ToArray(), at => model[at] = (protection, model[at].Contents));

                    break;
                case 3:
                    memory.Discard(start, length);
                    Array.ForEach(pages.Where(model.ContainsKey).ToArray(), at => model[at] = (model[at].Protection, 0));
                    break;
                case 4:
                    bool canWrite = model.TryGetValue(first, out (SegmentFlags Protection, byte Contents) entry) && entry.Protection.HasFlag(SegmentFlags.Write);
                    Assert.Equal(canWrite, memory.TryWrite(start, value));
                    if (canWrite)
                    {
                        model[first] = (entry.Protection, value);
                    }

                    break;
                default:
                    int target = value % Pages;
                    int[] targets = [.. Enumerable.Range(target, pages.Length)];
                    bool one = allMapped && pages.All(at => model[at].Protection == model[first].Protection);
                    if (one && target + pages.Length <= Pages && !targets.Any(model.ContainsKey))
                    {
                        Assert.Equal(default, memory.Move(start, AddressOf(target), length, model[first].Protection));
                        foreach (int at in pages)
                        {
                            model.Remove(at, out entry);
                            model[at - first + target] = entry;
                        }
                    }

                    break;
            }

            Compare(memory, model);
        }

        // The next system call brings the page tables up to date.
        guest.Call(Syscall.umask);
        invariants.CheckFreeFrames();
        foreach ((int page, (SegmentFlags protection, byte contents)) in model.Where(entry => entry.Value.Protection != SegmentFlags.None))
        {
            Assert.Equal([contents], guest.Read(AddressOf(page), 1));
            Assert.Equal(protection.HasFlag(SegmentFlags.Write), guest.Touch(AddressOf(page), write: true, out _));
        }
    }

    private static uint AddressOf(int page) => Base + ((uint)page * PageSize);

    private static void Compare(AddressSpace memory, Dictionary<int, (SegmentFlags Protection, byte Contents)> model)
    {
        for (int page = 0; page < Pages; page++)
        {
            uint address = AddressOf(page);
            bool isMapped = model.TryGetValue(page, out (SegmentFlags Protection, byte Contents) entry);
            Assert.Equal(isMapped ? entry.Protection : null, memory.Regions.At(address + 0xabc)?.Protection);
            Assert.Equal((isMapped, !isMapped), (memory.Regions.IsMapped(address, PageSize), memory.Regions.IsFree(address, PageSize)));
        }

        // Neighbours that are alike are one.
        foreach ((MemoryRegion one, MemoryRegion next) in memory.Regions.Zip(memory.Regions.Skip(1)))
        {
            Assert.True(one.End < next.Start || (one.End == next.Start && (one.Protection != next.Protection || one.GrowsDown != next.GrowsDown)), $"{one} {next}");
        }
    }
}
