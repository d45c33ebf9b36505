// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>Each rule of the SDM's 26.3.1, broken on purpose in a state that is otherwise good.</summary>
public sealed class VmEntryRulesTests
{
    private static readonly CpuState Good = I386Guest.Build(new I386GuestOptions
    {
        Program = new CallLoop(EntryMechanism.Int80).Assemble(KernelProfile.Bare),
        Cpu = new CpuIdentity("GenuineIntel", 6, 60, 3, Sep: true),
    }).Image.InitialState;

    public static TheoryData<string> Rules() => [.. VmEntryRules.All.Select(rule => rule.Text)];

    [Fact]
    public void The_state_that_is_broken_here_is_good() => Assert.Empty(VmEntryRules.BrokenBy(Good));

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_state_that_breaks_one_rule_breaks_that_rule_alone(string text)
    {
        VmEntryRule broken = Assert.Single(VmEntryRules.BrokenBy(BrokenStates.ByRule[text](Good)));
        Assert.Equal(text, broken.Text);
        Assert.StartsWith("26.3.1.", broken.Section, StringComparison.Ordinal);
    }
}
