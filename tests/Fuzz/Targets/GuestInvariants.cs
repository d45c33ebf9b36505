// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Monitor.Linux;
using static Kvmsys.Fuzz.Targets.BrokenInvariantException;

namespace Kvmsys.Fuzz.Targets;

/// <summary>What holds of a guest's memory and files, whatever its program has done.</summary>
internal sealed class GuestInvariants
{
    private const uint PageSize = PageTableBuilder.PageSize;
    private const int Entries = 1024;
    private const int UserTables = (int)(KernelLayout.PageOffset >> 22);
    private const int FirstDescriptorToLookAt = 3;
    private const int DescriptorsToLookAt = 64;

    private readonly StandInGuest _guest;
    private readonly uint _directory;
    private readonly byte[] _kernel;
    private readonly byte[] _kernelDirectory;
    private readonly List<(uint Frame, byte[] Contents)> _kernelFrames = [];
    private readonly bool[] _used = new bool[StandInGuest.MemorySize / PageSize];
    private readonly HashSet<GuestFile> _knownFiles = [];

    /// <summary>Those of a guest that has not run yet.</summary>
    public GuestInvariants(StandInGuest guest)
    {
        _guest = guest;
        _directory = guest.Image.InitialState.Cr3;
        _kernel = Kernel().ToArray();
        _kernelDirectory = KernelDirectory().ToArray();

        // The fixmap's tables and pages; the large pages are all of memory.
        foreach (uint entry in MemoryMarshal.Cast<byte, uint>(_kernelDirectory))
        {
            if (entry != 0 && ((PageFlags)entry & PageFlags.Large) == 0)
            {
                Remember(entry & ~(PageSize - 1));
                foreach (uint page in Table(entry & ~(PageSize - 1)))
                {
                    if (page != 0)
                    {
                        Remember(page & ~(PageSize - 1));
                    }
                }
            }
        }

        for (int descriptor = 0; descriptor < FirstDescriptorToLookAt; descriptor++)
        {
            _knownFiles.Add(guest.Process.Files[descriptor]!);
        }

        Check();
    }

    /// <summary>Checks all of it.</summary>
    /// <exception cref="BrokenInvariantException">Something does not hold.</exception>
    public void Check()
    {
        CheckRegions();
        CheckKernel();
        CheckFiles();
        if (!_guest.HasUpdatesAhead)
        {
            CheckPageTables();
        }
    }

    /// <summary>Checks what takes longer: that a frame that is free holds nothing that its next owner could read.</summary>
    public void CheckFreeFrames()
    {
        if (_guest.HasUpdatesAhead)
        {
            return;
        }

        CheckPageTables();
        for (uint frame = KernelLayout.FirstFreeFrame; frame < StandInGuest.MemorySize; frame += PageSize)
        {
            ThrowUnless(_used[frame / PageSize] || _guest.Ram.Mapping.Slice(frame, (int)PageSize).IndexOfAnyExcept((byte)0) < 0, frame);
        }
    }

    private void Remember(uint frame) => _kernelFrames.Add((frame, _guest.Ram.Mapping.Slice(frame, (int)PageSize).ToArray()));

    private Span<byte> Kernel() =>
        _guest.Ram.Mapping.Slice(KernelLayout.Physical(KernelLayout.Start), (int)(KernelLayout.End - KernelLayout.Start));

    private Span<byte> KernelDirectory() =>
        _guest.Ram.Mapping.Slice(_directory + (UserTables * sizeof(uint)), (Entries - UserTables) * sizeof(uint));

    private Span<uint> Table(uint frame) => MemoryMarshal.Cast<byte, uint>(_guest.Ram.Mapping.Slice(frame, (int)PageSize));

    private void CheckRegions()
    {
        MemoryRegions regions = _guest.Process.Memory.Regions;
        ThrowUnless(regions.Count <= MemoryRegions.Max, regions.Count);
        uint end = AddressSpace.MinAddress;
        for (int i = 0; i < regions.Count; i++)
        {
            MemoryRegion region = regions[i];
            ThrowUnless(region.Start % PageSize == 0 && region.End % PageSize == 0 && region.Start < region.End, region);
            ThrowUnless(region.Start >= end && region.End <= KernelLayout.PageOffset, region);
            end = region.End;
        }
    }

