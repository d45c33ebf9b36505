// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>The hosts of the farm: what they say, and what was decided of them. A host that was there once is remembered.</summary>
internal sealed class FarmHosts
{
    private static readonly TimeSpan BetweenNotes = TimeSpan.FromMinutes(10);

    private readonly JobStore _jobs;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _hosts;

    /// <summary>The hosts that a ledger knows.</summary>
    public FarmHosts(JobStore jobs, TimeProvider time)
    {
        (_jobs, _time) = (jobs, time);
        _hosts = jobs.Read(connection => connection.Rows(
            "SELECT name, seen_at, report, cordoned FROM host",
            row => new Entry(new(
                row.GetString(0),
                JsonSerializer.Deserialize(row.GetString(2), FarmJson.Default.HostReport) ?? throw new FormatException("a host's report is null"),
                JobStore.TimeOf(row.GetInt64(1)),
                row.GetBoolean(3),
                null)))).ToDictionary(entry => entry.Host.Name, StringComparer.Ordinal);
    }

    /// <summary>All of them, in the order of their names.</summary>
    public IReadOnlyList<FarmHost> List()
    {
        lock (_lock)
        {
            return [.. _hosts.Values.Select(entry => entry.Host).OrderBy(host => host.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>One; null where there is none of that name.</summary>
    public FarmHost? Find(string name)
    {
        lock (_lock)
        {
            return _hosts.GetValueOrDefault(name)?.Host;
        }
    }

    /// <summary>How far a job is, as the host says that does it; null when nobody says.</summary>
    public double? ProgressOf(long job)
    {
        lock (_lock)
        {
            return _hosts.Values.FirstOrDefault(entry => entry.Host.Report.Job == job && entry.Host.IsThere(_time.GetUtcNow()))?.Host.Report.Progress;
        }
    }

    /// <summary>Takes what a host says of itself.</summary>
    /// <returns>The host, and whether it has to be told anew what it is to do.</returns>
    /// <exception cref="StoreFullException">There is no room to note it.</exception>
    public (FarmHost Host, bool IsNews) Hear(string name, HostReport report)
    {
        FarmHost host;
        string? happened = null;
        string? text = null;
        bool isNews, note;
        lock (_lock)
        {
            DateTimeOffset now = _time.GetUtcNow();
            Entry? entry = _hosts.GetValueOrDefault(name);
            string? objection = FarmProtocol.ObjectionTo($"host {name}", report.Protocol, report.OldestProtocol)
                ?? (FarmNames.IsCpuKey(report.CpuKey) ? null : $"host {name} says that it is a {report.CpuKey}, which is no kind of hosts")
                ?? TwoOfOneName(entry, report, now);
            host = new(name, report, now, entry?.Host.Cordoned ?? false, objection);
            isNews = entry is null || !entry.Host.IsThere(now) || entry.Host.Report.Instance != report.Instance || entry.Host.Objection != objection;
            note = isNews || now - entry!.NotedAt > BetweenNotes;
            if (objection is not null && entry?.Host.Objection != objection)
            {
                (happened, text) = (EventKinds.HostRefused, objection);
            }
            else if (entry is null || entry.IsGone || !entry.Host.IsThere(now))
            {
                (happened, text) = (EventKinds.HostThere, name);
            }

            _hosts[name] = new(host)
            {
                Before = entry is null ? null : entry.Host.Report.Instance == report.Instance ? entry.Before : (entry.Host.Report.Instance, entry.Host.SeenAt),
                NotedAt = note ? now : entry!.NotedAt,
            };
        }

        if (note)
        {
            Keep((host, happened, text));
        }

        return (host, isNews);
    }

    /// <summary>Notes those that are not heard of any more, each once.</summary>
    /// <exception cref="StoreFullException">There is no room to note it.</exception>
    public void NoteGone()
    {
        List<FarmHost> gone = [];
        lock (_lock)
        {
            foreach (Entry entry in _hosts.Values.Where(entry => !entry.IsGone && !entry.Host.IsThere(_time.GetUtcNow())))
            {
                entry.IsGone = true;
                gone.Add(entry.Host);
            }
        }

        // All of them may be, when the server is.
        if (gone.Count > 0)
        {
            Keep([.. gone.Select(host => (host, (string?)EventKinds.HostGone, (string?)host.Name))]);
        }
    }

    /// <summary>Decides whether a host is to begin jobs.</summary>
    /// <returns>The host; null where there is none of that name.</returns>
    /// <exception cref="StoreFullException">There is no room to note it.</exception>
    public FarmHost? Cordon(string name, bool cordoned)
    {
        FarmHost host;
        lock (_lock)
        {
            if (!_hosts.TryGetValue(name, out Entry? entry))
            {
                return null;
            }

            entry.Host = host = entry.Host with { Cordoned = cordoned };
        }

        Keep((host, cordoned ? EventKinds.HostCordoned : EventKinds.HostUncordoned, name));
        return host;
    }

    /// <summary>A process that was there before has ended when it is not heard of any more; one that is heard of again is a second one.</summary>
    private static string? TwoOfOneName(Entry? entry, HostReport report, DateTimeOffset now) =>
        entry is { Before: (string instance, DateTimeOffset at) } && instance == report.Instance && now - at < FarmProtocol.LongestSilence
            || (entry?.Host is { Objection: not null } host && host.Objection.StartsWith(TwoHosts, StringComparison.Ordinal) && entry.Before is (_, DateTimeOffset before) && now - before < FarmProtocol.LongestSilence)
            ? $"{TwoHosts} {report.CpuKey} is called so too, or was copied from it. Cure: give one of them a name and a key of its own; until then neither is given a job."
            : null;

    private const string TwoHosts = "there are two hosts of this name:";

    private void Keep(params IReadOnlyList<(FarmHost Host, string? Kind, string? Text)> news) => _jobs.Write((connection, events) =>
    {
        foreach ((FarmHost host, string? kind, string? text) in news)
        {
            connection.Execute(
                """
                INSERT INTO host (name, seen_at, report, cordoned) VALUES (@name, @at, @report, @cordoned)
                ON CONFLICT (name) DO UPDATE SET seen_at = @at, report = @report, cordoned = CASE WHEN @isDecision THEN @cordoned ELSE host.cordoned END
                """,
                ("@name", host.Name),
                ("@at", host.SeenAt.ToUnixTimeMilliseconds()),
                ("@report", JsonSerializer.Serialize(host.Report, FarmJson.Default.HostReport)),
                ("@cordoned", host.Cordoned),

                // What was decided meanwhile is not undone by a host that was heard before.
                ("@isDecision", kind is EventKinds.HostCordoned or EventKinds.HostUncordoned));
            if (kind is not null)
            {
                events.Add(_jobs.Note(kind, null, text));
            }
        }

        return true;
    });

    private sealed class Entry(FarmHost host)
    {
        public FarmHost Host { get; set; } = host;

        // The process that said so before this one.
        public (string Instance, DateTimeOffset At)? Before { get; init; }

        public DateTimeOffset NotedAt { get; init; }

        public bool IsGone { get; set; }
    }
}
