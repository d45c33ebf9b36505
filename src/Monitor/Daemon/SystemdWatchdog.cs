// SPDX-License-Identifier: MIT

using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;

namespace Kvmsys.Monitor.Daemon;

/// <summary>
/// Tells systemd's watchdog that the daemon goes on, as long as its loop does (sd_watchdog_enabled(3)): a daemon that only answers requests would be
/// restarted. Microsoft.Extensions.Hosting.Systemd tells READY and STOPPING, and leaves this to others.
/// </summary>
/// <param name="notifier">Speaks to systemd.</param>
/// <param name="loop">What has to go on.</param>
internal sealed class SystemdWatchdog(ISystemdNotifier notifier, JobEngine loop) : BackgroundService
{
    private static readonly ServiceState Alive = new("WATCHDOG=1");

    /// <summary>How often systemd wants to hear of this process; null for never.</summary>
    /// <param name="variable">The environment.</param>
    /// <param name="process">This process.</param>
    public static TimeSpan? IntervalOf(Func<string, string?> variable, int process) =>
        ulong.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out ulong microseconds) && microseconds > 0
        && (variable("WATCHDOG_PID") is not string wanted || wanted == process.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (IntervalOf(Environment.GetEnvironmentVariable, Environment.ProcessId) is not TimeSpan interval)
        {
            return;
        }

        // The loop makes a step every ten seconds at least; whatever the interval, it is heard of as often as it makes one.
        long told = -1;
        using PeriodicTimer timer = new(interval / 4);
        try
        {
            do
            {
                if (loop.Steps != told)
                {
                    told = loop.Steps;
                    notifier.Notify(Alive);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }
}
