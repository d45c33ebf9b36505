// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Store;
using Microsoft.Extensions.Hosting;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>
/// Sees to it that a controller which may not write into its ledger any more ends, also when there is nothing to write: another one may have it already,
/// and this one's page and its answers would be of yesterday.
/// </summary>
/// <param name="jobs">The ledger's jobs.</param>
internal sealed class LedgerWatch(JobStore jobs) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>Looks again and again.</summary>
    /// <exception cref="StoreException">It may not write any more: the controller stops.</exception>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Period);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            jobs.MayWrite();
        }
    }
}
