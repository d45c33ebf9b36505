// SPDX-License-Identifier: MIT

using Kvmsys.Fuzz.Targets;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>What comes to a program in the middle of its own code, and what a kernel says that somebody else has changed.</summary>
public sealed class InterruptTests : IDisposable
{
    private const uint Action = StandInGuest.Data;
    private const uint Handler = StandInGuest.Text + 0x100;
    private const int User1 = 10;

    private readonly StandInGuest _guest = new();

    public void Dispose() => _guest.Dispose();

    [Theory]
    [InlineData(Selector.UserData, 1)]
    [InlineData(0, 2)]
    public void Segments_are_loaded_for_a_handler_only_when_it_needs_others(ushort data, int writes)
    {
        _guest.Write(Action, Handler, 0, 0, 0);
        _guest.Call(Syscall.sigaction, User1, Action);
        (_guest[PtRegs.Ds], _guest[PtRegs.Ebx]) = (data, 7);
        int before = _guest.Vcpu.SregsWrites;
        _guest.Process.Send(User1);
        _guest.Interrupt(inKernel: false);

        // The first is the stand-in's own, which loads what the program has.
        Assert.Equal(writes, _guest.Vcpu.SregsWrites - before);
        Assert.Equal((Handler, (uint)User1, 7u), (_guest[PtRegs.Eip], _guest[PtRegs.Eax], _guest[PtRegs.Ebx]));
        Assert.Equal(((uint)Selector.UserData, (uint)Selector.UserData), (_guest[PtRegs.Ds], _guest[PtRegs.Ss]));
    }

    [Theory]
    [InlineData(MonitorPort.SystemCall)]
    [InlineData(MonitorPort.PageFault)]
    [InlineData(MonitorPort.Fault)]
    public void Registers_that_are_not_on_the_kernels_stack_are_a_crash(ushort port)
    {
        foreach (uint address in (uint[])[
            0, 1, StandInGuest.Data, KernelLayout.PageOffset, KernelLayout.ThreadUnion - 4, KernelLayout.End - FaultFrame.Size + 1, KernelLayout.End,
            KernelLayout.PageOffset + StandInGuest.MemorySize - 4, uint.MaxValue])
        {
            Assert.Equal(StopReason.Crash, _guest.Process.Serve(port, address, _guest.Vcpu));
        }
    }
}
