// SPDX-License-Identifier: MIT

using System.Security;
using Cronos;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>When something is due again and again: a cron expression in a time zone.</summary>
internal sealed class Recurrence
{
    private const int LongestExpression = 200;
    private const int LongestZone = 64;

    private readonly CronExpression _cron;
    private readonly TimeZoneInfo _zone;

    private Recurrence(CronExpression cron, TimeZoneInfo zone) => (_cron, _zone) = (cron, zone);

    /// <summary>Reads one.</summary>
    /// <param name="cron">Five fields, or a name such as @daily.</param>
    /// <param name="timeZone">The zone's IANA name; null for UTC.</param>
    /// <param name="objections">What is wrong with them; empty where nothing is.</param>
    /// <returns>Null where something is wrong.</returns>
    public static Recurrence? Parse(string cron, string? timeZone, out IReadOnlyList<string> objections)
    {
        List<string> wrong = [];
        CronExpression? expression = ParseExpression(cron, wrong);
        TimeZoneInfo? zone = FindZone(timeZone, wrong);
        objections = wrong;
        return expression is null || zone is null ? null : new(expression, zone);
    }

    /// <summary>The first due time behind a time; null for none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after) => _cron.GetNextOccurrence(after, _zone)?.ToUniversalTime();

    /// <summary>The last due time up to a time, itself included.</summary>
    /// <remarks>By <see cref="Next"/> alone: Cronos' own way back has other times in the hour that summer time leaves out.</remarks>
    /// <param name="due">A due time that is not behind it.</param>
    /// <param name="until">The time.</param>
    public DateTimeOffset Latest(DateTimeOffset due, DateTimeOffset until)
    {
        // None is behind the end of what is still to be searched.
        for (DateTimeOffset end = until; end - due > TimeSpan.FromSeconds(1);)
        {
            DateTimeOffset middle = due + ((end - due) / 2);
            if (Next(middle) is DateTimeOffset next && next <= until)
            {
                due = next;
            }
            else
            {
                end = middle;
            }
        }

        return due;
    }

    private static CronExpression? ParseExpression(string cron, List<string> wrong)
    {
        try
        {
            // Cronos takes a zero for the end.
            CronExpression? expression = cron.Length <= LongestExpression && !cron.Any(char.IsControl) ? CronExpression.Parse(cron) : null;
            string? objection = expression is null ? $"at most {LongestExpression} characters, none of them a control character"
                : expression.Equals(CronExpression.EverySecond) ? "once a minute is as often as can be"
                : expression.GetNextOccurrence(DateTime.UnixEpoch) is null ? "there is no such day"
                : null;
            if (objection is null)
            {
                return expression;
            }

            wrong.Add($"cron: {objection}");
        }
        catch (Exception exception) when (exception is CronFormatException or MissingSeedException)
        {
            string reason = exception.Message.TrimEnd('.').Replace("character '\0'", "end", StringComparison.Ordinal);
            wrong.Add($"cron: minute, hour, day of the month, month and day of the week, as in 0 3 * * *, or @daily and the like: {reason}");
        }

        return null;
    }

    private static TimeZoneInfo? FindZone(string? name, List<string> wrong)
    {
        if (name is null)
        {
            return TimeZoneInfo.Utc;
        }

        try
        {
            // A name is a path below the folder of zones, and must not lead out of it.
            if (name.Length is > 0 and <= LongestZone && char.IsAsciiLetter(name[0]) && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '_' or '-' or '+'))
            {
                return TimeZoneInfo.FindSystemTimeZoneById(name);
            }
        }
        catch (Exception exception) when (exception is TimeZoneNotFoundException or InvalidTimeZoneException or SecurityException)
        {
            // It is none that this host knows.
        }

        wrong.Add("timeZone: a name of this host's time zones (the package tzdata), for example Europe/Berlin");
        return null;
    }
}
