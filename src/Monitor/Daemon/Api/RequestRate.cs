// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Threading.RateLimiting;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>
/// How often each client may ask: a token bucket that is filled when it is asked. PartitionedRateLimiter fills its buckets by a timer that ticks ten times a second,
/// whether anybody asks or not, and a daemon that does nothing must not disturb what is measured beside it.
/// </summary>
/// <param name="perSecond">Requests of one client in a second, over a while.</param>
internal sealed class RequestRate(int perSecond)
{
    private const int Burst = 5;
    private const int MostClients = 1000;

    private readonly ConcurrentDictionary<string, TokenBucketRateLimiter> _buckets = new();

    /// <summary>Whether a client may ask now; it counts as asked.</summary>
    public bool Allows(string client)
    {
        if (_buckets.Count >= MostClients)
        {
            Forget();
        }

        TokenBucketRateLimiter bucket = _buckets.GetOrAdd(client, _ => new(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Burst * perSecond,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
            AutoReplenishment = false,
        }));
        bucket.TryReplenish();
        using RateLimitLease lease = bucket.AttemptAcquire();
        return lease.IsAcquired;
    }

    /// <summary>Forgets clients whose buckets are full: a new one is no other.</summary>
    private void Forget()
    {
        foreach ((string client, TokenBucketRateLimiter bucket) in _buckets)
        {
            bucket.TryReplenish();
            if (bucket.GetStatistics()?.CurrentAvailablePermits >= Burst * perSecond)
            {
                _buckets.TryRemove(KeyValuePair.Create(client, bucket));
            }
        }
    }
}
