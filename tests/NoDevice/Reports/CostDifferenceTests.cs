// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Reports;

/// <summary>What mitigations and the host's Linux add.</summary>
public sealed class CostDifferenceTests
{
    private static readonly MechanismResult Syscall = Result(KernelProfile.Bare64, EntryMechanism.Syscall, 80);
    private static readonly MechanismResult Int80 = Result(KernelProfile.Bare64, EntryMechanism.Int80, 600);
    private static readonly MechanismResult Ibrs = Result(KernelProfile.Bare64, EntryMechanism.Syscall, 280) with { Mitigation = Mitigation.Ibrs };
    private static readonly MechanismResult Cr3 = Result(KernelProfile.Bare64, EntryMechanism.Int80, 1000) with { Mitigation = Mitigation.Cr3 };
    private static readonly MechanismResult Host = Result(KernelProfile.Host64, EntryMechanism.Syscall, 410);

    [Fact]
    public void A_mitigation_is_held_against_the_same_entry_without_it()
    {
        IReadOnlyList<CostDifference> differences = CostDifference.Of([Int80, Cr3, Syscall, Ibrs]);
        Assert.Equal([(Int80, Cr3), (Syscall, Ibrs)], differences.Select(difference => (difference.Without, difference.With)));
        Assert.Equal([400, 200], differences.Select(difference => Math.Round(difference.CoreCycles.Value, 3)));
        Assert.All(differences, difference => Assert.InRange(difference.CoreCycles.Value, difference.CoreCycles.Low, difference.CoreCycles.High));
    }

    [Theory]
    [InlineData(KernelProfile.Host64, EntryMechanism.Syscall, KernelProfile.Bare64, EntryMechanism.Syscall, true)]
    [InlineData(KernelProfile.Host64, EntryMechanism.Int80, KernelProfile.Bare64, EntryMechanism.Int80, true)]
    [InlineData(KernelProfile.Host32, EntryMechanism.Int80, KernelProfile.Compatibility, EntryMechanism.Int80, true)]
    [InlineData(KernelProfile.Host32, EntryMechanism.Vsyscall, KernelProfile.Compatibility, EntryMechanism.Sysenter, true)]
    [InlineData(KernelProfile.Host32, EntryMechanism.Vsyscall, KernelProfile.Compatibility, EntryMechanism.Syscall, true)]
    [InlineData(KernelProfile.Host32, EntryMechanism.Vsyscall, KernelProfile.Compatibility, EntryMechanism.Int80, false)]
    [InlineData(KernelProfile.Host32, EntryMechanism.Int80, KernelProfile.Bare, EntryMechanism.Int80, false)]
    [InlineData(KernelProfile.Host64, EntryMechanism.Syscall, KernelProfile.Bare64, EntryMechanism.Int80, false)]
    [InlineData(KernelProfile.Host64, EntryMechanism.Empty, KernelProfile.Bare64, EntryMechanism.Empty, false)]
    [InlineData(KernelProfile.Linux26, EntryMechanism.Int80, KernelProfile.Bare, EntryMechanism.Int80, false)]
    public void The_hosts_Linux_is_held_against_the_bare_kernel_that_is_entered_alike(
        KernelProfile with, EntryMechanism withMechanism, KernelProfile without, EntryMechanism withoutMechanism, bool held) =>
        Assert.Equal(held ? 1 : 0, CostDifference.Of([Result(with, withMechanism, 900), Result(without, withoutMechanism, 100)]).Count);

    [Fact]
    public void Where_one_has_no_figure_there_is_no_difference() =>
        Assert.Empty(CostDifference.Of([Syscall, MadeUpBench.Result(EntryMechanism.Syscall, null, profile: KernelProfile.Bare64) with { Mitigation = Mitigation.Ibrs }]));

    [Fact]
    public void Every_format_that_has_room_tells_them()
    {
        BenchReport report = MadeUpBench.Of(Syscall, Ibrs, Host, Int80, Cr3);
        string markdown = BenchMarkdown.Render(report);
        Assert.Contains("| ibrs | syscall on bare64 | 200.00 | 0.03 |\n", markdown, StringComparison.Ordinal);
        Assert.Contains("| this host's Linux (syscall on host64) | syscall on bare64 | 330.00 |", markdown, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(MadeUpBench.Json(report));
        JsonElement[] differences = [.. json.RootElement.GetProperty("differences").EnumerateArray()];
        Assert.Equal(
            [("syscall+ibrs", false), ("syscall", false), ("int80+cr3", true)],
            differences.Select(difference => (difference.GetProperty("mechanism").GetString()!, difference.GetProperty("inflatedByNestedPaging").GetBoolean())));
        Assert.All(differences, difference => Assert.False(difference.TryGetProperty("emulated", out _)));
    }

    [Fact]
    public void Of_an_emulator_none_is_told_unless_it_was_asked_for_and_then_it_is_marked()
    {
        BenchReport report = MadeUpBench.Of(
            MadeUpBench.Result(EntryMechanism.Syscall, MadeUpBench.Around(80), Verdict.Emulated, KernelProfile.Bare64),
            MadeUpBench.Result(EntryMechanism.Syscall, MadeUpBench.Around(90), Verdict.Emulated, KernelProfile.Bare64) with { Mitigation = Mitigation.Swapgs });
        Assert.Empty(report.Differences);
        Assert.DoesNotContain("adds to", BenchMarkdown.Render(report), StringComparison.Ordinal);
        BenchReport shown = report with { ShowEmulated = true };
        Assert.Contains("| swapgs | syscall on bare64 | 10.00 emulated |", BenchMarkdown.Render(shown), StringComparison.Ordinal);
        Assert.True(BenchDocument.Of(shown).Differences[0].Emulated);
    }

    private static MechanismResult Result(KernelProfile profile, EntryMechanism mechanism, double cycles) =>
        MadeUpBench.Result(mechanism, MadeUpBench.Around(cycles), profile: profile);
}
