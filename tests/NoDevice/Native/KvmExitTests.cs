// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.NoDevice.Native;

/// <summary>The exit read out of a run page that KVM could have left.</summary>
public sealed class KvmExitTests
{
    private const int PageSize = 3 * 4096;

    [Fact]
    public void An_OUT_gives_port_size_and_the_bytes_that_the_guest_wrote()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.Io;
            run.Io = new() { Direction = KvmIoDirection.Out, Size = 2, Port = 0x4b00, Count = 3, DataOffset = 4096 };
        });
        page[4096] = 0x11;
        page[4101] = 0x66;
        KvmExit exit = new(page);
        Assert.Equal(KvmExitReason.Io, exit.Reason);
        Assert.Equal((KvmIoDirection.Out, 0x4b00), (exit.Io.Direction, exit.Io.Port));
        Assert.Equal([0x11, 0, 0, 0, 0, 0x66], exit.IoData.ToArray());
    }

    [Fact]
    public void An_answer_to_IN_is_written_in_place()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.Io;
            run.Io = new() { Direction = KvmIoDirection.In, Size = 1, Count = 1, DataOffset = 4096 };
        });
        new KvmExit(page).IoData[0] = 0x5a;
        Assert.Equal(0x5a, page[4096]);
    }

    [Theory]
    [InlineData(PageSize - 1, 2, 1)]
    [InlineData(0xffffffffffff, 1, 1)]
    [InlineData(4096, 4, 0x40000000)]
    public void Port_data_that_would_lie_outside_the_page_is_never_touched(ulong offset, byte size, uint count)
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.Io;
            run.Io = new() { Size = size, Count = count, DataOffset = offset };
        });
        Assert.ThrowsAny<Exception>(() => new KvmExit(page).IoData.Length);
    }

    [Fact]
    public void An_MMIO_exit_gives_the_address_and_as_many_bytes_as_were_accessed()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.Mmio;
            run.Mmio.PhysAddr = 0xfee00000;
            run.Mmio.Len = 4;
            run.Mmio.IsWrite = 1;
            run.Mmio.Data[3] = 0x44;
        });
        KvmExit exit = new(page);
        Assert.Equal((0xfee00000UL, (byte)1), (exit.Mmio.PhysAddr, exit.Mmio.IsWrite));
        Assert.Equal([0, 0, 0, 0x44], exit.MmioData.ToArray());
    }

    [Fact]
    public void An_internal_error_keeps_its_sub_error_and_its_data()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.InternalError;
            run.Internal.Suberror = KvmInternalError.DeliveryEv;
            run.Internal.Ndata = 2;
            run.Internal.Data[0] = 0x80000b0e;
            run.Internal.Data[1] = 0x31;
        });
        KvmExit exit = new(page);
        Assert.Equal(KvmInternalError.DeliveryEv, exit.InternalError.Suberror);
        Assert.Equal([0x80000b0eUL, 0x31UL], exit.InternalErrorData.ToArray());
        Assert.True(exit.EmulationFailureBytes.IsEmpty);
    }

    [Fact]
    public void An_emulation_failure_keeps_the_instructions_bytes()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.InternalError;
            run.EmulationFailure.Suberror = KvmInternalError.Emulation;
            run.EmulationFailure.Ndata = 3;
            run.EmulationFailure.Flags = KvmEmulationFailureFlags.InstructionBytes;
            run.EmulationFailure.InsnSize = 2;
            run.EmulationFailure.InsnBytes[0] = 0xcd;
            run.EmulationFailure.InsnBytes[1] = 0x80;
        });
        Assert.Equal([0xcd, 0x80], new KvmExit(page).EmulationFailureBytes.ToArray());
    }

    [Theory]
    [InlineData(KvmInternalError.Emulation, 3u, KvmEmulationFailureFlags.None)]
    [InlineData(KvmInternalError.Emulation, 0u, KvmEmulationFailureFlags.InstructionBytes)]
    [InlineData(KvmInternalError.SimulEx, 3u, KvmEmulationFailureFlags.InstructionBytes)]
    public void Bytes_that_KVM_does_not_vouch_for_are_not_shown(KvmInternalError error, uint words, KvmEmulationFailureFlags flags)
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.InternalError;
            run.EmulationFailure.Suberror = error;
            run.EmulationFailure.Ndata = words;
            run.EmulationFailure.Flags = flags;
            run.EmulationFailure.InsnSize = 15;
        });
        Assert.True(new KvmExit(page).EmulationFailureBytes.IsEmpty);
    }

    [Fact]
    public void A_count_beyond_the_array_is_cut_to_it()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.InternalError;
            run.Internal.Suberror = KvmInternalError.UnexpectedExitReason;
            run.Internal.Ndata = 1000;
        });
        Assert.Equal(16, new KvmExit(page).InternalErrorData.Length);
    }

    [Fact]
    public void A_refused_entry_keeps_the_hardwares_reason()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = KvmExitReason.FailEntry;
            run.FailEntry = new() { HardwareEntryFailureReason = 0x80000021, Cpu = 5 };
        });
        KvmExit exit = new(page);
        Assert.Equal((0x80000021UL, 5u), (exit.FailEntry.HardwareEntryFailureReason, exit.FailEntry.Cpu));
    }

    [Theory]
    [InlineData(KvmExitReason.X86Rdmsr)]
    [InlineData(KvmExitReason.X86Wrmsr)]
    public void An_MSR_access_is_answered_in_place(KvmExitReason reason)
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = reason;
            run.Msr.Index = 0x174;
            run.Msr.Reason = KvmMsrExitReasons.Filter;
        });
        KvmExit exit = new(page);
        Assert.Equal((0x174u, KvmMsrExitReasons.Filter), (exit.Msr.Index, exit.Msr.Reason));
        exit.Msr.Data = 7;
        exit.Msr.Error = 1;
        ref KvmRun run = ref MemoryMarshal.AsRef<KvmRun>(page.AsSpan());
        Assert.Equal((7UL, (byte)1), (run.Msr.Data, run.Msr.Error));
    }

    [Fact]
    public void A_detail_of_another_reason_is_refused_by_name()
    {
        byte[] page = Page((ref KvmRun run) => run.ExitReason = KvmExitReason.Hlt);
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => new KvmExit(page).Io.Port);
        Assert.Contains("The exit is Hlt; it has no detail of Io", exception.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new KvmExit(page).Msr.Index);
        Assert.Throws<InvalidOperationException>(() => new KvmExit(page).Mmio.Len);
        Assert.Throws<InvalidOperationException>(() => new KvmExit(page).FailEntry.Cpu);
        Assert.Throws<InvalidOperationException>(() => new KvmExit(page).Debug.Pc);
    }

    [Fact]
    public void A_reason_from_the_future_still_shows_its_number_and_its_256_bytes()
    {
        byte[] page = Page((ref KvmRun run) =>
        {
            run.ExitReason = (KvmExitReason)999;
            run.Hw.HardwareExitReason = 0x1234;
        });
        KvmExit exit = new(page);
        Assert.Equal("999", exit.Reason.ToString());
        Assert.Equal(256, exit.Detail.Length);
        Assert.Equal(0x34, exit.Detail[0]);
    }

    [Fact]
    public void A_page_smaller_than_the_structure_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new KvmExit(new byte[100]).Reason);

    private delegate void Fill(ref KvmRun run);

    private static byte[] Page(Fill fill)
    {
        byte[] page = new byte[PageSize];
        fill(ref MemoryMarshal.AsRef<KvmRun>(page.AsSpan()));
        return page;
    }
}
