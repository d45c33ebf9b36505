// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Guest;

/// <summary>
/// A guest in long mode: a 64-bit kernel for ring 0 only, and a program in 64-bit or compatibility mode. Everything lies below 4 GiB, at
/// the addresses of the <see cref="I386Guest"/>, and every system call of any number answers the process identifier.
/// </summary>
/// <remarks>
/// The kernel has an entry for each of INT 0x80, SYSCALL and SYSENTER. Which of them a CPU has in which mode, its vendor decides
/// (<see cref="Probes.EntryProbe"/>): the others end in a #UD. SYSENTER is for compatibility mode only, with the return address in EDX and the
/// stack pointer in ECX. With FRED one entry takes them all, and answers the one that the program is for.
/// </remarks>
public sealed class LongModeGuest
{
    // Behind the largest memory, and below what KVM keeps for itself.
    private const uint NoMemory = 0xfe000000;

    private LongModeGuest(GuestImage image, uint pid)
    {
        Image = image;
        Pid = pid;
    }

    /// <summary>The guest as data.</summary>
    public GuestImage Image { get; }

    /// <summary>What a system call answers.</summary>
    public uint Pid { get; }

    /// <summary>Builds a guest.</summary>
    /// <exception cref="ArgumentException">The memory size, the entries' offset or the program's bitness is not possible.</exception>
    /// <exception cref="InvalidOperationException">The memory is too small for all that.</exception>
    public static LongModeGuest Build(LongModeGuestOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        uint largePage = PagingMode.FourLevel.LargePageSize;
        if (options.MemorySize is < LongModeGuestOptions.MinMemorySize or > LongModeGuestOptions.MaxMemorySize || options.MemorySize % largePage != 0)
        {
            throw new ArgumentException(
                $"{options.MemorySize} bytes of guest memory; a multiple of 2 MiB from 4 MiB to {LongModeGuestOptions.MaxMemorySize >> 20} MiB is needed.",
                nameof(options));
        }

        if (options.EntryOffset is < 0 or > LongModeGuestOptions.MaxEntryOffset)
        {
            throw new ArgumentException(
                $"An entry cannot start at byte {options.EntryOffset} of its cache line, which has {LongModeGuestOptions.MaxEntryOffset + 1}.", nameof(options));
        }

        GuestProgram program = options.Program;
        if (program.Bitness is not (32 or 64))
        {
            throw new ArgumentException($"There is no {program.Bitness}-bit code in long mode here, but 32-bit and 64-bit.", nameof(options));
        }

        if (options.Fred && (program.Bitness != 64 || options.Mitigation != Mitigation.None))
        {
            throw new ArgumentException(
                $"A {program.Bitness}-bit program with FRED and {options.Mitigation}; it is for 64-bit code here, without a mitigation.", nameof(options));
        }

        PageTableBuilder pageTables = new(new FrameAllocator(KernelLayout.FirstFreeFrame, options.MemorySize, options.Seed), PagingMode.FourLevel);
        List<PhysicalRange> ranges = [];
        PageFlags kernelPages = LinuxProtection.PageKernelLargeExec | (options.Mitigation == Mitigation.Cr3Global ? PageFlags.Global : PageFlags.None);
        for (uint physical = 0; physical < options.MemorySize; physical += largePage)
        {
            pageTables.MapLarge(KernelLayout.PageOffset + physical, physical, kernelPages);
        }

        foreach (ProgramSegment segment in program.Segments)
        {
            ranges.AddRange(pageTables.MapNewPages(segment.Address, segment.Bytes, LinuxProtection.Of(segment.Flags)));
        }

        if (program.TouchesDevice)
        {
            pageTables.Map(GuestProgram.DeviceAddress, NoMemory, LinuxProtection.PageShared);
        }

        uint pid = TaskIdentity.PidOf(options.Seed);
        bool switchesTables = options.Mitigation is Mitigation.Cr3 or Mitigation.Cr3Global or Mitigation.Cr3Pcid;
        uint userTables = switchesTables ? pageTables.CopyRoot() : pageTables.Root;
        LongModeKernel kernel = new(
            program, pid, options.EntryOffset, new MitigationCode(options.Mitigation, pageTables.Root, userTables), options.Fred, pageTables.Root);
        ranges.Add(kernel.Range);
        ranges.AddRange(pageTables.Tables);
        GuestImage image = new()
        {
            MemorySize = options.MemorySize,
            Ranges = [.. ranges.OrderBy(range => range.Address)],
            InitialState = kernel.InitialState,
            Symbols = new([.. program.Symbols, .. kernel.Symbols]),
        };
        return new LongModeGuest(image, pid);
    }
}
