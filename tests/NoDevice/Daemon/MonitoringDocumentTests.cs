// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.RegularExpressions;
using Kvmsys.Monitor.Daemon.Metrics;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>The table of metrics, the dashboard and the alert rules against the metrics that there are.</summary>
public sealed partial class MonitoringDocumentTests
{
    private static readonly string Document = Read("docs/DAEMON.md");

    [Fact]
    public void Every_metric_has_its_row_and_none_is_there_that_is_no_metric() => Assert.Equal(
        DaemonMetric.All.Select(metric => $"| {metric.Name} | {metric.Type} | {string.Join(", ", metric.Labels)} | {metric.Meaning} |"),
        Document.Split('\n').Where(line => line.StartsWith("| kvmsys_", StringComparison.Ordinal)));

    [Fact]
    public void The_dashboard_shows_metrics_that_there_are_and_all_of_them()
    {
        using JsonDocument dashboard = JsonDocument.Parse(Read("docs/grafana.json"));
        string[] expressions = [.. ExpressionsIn(dashboard.RootElement)];
        Assert.True(expressions.Length > 15, $"{expressions.Length}");
        Assert.Equal(DaemonMetric.All.Select(metric => metric.Name).Order(), expressions.SelectMany(MetricsIn).Distinct().Order());
        int[] panels = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(panel => panel.GetProperty("id").GetInt32())];
        Assert.Equal(panels.Distinct(), panels);
    }

    [Fact]
    public void The_dashboards_questions_are_ones_that_Prometheus_understands()
    {
        using JsonDocument dashboard = JsonDocument.Parse(Read("docs/grafana.json"));
        string rules = string.Concat(ExpressionsIn(dashboard.RootElement).Select((expression, i) =>
            $"  - record: r:{(char)('a' + (i / 26))}{(char)('a' + (i % 26))}\n    expr: {JsonSerializer.Serialize(expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal))}\n"));
        string file = Path.GetTempFileName();
        File.WriteAllText(file, $"groups:\n- name: dashboard\n  rules:\n{rules}");
        (int status, string output) = Promtool.Run("", "check", "rules", file);
        File.Delete(file);
        Assert.True(status == 0, output);
    }

    [Fact]
    public void The_alerts_name_metrics_that_there_are_and_each_has_a_cure()
    {
        string rules = Read("docs/alerts.yml");
        string[] named = [.. MetricsIn(rules).Distinct()];
        Assert.NotEmpty(named);
        Assert.Empty(named.Except(DaemonMetric.All.Select(metric => metric.Name)));
        int alerts = rules.Split("- alert: ").Length - 1;
        Assert.Equal((alerts, alerts), (rules.Split("\n          cure: ").Length - 1, rules.Split("\n          summary: ").Length - 1));
    }

    [Fact]
    public void Promtool_takes_the_alerts()
    {
        (int status, string output) = Promtool.Run("", "check", "rules", Path.Combine(Checkout.Root, "docs/alerts.yml"));
        Assert.True(status == 0, output);
    }

    [Fact]
    public void The_alerts_come_when_they_should_and_not_before()
    {
        (int status, string output) = Promtool.Run("", "test", "rules", Path.Combine(Checkout.Root, "tests/NoDevice/Daemon/alerts.test.yml"));
        Assert.True(status == 0, output);
    }

    [Fact]
    public void Every_alert_has_a_test() => Assert.All(
        AlertName().Matches(Read("docs/alerts.yml")).Select(match => match.Groups[1].Value),
        alert => Assert.Contains($"alertname: {alert}\n        exp_alerts:", Read("tests/NoDevice/Daemon/alerts.test.yml"), StringComparison.Ordinal));

    private static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));

    private static IEnumerable<string> ExpressionsIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => property.Name == "expr" ? [property.Value.GetString()!] : ExpressionsIn(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(ExpressionsIn),
        _ => [],
    };

    /// <summary>The metrics that an expression names; those of a histogram by its own name.</summary>
    private static IEnumerable<string> MetricsIn(string text) => MetricName().Matches(text).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"\b(kvmsys_[a-z_]+?)(?:_bucket|_sum|_count)?\b(?!\.)")]
    private static partial Regex MetricName();

    [GeneratedRegex("- alert: (\\w+)")]
    private static partial Regex AlertName();
}
