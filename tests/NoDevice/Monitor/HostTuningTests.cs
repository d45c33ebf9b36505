// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class HostTuningTests
{
    [Fact]
    public void Each_setting_is_the_kernels_own_word()
    {
        using MadeUpHost host = MadeUpHost.Untuned().With($"{MadeUpHost.Cpus}/cpufreq/boost", "1");
        HostTuning tuning = host.Read();
        Assert.Equal(
            [
                "powersave", "intel_pstate", "0", "1", "1", "on", "3,7", "", "(null)", "hpet", "never", "1", "1", "1",
            ],
            new[]
            {
                tuning.ScalingGovernor, tuning.ScalingDriver, tuning.NoTurbo, tuning.Boost, tuning.SmtActive, tuning.SmtControl, tuning.ThreadSiblings,
                tuning.Isolated, tuning.NohzFull, tuning.ClockSource, tuning.TransparentHugePages, tuning.Ksm, tuning.NumaBalancing, tuning.NmiWatchdog,
            });
        Assert.Equal(
            new Dictionary<string, string> { ["meltdown"] = "Mitigation: PTI", ["spectre_v1"] = "Vulnerable" },
            tuning.Vulnerabilities);
        Assert.Equal(MadeUpHost.Cpu, tuning.Cpu);
    }

    [Fact]
    public void What_is_of_one_CPU_is_of_the_one_that_is_measured_on()
    {
        using MadeUpHost host = MadeUpHost.Untuned().With($"{MadeUpHost.Cpus}/cpu0/cpufreq/scaling_governor", "schedutil");
        HostTuning tuning = host.Read(cpu: 0);
        Assert.Equal((0, "schedutil", null), (tuning.Cpu, tuning.ScalingGovernor, tuning.ThreadSiblings));
    }

    [Fact]
    public void What_the_kernel_does_not_show_is_null()
    {
        using MadeUpHost host = MadeUpHost.Bare();
        HostTuning tuning = host.Read();
        Assert.Equal(new HostTuning { Cpu = MadeUpHost.Cpu, CoreType = tuning.CoreType, Vulnerabilities = tuning.Vulnerabilities }, tuning);
        Assert.Empty(tuning.Vulnerabilities);
    }

    [Fact]
    public void What_cannot_be_read_is_told_as_such()
    {
        using MadeUpHost host = MadeUpHost.Unreadable();
        HostTuning tuning = host.Read();
        const string unreadable = "unreadable";
        Assert.Equal(
            new HostTuning
            {
                Cpu = MadeUpHost.Cpu,
                ScalingGovernor = unreadable,
                ScalingDriver = unreadable,
                NoTurbo = unreadable,
                SmtActive = unreadable,
                SmtControl = unreadable,
                ThreadSiblings = unreadable,
                CoreType = tuning.CoreType,
                Isolated = unreadable,
                NohzFull = unreadable,
                ClockSource = unreadable,
                TransparentHugePages = unreadable,
                Ksm = unreadable,
                NumaBalancing = unreadable,
                NmiWatchdog = unreadable,
                Vulnerabilities = tuning.Vulnerabilities,
            },
            tuning);
        Assert.Equal(new Dictionary<string, string> { ["meltdown"] = unreadable, ["spectre_v1"] = unreadable }, tuning.Vulnerabilities);
    }

    [Theory]
    [InlineData(3, "core")]
    [InlineData(16, "atom")]
    public void On_a_hybrid_processor_the_kernel_tells_which_kind_of_core_it_is(int cpu, string type)
    {
        using MadeUpHost host = MadeUpHost.Tuned().With("sys/devices/cpu_core/cpus", "0-15").With("sys/devices/cpu_atom/cpus", "16-23");
        HostTuning tuning = host.Read(cpu);
        Assert.Equal((type, "0-15", "16-23"), (tuning.CoreType, tuning.CoreCpus, tuning.AtomCpus));
    }

    [Theory]
    [InlineData(0x40000001, "core")]
    [InlineData(0x20000001, "atom")]
    [InlineData(0, null)]
    [InlineData(unchecked((int)0xc0000001), null)]
    public void CPUID_tells_the_kind_of_core_too(int eax, string? type) => Assert.Equal(type, HybridCore.TypeOf(eax));

    [Theory]
    [InlineData("3", new[] { 3 })]
    [InlineData("1,4-7", new[] { 1, 4, 5, 6, 7 })]
    [InlineData("", new int[0])]
    [InlineData(null, new int[0])]
    [InlineData("(null)", new int[0])]
    [InlineData("unreadable", new int[0])]
    [InlineData("7-4", new int[0])]
    [InlineData("1,0-99999999999", new int[0])]
    public void A_list_of_CPUs(string? list, int[] cpus) => Assert.Equal(cpus, CpuChoice.ParseList(list));

    [Fact]
    public void The_isolated_CPUs_are_those_of_the_kernels_list()
    {
        using MadeUpHost host = MadeUpHost.Tuned();
        Assert.Equal([2, 3], CpuChoice.Read(Path.Combine(host.Root, "sys")).Isolated);
        using MadeUpHost unreadable = MadeUpHost.Unreadable();
        Assert.Empty(CpuChoice.Read(Path.Combine(unreadable.Root, "sys")).Isolated);
    }

    [Fact]
    public void A_result_in_JSON_has_the_hosts_tuning_with_it()
    {
        using MadeUpHost host = MadeUpHost.Untuned();
        HostEnvironment environment = new(
            "0.0.0", new HostCpu("", "", 6, 60, 3, Hypervisor: null), Microcode: null, Kernel: "6.1", new KvmBackEnd(null, new Dictionary<string, string>()))
        {
            Tuning = host.Read(),
        };
        JsonElement tuning = JsonSerializer.SerializeToElement(HostDocument.Of(environment), KvmsysJson.Default.HostDocument).GetProperty("tuning");
        Assert.Equal("powersave", tuning.GetProperty("scalingGovernor").GetString());
        Assert.Equal("Mitigation: PTI", tuning.GetProperty("vulnerabilities").GetProperty("meltdown").GetString());
        Assert.Equal(JsonValueKind.Null, tuning.GetProperty("boost").ValueKind);
    }

    [Fact]
    public void The_running_host_is_read_without_a_failure()
    {
        HostTuning tuning = HostEnvironment.Read(measuredCpu: 0).Tuning;
        Assert.Equal(0, tuning.Cpu);
        Assert.NotNull(tuning.ClockSource);
    }
}
