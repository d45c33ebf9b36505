// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.NoDevice.CommandLine;

public sealed class BuildScriptTests
{
    [Fact]
    public void Why_this_hosts_KVM_will_not_do_is_the_check_that_failed_and_no_tuning()
    {
        // Whatever this host's tuning is, checks of it come behind those of the device.
        string build = Path.Combine(Checkout.Root, "build.sh");
        (_, string output, _) = Shell.Run($". {build}; obstacle 4 \"$($kvmsys doctor --json --device /dev/null || true)\"");
        Assert.EndsWith(" fails at: device\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bench --on host", true)]
    [InlineData("bench --on=host --json", true)]
    [InlineData("latency --mechanism syscall --profile host64", true)]
    [InlineData("bench --profile host32 host64 --quick", true)]
    [InlineData("bench --on kvm host", false)]
    [InlineData("bench --profile bare64 host64", false)]
    [InlineData("bench", false)]
    [InlineData("latency --mechanism int80", false)]
    public void What_is_about_this_hosts_own_Linux_is_not_measured_in_the_lab(string words, bool here) => Assert.Equal(
        here ? 0 : 1, Shell.Run($". {Path.Combine(Checkout.Root, "build.sh")}; is_of_host {words}").Status);

    [Theory]
    [InlineData("--html page.html", "--html")]
    [InlineData("--json --svg=bench.svg", "--svg")]
    [InlineData("--html - --json", null)]
    [InlineData("--mechanism int80 --svg:-", null)]
    public void A_page_that_would_stay_in_the_lab_is_refused(string options, string? refused)
    {
        (int status, _, string error) = Shell.Run($". {Path.Combine(Checkout.Root, "build.sh")}; refuse_files bench {options}");
        Assert.Equal(refused is null ? 0 : 2, status);
        Assert.Equal(refused is null ? "" : $"build.sh: this host's KVM does not run the guest, and the lab keeps no file that bench writes. Cure: {refused} - > FILE\n", error);
    }
}
