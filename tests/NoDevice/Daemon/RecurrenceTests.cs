// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>When a cron expression in a time zone is due.</summary>
public sealed class RecurrenceTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("*/5 * * * *", null, "2026-01-01T00:05:00Z")]
    [InlineData("0 3 * * *", null, "2026-01-01T03:00:00Z")]
    [InlineData("0 3 * * *", "Europe/Berlin", "2026-01-01T02:00:00Z")]
    [InlineData("0 3 * * *", "Asia/Kolkata", "2026-01-01T21:30:00Z")]
    [InlineData("@daily", null, "2026-01-02T00:00:00Z")]
    [InlineData("@hourly", null, "2026-01-01T01:00:00Z")]
    [InlineData("@weekly", null, "2026-01-04T00:00:00Z")]
    [InlineData("0 12 * * MON-FRI", null, "2026-01-01T12:00:00Z")]
    [InlineData("0 0 29 2 *", null, "2028-02-29T00:00:00Z")]
    public void What_cron_means_is_due_then(string cron, string? zone, string next) =>
        Assert.Equal(DateTimeOffset.Parse(next, System.Globalization.CultureInfo.InvariantCulture), Parse(cron, zone).Next(Start));

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("0 3 * *")]
    [InlineData("0 3 * * * *")]
    [InlineData("60 3 * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("@reboot")]
    [InlineData("@every_second")]
    [InlineData("H 3 * * *")]
    [InlineData("0 0 30 2 *")]
    [InlineData("0 3 * * *\0")]
    public void What_is_no_cron_expression_of_minutes_is_refused(string cron)
    {
        Assert.Null(Recurrence.Parse(cron, null, out IReadOnlyList<string> objections));
        Assert.StartsWith("cron: ", Assert.Single(objections), StringComparison.Ordinal);
        Assert.DoesNotContain(objections[0], char.IsControl);
    }

    [Fact]
    public void An_expression_without_end_is_refused() =>
        Assert.Null(Recurrence.Parse($"0{new string(',', 100_000)} 3 * * *", null, out _));

    [Theory]
    [InlineData("")]
    [InlineData("Europe/Atlantis")]
    [InlineData("Europe")]
    [InlineData("../../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("Europe/../../../../etc/localtime")]
    [InlineData("Europe/Berlin\0")]
    [InlineData("W. Europe Standard Time")]
    public void What_is_no_time_zone_of_this_host_is_refused(string zone)
    {
        Assert.Null(Recurrence.Parse("@daily", zone, out IReadOnlyList<string> objections));
        Assert.StartsWith("timeZone: ", Assert.Single(objections), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("*/5 * * * *", "Europe/Berlin")]
    [InlineData("30 2 * * *", "Europe/Berlin")]
    [InlineData("30 * * * *", "Europe/Berlin")]
    [InlineData("15,45 1-3 * * *", "America/New_York")]
    [InlineData("0 3 * * SUN", "Europe/Berlin")]
    [InlineData("*/20 * * * *", "Australia/Lord_Howe")]
    [InlineData("59 23 28-31 * *", "Pacific/Apia")]
    public void The_latest_due_time_is_the_last_of_those_before_all_year_long(string cron, string zone)
    {
        Recurrence recurrence = Parse(cron, zone);
        Random random = new(Seed: 3);
        DateTimeOffset first = recurrence.Next(Start)!.Value;
        DateTimeOffset next;
        for (DateTimeOffset due = first; due < Start.AddYears(1); due = next)
        {
            next = recurrence.Next(due)!.Value;
            DateTimeOffset between = due + ((next - due) * random.NextDouble());
            Assert.Equal(due, recurrence.Latest(first, between));
            Assert.Equal(next, recurrence.Next(between));
            Assert.Equal(due, recurrence.Latest(due, due));
            Assert.Equal(due, recurrence.Latest(first, next - TimeSpan.FromMilliseconds(1)));
        }
    }

    private static Recurrence Parse(string cron, string? zone)
    {
        Recurrence? recurrence = Recurrence.Parse(cron, zone, out IReadOnlyList<string> objections);
        Assert.True(recurrence is not null, string.Join("; ", objections));
        return recurrence;
    }
}
