// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;
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
    private I386Guest(GuestImage image, VsyscallVariant vsyscall, TaskIdentity task, FrameAllocator freeFrames)
    {
        Image = image;
        Vsyscall = vsyscall;
        Task = task;
        FreeFrames = freeFrames;
    }

    /// <summary>The guest as data.</summary>
    public GuestImage Image { get; }

    /// <summary>How the vsyscall page enters the kernel.</summary>
    public VsyscallVariant Vsyscall { get; }

    /// <summary>What getpid answers.</summary>
    public uint Pid => Task.Pid;

    /// <summary>What the program is told of itself.</summary>
    public TaskIdentity Task { get; }

    /// <summary>The frames that the image leaves free, for a monitor that maps pages while the guest runs.</summary>
    public FrameAllocator FreeFrames { get; }

    /// <summary>Builds a guest.</summary>
    /// <exception cref="ArgumentException">
    /// The memory size does not fit, the program needs what the CPU or the kernel has not, or there are more fixmap pages than slots.
    /// </exception>
    /// <exception cref="InvalidOperationException">The memory is too small for all that.</exception>
    public static I386Guest Build(I386GuestOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MemorySize is < I386GuestOptions.MinMemorySize or > I386GuestOptions.MaxMemorySize
            || options.MemorySize % PagingMode.ThirtyTwoBit.LargePageSize != 0)
        {
            throw new ArgumentException(
                $"{options.MemorySize} bytes of guest memory; a multiple of 4 MiB up to {I386GuestOptions.MaxMemorySize >> 20} MiB is needed.",
                nameof(options));
        }

        VsyscallVariant vsyscall = options.Vsyscall ?? VsyscallPage.Choose(options.Cpu);
        if ((options.Program.NeedsSysenter || vsyscall == VsyscallVariant.Sysenter) && !options.Cpu.HasSysenter)
        {
            throw new ArgumentException($"The program or its vsyscall page uses SYSENTER, which this CPU lacks: {options.Cpu}.", nameof(options));
        }

        if (options.Profile is not (KernelProfile.Bare or KernelProfile.Linux26))
        {
            throw new ArgumentException($"{options.Profile} is no i386 kernel; {nameof(LongModeGuest)} has it.", nameof(options));
        }

        if (options.Profile != KernelProfile.Bare && (options.Program.NeedsSyscall || options.Program.SkippedException is not null))
        {
            throw new ArgumentException($"The program enters its kernel as only the bare one can be entered, not {options.Profile}.", nameof(options));
        }

        FrameAllocator frames = new(KernelLayout.FirstFreeFrame, options.MemorySize, options.Seed);
        PageTableBuilder pageTables = new(frames, PagingMode.ThirtyTwoBit);
        List<PhysicalRange> ranges = [];
        List<Symbol> symbols = [];

        // All of memory is mapped for the kernel; its alias there is how it writes a page that is read-only elsewhere.
        for (uint physical = 0; physical < options.MemorySize; physical += PagingMode.ThirtyTwoBit.LargePageSize)
        {
            pageTables.MapLarge(KernelLayout.PageOffset + physical, physical, LinuxProtection.PageKernelLargeExec);
        }

        VsyscallPage page = VsyscallPage.Build(vsyscall);
        List<FixmapPage> fixmapPages = [SetFixmap("vsyscall", Fixmap.Vsyscall, page.Bytes)];
        symbols.AddRange(page.Symbols);
        foreach (FixmapContents contents in options.Fixmap)
        {
            SetFixmaps(contents);
        }

        GuestProgram program = options.Program;
        foreach (ProgramSegment segment in program.Segments)
        {
            ranges.AddRange(pageTables.MapNewPages(segment.Address, segment.Bytes, LinuxProtection.Of(segment.Flags)));
        }

        symbols.AddRange(program.Symbols);

        TaskIdentity task = new(TaskIdentity.PidOf(options.Seed), InitPid, options.Uid, options.Gid);
        I386Kernel kernel = new(options.Profile, program, task, pageTables.Root, options.EntryOffset);
        symbols.AddRange(kernel.Symbols);
        ranges.Add(kernel.Range);
        ranges.AddRange(pageTables.Tables);

        GuestImage image = new()
        {
            MemorySize = options.MemorySize,
            Ranges = [.. ranges.OrderBy(range => range.Address)],
            InitialState = kernel.InitialState,
            Symbols = new(symbols),
            FixmapPages = [.. fixmapPages],
        };
        return new I386Guest(image, vsyscall, task, frames);

        FixmapPage SetFixmap(string name, int slot, ReadOnlyMemory<byte> bytes)
        {
            PhysicalRange page = pageTables.MapNewPage(Fixmap.AddressOf(slot), bytes, LinuxProtection.PageReadonlyExec);
            ranges.Add(page);
            return new(name, slot, page.Address, LinuxProtection.PageReadonlyExec);
        }

        // Slots go downwards and bytes upwards: the last of the pages gets the first slot.
        void SetFixmaps(FixmapContents contents)
        {
            int pageSize = (int)PageTableBuilder.PageSize;
            int pages = Math.Max(1, (contents.Bytes.Length + pageSize - 1) / pageSize);
            int first = fixmapPages[^1].Slot + 1;
            if (first + pages - 1 > Fixmap.Last)
            {
                throw new ArgumentException($"{contents.Name} needs {pages} fixmap pages; {Fixmap.Last - first + 1} are left.", nameof(options));
            }

            for (int slot = first; slot < first + pages; slot++)
            {
                int offset = (first + pages - 1 - slot) * pageSize;
                fixmapPages.Add(SetFixmap(contents.Name, slot, contents.Bytes.Slice(offset, Math.Min(pageSize, contents.Bytes.Length - offset))));
            }

            symbols.Add(new(fixmapPages[^1].VirtualAddress, contents.Name));
        }
    }

    /// <summary>This guest once more, for another machine: the image is the same, the free frames are its own. Before it runs.</summary>
    /// <param name="seed">Decides in which order the free frames are given.</param>
    public I386Guest Again(int seed) => new(Image, Vsyscall, Task, new FrameAllocator(FreeFrames, seed));

    private const uint InitPid = 1;
}
