// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>How far each webhook has been told what has happened: events are a log, and each webhook has its place in it.</summary>
/// <param name="jobs">Where the log is.</param>
internal sealed class WebhookStore(JobStore jobs)
{
    /// <summary>Begins with webhooks that are new, at what happens from now on, and forgets those that are not wanted any more.</summary>
    /// <param name="urls">Those that are wanted.</param>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void Keep(IReadOnlyList<string> urls) => jobs.Write((connection, _) =>
    {
        foreach (string url in connection.Rows("SELECT url FROM webhook", row => row.GetString(0)).Except(urls))
        {
            connection.Execute("DELETE FROM webhook WHERE url = @url", ("@url", url));
        }

        foreach (string url in urls)
        {
            connection.Execute("INSERT INTO webhook (url, told) SELECT @url, coalesce(max(id), 0) FROM event WHERE true ON CONFLICT (url) DO NOTHING", ("@url", url));
        }

        return urls.Count;
    });

    /// <summary>The first event that a webhook has not been told yet.</summary>
    /// <param name="url">The webhook.</param>
    /// <param name="kinds">What it is told.</param>
    /// <returns>The event; null when it has been told everything.</returns>
    public JobEvent? Next(string url, IReadOnlyList<string> kinds)
    {
        const int most = 1000;
        long told = jobs.Read(connection => connection.Scalar("SELECT told FROM webhook WHERE url = @url", ("@url", url)) as long? ?? long.MaxValue);
        while (jobs.EventsAfter(told, most) is { Count: > 0 } events)
        {
            if (events.FirstOrDefault(happened => kinds.Contains(happened.Kind)) is JobEvent next)
            {
                return next;
            }

            told = events[^1].Id;
        }

        return null;
    }

    /// <summary>Notes that a webhook has been told an event.</summary>
    /// <exception cref="StoreFullException">There is no room; it may be told once more.</exception>
    public void Told(string url, JobEvent told) => jobs.Write((connection, _) => connection.Execute("UPDATE webhook SET told = @told WHERE url = @url", ("@told", told.Id), ("@url", url)));

    /// <summary>Notes that a webhook is not told an event any more.</summary>
    /// <param name="url">The webhook.</param>
    /// <param name="lost">The event.</param>
    /// <param name="text">What is said of it, in its own event.</param>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void GiveUp(string url, JobEvent lost, string text) => jobs.Write((connection, events) =>
    {
        events.Add(jobs.Note(EventKinds.WebhookGivenUp, lost.Job, text));
        return connection.Execute("UPDATE webhook SET told = @told WHERE url = @url", ("@told", lost.Id), ("@url", url));
    });
}
