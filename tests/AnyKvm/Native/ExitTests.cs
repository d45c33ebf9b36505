// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Tests.AnyKvm.Native;

/// <summary>Exits as real guests cause them.</summary>
public sealed class ExitTests
{
    [Fact]
    public void OUT_gives_port_size_and_value()
    {
        using FlatGuest guest = new("66 ba 00 4b b8 78 56 34 12 ef f4"); // mov dx, 0x4b00; mov eax, 0x12345678; out dx, eax; hlt
        KvmExit exit = guest.Run();
        Assert.Equal(KvmExitReason.Io, exit.Reason);
        Assert.Equal((KvmIoDirection.Out, (ushort)0x4b00, (byte)4, 1u), (exit.Io.Direction, exit.Io.Port, exit.Io.Size, exit.Io.Count));
        Assert.Equal([0x78, 0x56, 0x34, 0x12], exit.IoData.ToArray());
        Assert.Equal(KvmExitReason.Hlt, guest.Run().Reason);
    }

    [Fact]
    public void IN_takes_the_monitors_answer()
    {
        using FlatGuest guest = new("e4 60 e6 61 f4"); // in al, 0x60; out 0x61, al; hlt
        KvmExit exit = guest.Run();
        Assert.Equal((KvmIoDirection.In, (ushort)0x60), (exit.Io.Direction, exit.Io.Port));
        exit.IoData[0] = 0xa5;
        exit = guest.Run();
        Assert.Equal((KvmIoDirection.Out, (ushort)0x61, (byte)0xa5), (exit.Io.Direction, exit.Io.Port, exit.IoData[0]));
    }

    [Fact]
    public void A_string_of_OUTs_arrives_whole_whatever_number_of_exits_it_takes()
    {
        using FlatGuest guest = new("be 00 30 00 00 b9 05 00 00 00 66 ba 10 00 fc f3 6e f4"); // esi = 0x3000, ecx = 5, dx = 0x10; cld; rep outsb; hlt
        "hello"u8.CopyTo(guest.Memory.Slice(FlatGuest.Data, 5));
        List<byte> received = [];
        for (KvmExit exit = guest.Run(); exit.Reason == KvmExitReason.Io; exit = guest.Run())
        {
            Assert.Equal(exit.Io.Count, (uint)exit.IoData.Length);
            received.AddRange(exit.IoData);
        }

        Assert.Equal("hello"u8.ToArray(), received);
    }

    [Fact]
    public void A_read_of_memory_that_is_not_there_takes_the_monitors_answer()
    {
        using FlatGuest guest = new("a1 00 00 00 40 e7 10 f4"); // mov eax, [0x40000000]; out 0x10, eax; hlt
        KvmExit exit = guest.Run();
        Assert.Equal(KvmExitReason.Mmio, exit.Reason);
        Assert.Equal((FlatGuest.Unbacked, (byte)0, 4u), ((uint)exit.Mmio.PhysAddr, exit.Mmio.IsWrite, exit.Mmio.Len));
        BitConverter.TryWriteBytes(exit.MmioData, 0x600df00du);
        Assert.Equal(0x600df00du, BitConverter.ToUInt32(guest.Run().IoData));
    }

    [Fact]
    public void HLT_exits_without_an_interrupt_controller()
    {
        using FlatGuest guest = new("f4");
        Assert.Equal(KvmExitReason.Hlt, guest.Run().Reason);
    }

    [Fact]
    public void Ten_thousand_exits_allocate_nothing()
    {
        using FlatGuest guest = new("e6 10 eb fc"); // out 0x10, al; jmp to it
        for (int i = 0; i < 100; i++)
        {
            CountExits(guest.Vcpu, 1);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        int exits = CountExits(guest.Vcpu, 10_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((10_000, 0L), (exits, allocated));
    }

    private static int CountExits(KvmVcpu vcpu, int wanted)
    {
        int exits = 0;
        while (exits < wanted)
        {
            if (vcpu.Run() != KvmRunOutcome.Exited)
            {
                continue;
            }

            KvmExit exit = vcpu.Exit;
            if (exit.Reason != KvmExitReason.Io || exit.Io.Port != 0x10 || exit.IoData.Length != 1)
            {
                break;
            }

            exits++;
        }

        return exits;
    }
}
