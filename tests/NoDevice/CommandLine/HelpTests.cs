// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kvmsys.Tests.NoDevice.CommandLine;

public sealed partial class HelpTests
{
    [Theory]
    [InlineData("", "kvmsys bench")]
    [InlineData("doctor", "kvmsys doctor --json")]
    [InlineData("doctor", "kvmsys doctor --fix")]
    [InlineData("bench", "kvmsys bench --json > bench.json")]
    [InlineData("bench", "kvmsys bench --html bench.html --svg bench.svg")]
    [InlineData("report", "kvmsys report bench.json --html bench.html")]
    [InlineData("compare", "kvmsys compare --fail-on-regression base.json new.json")]
    [InlineData("gather", "kvmsys gather --parquet fleet.parquet hosts/*.json")]
    [InlineData("history", "kvmsys history --mechanism sysenter --profile bare")]
    [InlineData("history show", "kvmsys history show 3 > base.json")]
    [InlineData("history import", "kvmsys history import bench.json")]
    [InlineData("history delete", "kvmsys history delete 3")]
    [InlineData("article", "kvmsys article --calls 1_000_000")]
    [InlineData("page", "kvmsys page dump > page.so")]
    [InlineData("page dump", "kvmsys page dump --hex")]
    [InlineData("page disasm", "kvmsys page disasm --mechanism int80")]
    [InlineData("page symbols", "kvmsys page symbols --json")]
    [InlineData("run", "kvmsys run --gdb 0 ./hello")]
    [InlineData("jobs schedule", "kvmsys jobs schedule set nightly --cron '0 3 * * *'")]
    [InlineData("jobs schedule set", "kvmsys jobs schedule set check-up --cron @daily doctor")]
    [InlineData("daemon", "kvmsys daemon --print-unit")]
    [InlineData("daemon backup", "kvmsys daemon backup /mnt/backup/jobs.db")]
    [InlineData("daemon token", "kvmsys daemon token create ci")]
    [InlineData("trace", "kvmsys trace --user --limit 1_000 ./hello")]
    public void Every_command_has_help_with_examples_and_the_exit_statuses(string command, string example)
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys {command} --help");
        Assert.Equal((0, ""), (status, error));
        Assert.Contains("Examples:", output, StringComparison.Ordinal);
        Assert.Contains(example, output, StringComparison.Ordinal);
        Assert.Contains("4 this KVM cannot run the guest", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_a_number_and_nothing_else()
    {
        (int status, string output, string error) = Shell.Run("$kvmsys --version");
        Assert.Equal((0, ""), (status, error));
        Assert.Matches(Version(), output);
    }

    [Fact]
    public void Without_a_terminal_there_is_no_colour_and_no_progress()
    {
        (_, string output, string error) = Shell.Run("$kvmsys doctor --device /dev/null", term: "xterm-256color");
        Assert.DoesNotContain('\u001b', output);
        Assert.Equal("", error);
    }

    [Fact]
    public void The_doctors_JSON_says_what_its_table_says()
    {
        (int status, string output, _) = Shell.Run("$kvmsys doctor --device /dev/no-such-kvm --json");
        Assert.Equal(3, status);
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement root = document.RootElement;
        Assert.Equal("kvmsys.doctor/1", root.GetProperty("schema").GetString());
        Assert.False(root.GetProperty("usableDevice").GetBoolean());
        Assert.False(root.GetProperty("canRunGuest").GetBoolean());
        JsonElement check = Assert.Single(root.GetProperty("checks").EnumerateArray());
        Assert.Equal("device", check.GetProperty("name").GetString());
        Assert.False(check.GetProperty("passed").GetBoolean());
        Assert.NotEqual("", root.GetProperty("host").GetProperty("kernel").GetString());
        Assert.NotEmpty(root.GetProperty("host").GetProperty("tuning").GetProperty("vulnerabilities").EnumerateObject());
        Assert.Equal(12, root.GetProperty("tuning").GetArrayLength());
    }

    [Fact]
    public void The_doctor_without_a_KVM_still_tells_the_hosts_tuning() =>
        Assert.Contains("host tuning", Shell.Run("$kvmsys doctor --device /dev/null").Output, StringComparison.Ordinal);

    [Fact]
    public void The_doctors_fix_prints_comments_and_commands_that_a_shell_can_read()
    {
        (int status, string output, string error) = Shell.Run("script=$($kvmsys doctor --fix) && sh -nc \"$script\" && echo -n \"$script\"");
        Assert.Equal((0, output.Length == 0 ? "kvmsys: there is nothing to mend.\n" : ""), (status, error));
        Assert.All(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^(# .+: .+; |echo .+ \\| tee /)", line));
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+\n$")]
    private static partial Regex Version();
}
