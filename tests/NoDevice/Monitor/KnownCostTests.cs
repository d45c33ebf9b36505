// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Tests.NoDevice.Reports;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class KnownCostTests
{
    private static readonly HostCpu Skylake = new("GenuineIntel", "", 6, 0x5e, 3, Hypervisor: null);

    [Fact]
    public void What_is_known_is_known_of_some_CPUs_only()
    {
        Assert.Equal(3, KnownCost.Of(Skylake).Count());
        Assert.Equal(2, KnownCost.Of(Skylake with { Family = 15, Model = 2 }).Count());
        Assert.Empty(KnownCost.Of(Skylake with { Model = 0x55 }));
        Assert.Empty(KnownCost.Of(Skylake with { Vendor = "AuthenticAMD" }));
    }

    [Theory]
    [InlineData(614, null)]
    [InlineData(640, null)]
    [InlineData(590, null)]
    [InlineData(650, "more than 5 % from what is known: int80 on bare64.")]
    [InlineData(580, "more than 5 % from what is known: int80 on bare64.")]
    public void A_figure_that_is_off_is_a_failure(double cycles, string? failure)
    {
        CommandFailedException? exception = BenchCommand.CheckKnown(Report(cycles, Skylake, Verdict.Hardware));
        Assert.Equal(failure is null ? null : ExitCode.Regression, exception?.ExitCode);
        Assert.StartsWith(failure ?? "", exception?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_CPU_of_which_nothing_is_known_and_an_emulators_figure_are_no_failure()
    {
        Assert.Null(BenchCommand.CheckKnown(Report(5, Skylake with { Model = 1 }, Verdict.Hardware)));
        Assert.Null(BenchCommand.CheckKnown(Report(5, Skylake, Verdict.Emulated)));
    }

    private static BenchReport Report(double cycles, HostCpu cpu, Verdict verdict)
    {
        BenchReport report = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(cycles), verdict, KernelProfile.Bare64));
        return report with { Host = report.Host with { Cpu = cpu } };
    }
}
