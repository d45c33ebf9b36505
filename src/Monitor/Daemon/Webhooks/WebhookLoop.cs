// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kvmsys.Monitor.Daemon.Webhooks;

/// <summary>
/// Tells others what has happened: each webhook everything that it wants, in order, at least once. One that does not answer is asked again after 1, 2, 4 ...
/// 300 seconds; what it did not take within a day is given up.
/// </summary>
/// <param name="settings">Whom to tell, and what.</param>
/// <param name="secret">By what they know that it is this daemon.</param>
/// <param name="store">How far each was told.</param>
/// <param name="jobs">What has happened, and the jobs that it is about.</param>
/// <param name="regressions">Regressions that were found.</param>
/// <param name="loop">Knows how far jobs are.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The daemon's log.</param>
internal sealed partial class WebhookLoop(
    DaemonSettings settings, WebhookSecret secret, WebhookStore store, JobStore jobs, RegressionStore regressions, JobLoop loop, TimeProvider time, ILogger<WebhookLoop> logger)
    : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // What is old when it is first tried, because the host was off meanwhile, is tried for a while all the same.
    private static readonly TimeSpan LeastTried = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Patience };

        // A slow one keeps no other one waiting. When one of them cannot go on, none does.
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] tasks = [.. settings.Webhooks.Distinct().Select(url => Tell(client, url, end.Token))];
        await Task.WhenAny(tasks).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    private async Task Tell(HttpClient client, string url, CancellationToken stopping)
    {
        using SemaphoreSlim somethingNew = new(0);
        jobs.Happened += Wake;
        try
        {
            int failures = 0;
            DateTimeOffset tried = default;
            while (!stopping.IsCancellationRequested)
            {
                if (store.Next(url, settings.WebhookEvents) is not JobEvent next)
                {
                    await somethingNew.WaitAsync(stopping).ConfigureAwait(false);
                    continue;
                }

                tried = failures == 0 ? time.GetUtcNow() : tried;
                string? reason = await TryToTell(client, url, next, tried, stopping).ConfigureAwait(false);
                if (reason is not null && failures == 0)
                {
                    LogFailed(NameOf(url), next.Id, reason);
                }

                failures = reason is null ? 0 : Math.Min(failures + 1, 30);
                if (reason is not null)
                {
                    TimeSpan pause = FirstPause * Math.Pow(2, failures - 1);
                    await Task.Delay(pause < LongestPause ? pause : LongestPause, time, stopping).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The daemon stops.
        }
        finally
        {
            jobs.Happened -= Wake;
        }

        void Wake(JobEvent happened)
        {
            if (settings.WebhookEvents.Contains(happened.Kind))
            {
                somethingNew.Release();
            }
        }
    }

    /// <summary>Tells a webhook an event, and notes that it was told, or that it never will be.</summary>
    /// <returns>Why that has to be tried again; null when it has not.</returns>
    private async Task<string?> TryToTell(HttpClient client, string url, JobEvent next, DateTimeOffset tried, CancellationToken stopping)
    {
        try
        {
            string? reason = await Send(client, url, next, stopping).ConfigureAwait(false);
            if (reason is null)
            {
                store.Told(url, next);
            }
            else if (time.GetUtcNow() - next.At > LongestWait && time.GetUtcNow() - tried > LeastTried)
            {
                LogGivenUp(NameOf(url), next.Id, reason);
                store.GiveUp(url, next, string.Create(CultureInfo.InvariantCulture, $"event {next.Id} for {NameOf(url)}: {reason}"));
            }

            return reason;
        }
        catch (StoreFullException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>What a webhook is called where others read it: scheme, host and port, for its path may be a secret.</summary>
    private static string NameOf(string url) => new Uri(url).GetLeftPart(UriPartial.Authority);

    /// <returns>Why it was not taken; null when it was.</returns>
    private async Task<string?> Send(HttpClient client, string url, JobEvent next, CancellationToken stopping)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(
            new WebhookDocument(
                next.Kind,
                next.At,
                new(
                    Environment.MachineName,
                    next.Id,
                    next.Text,
                    next.Job is long id && jobs.Find(id) is Job job ? JobDocument.Of(job, loop) : null,
                    regressions.Find(next.Id)?.Regression)),
            DaemonJson.Default.WebhookDocument);
        string message = string.Create(CultureInfo.InvariantCulture, $"{next.At.ToUnixTimeMilliseconds()}-{next.Id}");
        string timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpRequestMessage request = new(HttpMethod.Post, url) { Content = content };
        request.Headers.Add("webhook-id", message);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.TryAddWithoutValidation("webhook-signature", secret.Sign(message, timestamp, body));
        request.Headers.Add("User-Agent", "kvmsys");
        try
        {
            // What it says beside its status is not read.
            using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"it answered {(int)answer.StatusCode}");
        }
        catch (HttpRequestException exception)
        {
            return exception.Message.TrimEnd('.');
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return $"no answer within {Patience.TotalSeconds} s";
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Webhook} was not told event {Event}: {Reason}; it is asked again")]
    private partial void LogFailed(string webhook, long @event, string reason);

    [LoggerMessage(LogLevel.Error, "{Webhook} is not told event {Event} any more, after a day: {Reason}")]
    private partial void LogGivenUp(string webhook, long @event, string reason);
}
