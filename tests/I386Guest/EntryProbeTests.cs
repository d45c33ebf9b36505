// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Probes;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Tests.I386Guest;

/// <summary>Which instruction enters the kernel in which mode: where the vendors differ, they are told apart.</summary>
public sealed class EntryProbeTests
{
    private const uint InvalidOpcode = 6;

    private static readonly bool IsIntel = HostEnvironment.Read().BackEnd.Module == "kvm_intel";

    [Theory]
    [InlineData(OperatingMode.Legacy)]
    [InlineData(OperatingMode.Compatibility)]
    [InlineData(OperatingMode.SixtyFourBit)]
    public void INT_0x80_enters_from_every_mode(OperatingMode mode) => Assert.True(Enters(mode, EntryInstruction.Int80));

    [Theory]
    [InlineData(OperatingMode.Legacy, true)]
    [InlineData(OperatingMode.Compatibility, false)]
    [InlineData(OperatingMode.SixtyFourBit, false)]
    public void SYSENTER_enters_from_every_mode_on_Intel_and_from_legacy_mode_only_on_AMD(OperatingMode mode, bool onAmd)
    {
        Assert.SkipWhen(
            !IsIntel && !Lab.IsHost && mode == OperatingMode.Compatibility, "QEMU's SYSENTER enters from compatibility mode, which no AMD CPU's does");
        Assert.Equal(IsIntel || onAmd, Enters(mode, EntryInstruction.Sysenter));
    }

    [Theory]
    [InlineData(OperatingMode.Legacy, false)]
    [InlineData(OperatingMode.Compatibility, false)]
    [InlineData(OperatingMode.SixtyFourBit, true)]
    public void SYSCALL_enters_from_every_mode_on_AMD_and_from_64_bit_mode_only_on_Intel(OperatingMode mode, bool onIntel) =>
        Assert.Equal(!IsIntel || onIntel, Enters(mode, EntryInstruction.Syscall));

    /// <summary>Whether it enters; if not, it must be by #UD, or by KVM's refusal to emulate an instruction that raised one.</summary>
    private static bool Enters(OperatingMode mode, EntryInstruction instruction)
    {
        MachineStop stop = GuestRun.Run(EntryProbe.Build(mode, instruction));
        if (stop.Reason == StopReason.Crash)
        {
            Assert.StartsWith("KVM gave up (KVM_EXIT_INTERNAL_ERROR, sub-error 1 Emulation) at 0x00002000", stop.Crash!.Headline, StringComparison.Ordinal);
            return false;
        }

        Assert.Equal(StopReason.Exit, stop.Reason);
        Assert.Contains(stop.Status, new[] { EntryProbe.Entered, InvalidOpcode });
        return stop.Status == EntryProbe.Entered;
    }
}
