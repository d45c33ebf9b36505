// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>docs/DAEMON.md against the code.</summary>
public sealed class DaemonDocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Checkout.Root, "docs/DAEMON.md"));

    public static TheoryData<string> Settings() => [.. DaemonSetting.All.Select(setting => setting.Name)];

    [Theory]
    [MemberData(nameof(Settings))]
    public void Every_setting_has_its_row_with_its_meaning(string name)
    {
        DaemonSetting setting = DaemonSetting.All.Single(setting => setting.Name == name);
        string row = Document.Split('\n').Single(line => line.StartsWith($"| `{name}` | ", StringComparison.Ordinal));
        Assert.Contains($"| {setting.Meaning}", row, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_that_is_not_there_has_no_row() =>
        Assert.Equal(DaemonSetting.All.Count, Document.Split('\n').Count(line => line.StartsWith("| `", StringComparison.Ordinal)));

    [Fact]
    public void A_variable_is_named_after_its_setting() =>
        Assert.Equal("KVMSYS_DAEMON_STATE_FOLDER", DaemonSetting.All.Single(setting => setting.Name == "stateFolder").Variable);

    [Fact]
    public void The_documents_defaults_are_the_codes()
    {
        DaemonSettings defaults = DaemonConfiguration.Defaults(_ => null, isRoot: true)!;
        Assert.Equal(("/var/lib/kvmsys", 3600, 3, 2048), (defaults.StateFolder, defaults.DeadlineSeconds, defaults.MaxAttempts, defaults.JobMemoryMebibytes));
        Assert.Equal((1000, 16, 100, 90, 5), (defaults.LongestQueue, defaults.LargestBodyMebibytes, defaults.RequestsPerSecond, defaults.KeepDays, defaults.StopSeconds));
        Assert.Equal((0, "regression.found, job.failed"), (defaults.Webhooks.Count, string.Join(", ", defaults.WebhookEvents)));
        Assert.Equal(["unix:/run/kvmsys/daemon.sock", "http://127.0.0.1:8586"], defaults.Listen.Select(endpoint => endpoint.ToString()));
    }
}
