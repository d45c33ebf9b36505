// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Host;
using Kvmsys.Native;

namespace Kvmsys.Tests.AnyKvm.Machine;

/// <summary>A KVM that cannot run the i386 guest, as kvm_pvm: it must be told so in one line, and never be measured.</summary>
public sealed class EmulatingKvmTests
{
    [Theory]
    [InlineData("bench")]
    [InlineData("article")]
    public void A_command_that_needs_the_guest_says_why_it_cannot_run_and_where_it_could(string command)
    {
        Checkup checkup = Checkup.Of(Kvm.DefaultPath, HostEnvironment.Read());
        Assert.SkipWhen(checkup.CanRunGuest, "this KVM runs the guest");
        ProcessStartInfo start = new(Checkout.Binary, [command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        Assert.Equal("", process.StandardOutput.ReadToEnd());
        process.WaitForExit();
        Assert.Equal(4, process.ExitCode);
        Assert.StartsWith($"kvmsys: this KVM ({checkup.Environment.BackEnd.Module}) cannot run the guest; {checkup.Obstacle!.Name}: ", error, StringComparison.Ordinal);
        Assert.EndsWith("Cure: use a host with VT-x or SVM, or the lab: ./build.sh lab -- kvmsys ...\n", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(character => character == '\n'));
    }

    [Fact]
    public void The_checkup_goes_as_far_as_this_KVM_does_and_no_further()
    {
        Checkup checkup = Checkup.Of(Kvm.DefaultPath, HostEnvironment.Read());
        Assert.True(checkup.HasUsableDevice);
        Assert.Contains(checkup.Checks, check => check.Name == "flat 32-bit code" && check.Passed);
        Assert.Equal(checkup.CanRunGuest, checkup.Obstacle is null);
        Assert.Equal(checkup.CanRunGuest, checkup.Proof is not null);
        if (checkup.Obstacle is Check obstacle)
        {
            Assert.Equal(obstacle, checkup.Checks[^1]);
        }
    }
}