    /// <summary>The kernel's code and tables are what they were, but for what its own entries and the monitor write.</summary>
    private void CheckKernel()
    {
        ReadOnlySpan<(uint Start, uint Length)> changing =
        [
            (KernelLayout.TaskStruct + TaskStruct.Cr2, sizeof(uint)),
            (KernelLayout.Gdt + (6 * sizeof(ulong)), 3 * sizeof(ulong)),
            (KernelLayout.PageTableUpdates, PageSize),
            (KernelLayout.ThreadUnion + ThreadInfo.Flags, sizeof(uint)),
            (KernelLayout.KernelStack - 0x100, 0x108),
        ];
        Span<byte> kernel = Kernel();
        int checkedTo = 0;
        foreach ((uint start, uint length) in changing)
        {
            int at = (int)(start - KernelLayout.Start);
            CheckSame(kernel, checkedTo, at);
            checkedTo = at + (int)length;
        }

        CheckSame(kernel, checkedTo, kernel.Length);
        ThrowUnless(KernelDirectory().SequenceEqual(_kernelDirectory));
        foreach ((uint frame, byte[] contents) in _kernelFrames)
        {
            ThrowUnless(_guest.Ram.Mapping.Slice(frame, contents.Length).SequenceEqual(contents), frame);
        }

        // A program that could set the kernel's flags could make it trace, or worse.
        ThrowUnless(_guest.Ram.Read<uint>(KernelLayout.Physical(KernelLayout.ThreadUnion) + ThreadInfo.Flags) is 0 or ThreadInfo.Iret);
    }

    private void CheckSame(Span<byte> kernel, int start, int end) =>
        ThrowUnless(kernel[start..end].SequenceEqual(_kernel.AsSpan(start, end - start)), $"0x{start:x} to 0x{end:x}");

    /// <summary>The tables that the CPU walks map what the regions say, each page to a frame of its own, and every frame is somewhere.</summary>
    private void CheckPageTables()
    {
        Array.Clear(_used);
        Use(_directory);
        int used = 1;
        foreach ((uint frame, byte[] _) in _kernelFrames)
        {
            Use(frame);
            used++;
        }

        MemoryRegions regions = _guest.Process.Memory.Regions;
        int next = 0;
        Span<uint> directory = Table(_directory);
        for (int i = 0; i < UserTables; i++)
        {
            if (directory[i] == 0)
            {
                continue;
            }

            ThrowUnless((directory[i] & (PageSize - 1)) == (uint)LinuxProtection.PageTable, directory[i]);
            uint table = directory[i] & ~(PageSize - 1);
            Use(table);
            used++;
            Span<uint> entries = Table(table);
            for (int j = entries.IndexOfAnyExcept(0u); j >= 0 && j < Entries; j++)
            {
                if (entries[j] == 0)
                {
                    continue;
                }

                uint address = ((uint)i << 22) | ((uint)j << 12);
                while (next < regions.Count && regions[next].End <= address)
                {
                    next++;
                }

                ThrowUnless(next < regions.Count && regions[next].Start <= address, address);
                ThrowUnless((entries[j] & (PageSize - 1)) == (uint)LinuxProtection.Of(regions[next].Protection), $"0x{address:x} 0x{entries[j]:x} {regions[next]}");
                Use(entries[j] & ~(PageSize - 1));
                used++;
            }
        }

        ThrowUnless(used + _guest.Process.Memory.FreePages == (StandInGuest.MemorySize - KernelLayout.FirstFreeFrame) / PageSize, used);
    }

    private void Use(uint frame)
    {
        ThrowUnless(frame is >= KernelLayout.FirstFreeFrame and < StandInGuest.MemorySize, frame);
        ThrowUnless(!_used[frame / PageSize], frame);
        _used[frame / PageSize] = true;
    }

    /// <summary>Whatever the program has opened lies in the folder that it was granted.</summary>
    private void CheckFiles()
    {
        FileTable files = _guest.Process.Files;
        for (int descriptor = FirstDescriptorToLookAt; descriptor < DescriptorsToLookAt; descriptor++)
        {
            if (files[descriptor] is GuestFile file && _knownFiles.Add(file))
            {
                string target = new FileInfo($"/proc/self/fd/{file.Host.Descriptor}").LinkTarget!;
                ThrowUnless(IsGranted(target) ? !file.CanWrite : target == "/dev/null" || target.StartsWith("pipe:", StringComparison.Ordinal), target);
            }
        }

        ThrowUnless(IsGranted(System.Text.Encoding.UTF8.GetString(files.WorkingDirectory)));
    }

    private static bool IsGranted(string path) => path == Sandbox.Granted || path.StartsWith(Sandbox.Granted + "/", StringComparison.Ordinal);
}
