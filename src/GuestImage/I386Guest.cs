// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Guest;

/// <summary>
/// An i386 guest: a kernel mapped high and for ring 0 only, a program and its stack mapped low, and the vsyscall page at 0xffffe000 in a frame
/// that the seed decides.
/// </summary>
public sealed class I386Guest
{
    private I386Guest(GuestImage image, VsyscallVariant vsyscall, uint pid)
    {
        Image = image;
        Vsyscall = vsyscall;
        Pid = pid;
    }

    /// <summary>The guest as data.</summary>
    public GuestImage Image { get; }

    /// <summary>How the vsyscall page enters the kernel.</summary>
    public VsyscallVariant Vsyscall { get; }

    /// <summary>What getpid answers.</summary>
    public uint Pid { get; }

    /// <summary>Builds a guest.</summary>
    /// <exception cref="ArgumentException">The memory size does not fit, or the program needs SYSENTER and the CPU has none.</exception>
    public static I386Guest Build(I386GuestOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MemorySize < I386GuestOptions.MinMemorySize || options.MemorySize % PageTableBuilder.LargePageSize != 0)
        {
            throw new ArgumentException($"{options.MemorySize} bytes of guest memory; a multiple of 4 MiB is needed.", nameof(options));
        }

        VsyscallVariant vsyscall = VsyscallPage.Choose(options.Cpu);
        if (options.Program.NeedsSysenter && vsyscall != VsyscallVariant.Sysenter)
        {
            throw new ArgumentException($"The program uses SYSENTER, which this CPU lacks: {options.Cpu}.", nameof(options));
        }

        FrameAllocator frames = new(KernelLayout.FirstFreeFrame, options.MemorySize, options.Seed);
        PageTableBuilder pageTables = new(frames);
        List<PhysicalRange> ranges = [];
        List<Symbol> symbols = [];

        // All of memory is mapped for the kernel; its alias there is how it writes a page that is read-only elsewhere.
        for (uint physical = 0; physical < options.MemorySize; physical += PageTableBuilder.LargePageSize)
        {
            pageTables.MapLarge(KernelLayout.PageOffset + physical, physical, LinuxProtection.PageKernelLargeExec);
        }

        VsyscallPage page = VsyscallPage.Build(vsyscall);
        FixmapPage fixmapPage = SetFixmap("vsyscall", Fixmap.Vsyscall, page.Bytes, LinuxProtection.PageReadonlyExec);
        symbols.AddRange(page.Symbols);

        GuestProgram program = options.Program;
        MapNewPages(GuestProgram.TextAddress, program.Text, LinuxProtection.PageReadonlyExec);
        MapNewPage(GuestProgram.DataAddress, program.Data, LinuxProtection.PageShared);
        MapNewPage(GuestProgram.StackTop - PageTableBuilder.PageSize, default, LinuxProtection.PageShared);
        symbols.AddRange(program.Symbols);

        uint pid = ProcessIdentifier(options.Seed);
        I386Kernel kernel = new(options.Profile, program, pid, pageTables.Directory);
        symbols.AddRange(kernel.Symbols);
        ranges.Add(kernel.Range);
        ranges.AddRange(pageTables.Tables);

        GuestImage image = new()
        {
            MemorySize = options.MemorySize,
            Ranges = [.. ranges.OrderBy(range => range.Address)],
            InitialState = kernel.InitialState,
            Symbols = new(symbols),
            FixmapPages = [fixmapPage],
        };
        return new I386Guest(image, vsyscall, pid);

        FixmapPage SetFixmap(string name, int slot, ReadOnlyMemory<byte> bytes, PageFlags flags) =>
            new(name, slot, MapNewPage(Fixmap.AddressOf(slot), bytes, flags), flags);

        uint MapNewPage(uint virtualAddress, ReadOnlyMemory<byte> bytes, PageFlags flags)
        {
            uint frame = frames.Allocate();
            pageTables.Map(virtualAddress, frame, flags);
            byte[] contents = new byte[PageTableBuilder.PageSize];
            bytes.CopyTo(contents);
            ranges.Add(new(frame, contents));
            return frame;
        }

        void MapNewPages(uint virtualAddress, ReadOnlyMemory<byte> bytes, PageFlags flags)
        {
            for (int offset = 0; offset < bytes.Length; offset += (int)PageTableBuilder.PageSize)
            {
                int length = Math.Min(bytes.Length - offset, (int)PageTableBuilder.PageSize);
                MapNewPage(virtualAddress + (uint)offset, bytes.Slice(offset, length), flags);
            }
        }
    }

    /// <summary>A number that no register holds by chance, so that the right answer proves that the kernel gave it.</summary>
    private static uint ProcessIdentifier(int seed)
    {
        const int first = 1000;
        const int pidMax = 32768;
        return (uint)new Random(seed).Next(first, pidMax);
    }
}
