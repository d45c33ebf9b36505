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
}
