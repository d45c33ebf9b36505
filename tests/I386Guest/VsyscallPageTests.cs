// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>The page at its fixed address: everybody may read and execute it, nobody may write it there.</summary>
public sealed class VsyscallPageTests
{
    private static readonly byte[] WriteToThePage = [0xc6, 0x05, 0x00, 0xe4, 0xff, 0xff, 0x00]; // movb $0, 0xffffe400

    [Fact]
    public void A_program_that_writes_to_it_faults_with_error_code_7()
    {
        MachineStop stop = GuestRun.Run(c => c.mov(__byte_ptr[VsyscallPage.Entry], 0));
        AssertWriteRefused(stop, ring: 3, "error code 0x7");
    }

    [Fact]
    public void The_kernel_that_writes_to_it_there_faults_too_for_it_obeys_read_only_pages()
    {
        Kvmsys.Guest.I386Guest guest = GuestRun.Build(GuestRun.Program(c =>
        {
            c.mov(eax, SyscallNumber.Getpid);
            c.@int(GuestRun.SyscallVector);
        }));
        GuestImage image = guest.Image.WithBytes(guest.Image.PhysicalAddressOf("sys_getpid"), WriteToThePage);
        AssertWriteRefused(GuestRun.Run(image), ring: 0, "error code 0x3");
    }

    [Fact]
    public void The_kernel_writes_the_same_frame_by_the_way_of_its_own_mapping()
    {
        // movb $0x5a, PAGE_OFFSET + frame + 0xfff; xor eax, eax; ret
        Kvmsys.Guest.I386Guest guest = GuestRun.Build(GuestRun.Program(c =>
        {
            c.mov(eax, SyscallNumber.Getpid);
            c.@int(GuestRun.SyscallVector);
            c.movzx(eax, __byte_ptr[Fixmap.AddressOf(Fixmap.Vsyscall) + PageTableBuilder.PageSize - 1]);
            GuestRun.EmitExit(c, eax);
        }));
        uint alias = KernelLayout.PageOffset + guest.Image.FixmapPages[0].PhysicalAddress + PageTableBuilder.PageSize - 1;
        byte[] code = [0xc6, 0x05, .. BitConverter.GetBytes(alias), 0x5a, 0x31, 0xc0, 0xc3];
        MachineStop stop = GuestRun.Run(guest.Image.WithBytes(guest.Image.PhysicalAddressOf("sys_getpid"), code));
        Assert.Equal((StopReason.Exit, 0x5au), (stop.Reason, stop.Status));
    }

    [Fact]
    public void A_second_page_lies_below_it_for_programs_to_read()
    {
        GuestProgram program = GuestRun.Program(c =>
        {
            c.mov(eax, __dword_ptr[Fixmap.AddressOf(Fixmap.HelloWorld)]);
            GuestRun.EmitExit(c, eax);
        });
        MachineStop stop = GuestRun.Run(GuestRun.Build(program, fixmap: [new FixmapContents("hello", "Hello,World\0"u8.ToArray())]).Image);
        Assert.Equal((StopReason.Exit, BitConverter.ToUInt32("Hell"u8)), (stop.Reason, stop.Status));
    }

    private static void AssertWriteRefused(MachineStop stop, int ring, string errorCode)
    {
        Assert.Equal(StopReason.Crash, stop.Reason);
        Assert.Contains("a write of 0xffffe400 (__kernel_vsyscall)", stop.Crash!.Headline, StringComparison.Ordinal);
        Assert.Equal(ring, stop.Crash.Context.Ring);
        Assert.Contains(stop.Crash.Details, detail => detail.Contains(errorCode, StringComparison.Ordinal));
    }
}
