// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What happens, to each who watches. Who is too slow is cut off, and may go on where it was.</summary>
internal sealed class EventStream
{
    /// <summary>Callers who may watch at once.</summary>
    public const int MostSubscriptions = 100;

    private const int Room = 1000;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly JobStore _store;
    private readonly Lock _lock = new();
    private readonly List<Channel<JobEvent>> _channels = [];
    private readonly CancellationToken _stopping;

    /// <summary>The events of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="stopping">Cancelled when the daemon stops.</param>
    public EventStream(JobStore store, CancellationToken stopping)
    {
        (_store, _stopping) = (store, stopping);
        store.Happened += Tell;
    }

    /// <summary>Watches from now on, or from an event on that the caller has seen.</summary>
    /// <returns>Null when too many do.</returns>
    public Subscription? Subscribe(long? after)
    {
        Channel<JobEvent> channel = Channel.CreateBounded<JobEvent>(new BoundedChannelOptions(Room) { SingleReader = true });
        lock (_lock)
        {
            if (_channels.Count >= MostSubscriptions)
            {
                return null;
            }

            _channels.Add(channel);
        }

        return new(this, channel, after ?? _store.LatestEvent());
    }

    private void Tell(JobEvent happened)
    {
        lock (_lock)
        {
            foreach (Channel<JobEvent> channel in _channels)
            {
                if (!channel.Writer.TryWrite(happened))
                {
                    channel.Writer.TryComplete();
                }
            }
        }
    }

    private void Remove(Channel<JobEvent> channel)
    {
        lock (_lock)
        {
            _channels.Remove(channel);
        }
    }

    /// <summary>One caller's watching.</summary>
    internal sealed class Subscription(EventStream events, Channel<JobEvent> channel, long after) : IDisposable
    {
        /// <summary>The events, as they come; null when there was none for a while.</summary>
        public async IAsyncEnumerable<JobEvent?> Read([EnumeratorCancellation] CancellationToken cancellation)
        {
            using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, events._stopping);
            long seen = after;

            // What has happened before the channel was there, is in the store. That it was written is told outside of the store's lock, so that two
            // events may come the wrong way round: they are taken from the store in their order.
            while (!end.IsCancellationRequested)
            {
                while (events._store.EventsAfter(seen, Room) is { Count: > 0 } missed)
                {
                    foreach (JobEvent happened in missed)
                    {
                        yield return happened;
                        seen = happened.Id;
                    }
                }

                bool? came = await WaitForMore(end.Token).ConfigureAwait(false);
                if (came == false)
                {
                    yield break;
                }

                while (channel.Reader.TryRead(out _))
                {
                    // A sign that there is something in the store.
                }

                if (came is null)
                {
                    yield return null;
                }
            }
        }

        /// <summary>Watches no more.</summary>
        public void Dispose() => events.Remove(channel);

        /// <summary>Whether there is more; null when there was nothing for a while, false when nothing comes any more.</summary>
        private async Task<bool?> WaitForMore(CancellationToken cancellation)
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(Silence);
            try
            {
                return await channel.Reader.WaitToReadAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return cancellation.IsCancellationRequested ? false : null;
            }
        }
    }
}
