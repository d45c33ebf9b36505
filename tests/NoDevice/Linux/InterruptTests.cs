// SPDX-License-Identifier: MIT

using Kvmsys.Fuzz.Targets;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>What a kernel says that somebody else has changed.</summary>
public sealed class InterruptTests : IDisposable
{
    private readonly StandInGuest _guest = new();

    public void Dispose() => _guest.Dispose();

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
