// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class CallPlanTests
{
    [Theory]
    [InlineData(EntryMechanism.Empty, false, true)]
    [InlineData(EntryMechanism.Int80, false, true)]
    [InlineData(EntryMechanism.Vsyscall, false, true)]
    [InlineData(EntryMechanism.Sysenter, false, false)]
    [InlineData(EntryMechanism.Sysenter, true, true)]
    public void Only_SYSENTER_itself_needs_a_CPU_that_has_it(EntryMechanism mechanism, bool sep, bool possible) => Assert.Equal(
        possible,
        new CallPlan(KernelProfile.Bare, mechanism, Calls: 1, Seed: 1).IsPossibleOn(new CpuIdentity("GenuineIntel", 6, 60, 3, sep)));
}
