// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using Kvmsys.Monitor.Farm.Broker;

namespace Kvmsys.Scale;

/// <summary>All simulated hosts of a farm, and what they see of it.</summary>
/// <param name="document">What each job comes to, packed.</param>
/// <param name="jobTime">How long each job takes.</param>
internal sealed class Fleet(byte[] document, TimeSpan jobTime) : IAsyncDisposable
{
    private const int ConnectingAtOnce = 64;

    private readonly ConcurrentDictionary<long, DateTimeOffset> _sent = [];
    private readonly ConcurrentDictionary<string, int> _troubles = [];
    private readonly CancellationTokenSource _stopping = new();
    private SimulatedAgent[] _agents = [];
    private Task[] _running = [];

    public byte[] Document => document;

    public TimeSpan JobTime => jobTime;

    /// <summary>Looks for work that found none: the server's answer to a request.</summary>
    public Latencies Looks { get; } = new();

    /// <summary>From when the server has a job until its host has it.</summary>
    public Latencies Handed { get; } = new();

    /// <summary>From when a result is sent until the server says that it has it.</summary>
    public Latencies Kept { get; } = new();

    /// <summary>Bytes of a result as it is sent.</summary>
    public int ResultBytes { get; private set; }

    /// <summary>The hosts.</summary>
    public IReadOnlyList<SimulatedAgent> Agents => _agents;

    /// <summary>Those whose connection is there now.</summary>
    public int Connected => _agents.Count(agent => agent.IsOpen);

    /// <summary>What went wrong, and how often.</summary>
    public IReadOnlyDictionary<string, int> Troubles => _troubles;

    /// <summary>Has all hosts connect, a few at a time, and be hosts from then on.</summary>
    public async Task Join(IReadOnlyList<(BrokerLogin Login, string CpuKey)> hosts, CancellationToken cancellation)
    {
        _agents = [.. hosts.Select(host => new SimulatedAgent(this, host.Login, host.CpuKey))];
        ConcurrentBag<Task> running = [];
        await Parallel.ForEachAsync(_agents, new ParallelOptions { MaxDegreeOfParallelism = ConnectingAtOnce, CancellationToken = cancellation }, async (agent, stop) =>
        {
            await agent.Open(stop).ConfigureAwait(false);
            running.Add(agent.Run(_stopping.Token));
        }).ConfigureAwait(false);
        _running = [.. running];
    }

    /// <summary>Notes that a job's result is on its way.</summary>
    public void ResultSent(long job, int bytes)
    {
        ResultBytes = bytes;
        _sent[job] = DateTimeOffset.UtcNow;
    }

    /// <summary>When a job's result was sent; null while it was not.</summary>
    public DateTimeOffset? ResultSentAt(long job) => _sent.TryGetValue(job, out DateTimeOffset at) ? at : null;

    public void Trouble(Exception exception) => _troubles.AddOrUpdate($"{exception.GetType().Name}: {exception.Message}", 1, (_, count) => count + 1);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_running).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // They were told to.
        }

        await Parallel.ForEachAsync(_agents, async (agent, _) => await agent.DisposeAsync().ConfigureAwait(false)).ConfigureAwait(false);
        _stopping.Dispose();
    }
}
