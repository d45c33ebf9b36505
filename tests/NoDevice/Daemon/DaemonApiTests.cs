// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What the daemon answers to those who ask: over real sockets, with a real database behind it.</summary>
public sealed class DaemonApiTests
{
    private const string Doctor = """{"kind":"doctor"}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_is_taken_made_and_its_result_is_there()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"doctor","name":"check-up"}""");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        JsonElement job = await RunningDaemon.Read(answer);
        Assert.Equal($"/api/v1/jobs/{job.GetProperty("id").GetInt64()}", answer.Headers.Location!.ToString());
        Job ended = await daemon.Ended(job.GetProperty("id").GetInt64());
        Assert.True(ended.State == JobState.Done, ended.Reason);
        JsonElement result = await daemon.Get($"/api/v1/jobs/{ended.Id}/result");
        Assert.Equal("kvmsys.doctor/1", result.GetProperty("schema").GetString());
        JsonElement shown = await daemon.Get($"/api/v1/jobs/{ended.Id}");
        Assert.Equal(("done", "check-up", "socket"), (shown.GetProperty("state").GetString(), shown.GetProperty("request").GetProperty("name").GetString(), shown.GetProperty("submittedBy").GetString()));
        JsonElement attempt = Assert.Single(shown.GetProperty("attempts").EnumerateArray());
        Assert.Equal("succeeded", attempt.GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_bench_of_this_hosts_Linux_is_made_by_a_process_of_its_own_and_what_it_measured_is_kept()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.Submit(
            """{"kind":"bench","maxAttempts":1,"bench":{"mechanisms":["syscall"],"profiles":["host64"],"sessions":1,"runs":1}}""");
        Job ended = await daemon.Ended((await RunningDaemon.Read(answer)).GetProperty("id").GetInt64());

        // A host that is busy makes a bench of which too much is discarded; it is kept all the same, with its attempt.
        JobAttempt attempt = Assert.Single(daemon.Store.Attempts(ended.Id));
        Assert.True(attempt.Outcome is AttemptOutcome.Succeeded or AttemptOutcome.Unstable, $"{attempt}");
        Assert.Equal(attempt.Outcome == AttemptOutcome.Succeeded ? JobState.Done : JobState.Failed, ended.State);
        JsonElement document = await daemon.Get($"/api/v1/jobs/{ended.Id}/attempts/1/document");
        Assert.Equal("kvmsys.bench/2", document.GetProperty("schema").GetString());
        JsonElement results = (await daemon.Get("/api/v1/results")).GetProperty("results");
        Assert.Equal(ended.State == JobState.Done ? 1 : 0, results.GetArrayLength());
    }

    [Fact]
    public async Task A_job_that_takes_too_long_costs_one_job_and_the_next_is_made()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage slow = await daemon.Submit(
            """{"kind":"bench","deadlineSeconds":1,"maxAttempts":1,"bench":{"mechanisms":["syscall"],"profiles":["host64"],"protocol":"full"}}""");
        using HttpResponseMessage next = await daemon.Submit(Doctor);
        Job failed = await daemon.Ended((await RunningDaemon.Read(slow)).GetProperty("id").GetInt64());
        Assert.Equal((JobState.Failed, "it was still running after its 1 s"), (failed.State, failed.Reason));
        Assert.Equal(AttemptOutcome.TimedOut, Assert.Single(daemon.Store.Attempts(failed.Id)).Outcome);
        Assert.Equal(JobState.Done, (await daemon.Ended((await RunningDaemon.Read(next)).GetProperty("id").GetInt64())).State);
    }

    [Fact]
    public async Task A_jobs_process_that_a_signal_ends_says_which()
    {
        string binary = Path.GetTempFileName();
        await File.WriteAllTextAsync(binary, "#!/bin/sh\nkill -SEGV $$\n", Cancellation);
        File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { Executable = binary });
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"doctor","maxAttempts":1}""");
        Job failed = await daemon.Ended((await RunningDaemon.Read(answer)).GetProperty("id").GetInt64());
        Assert.Equal((JobState.Failed, "its process ended with status 139, by signal 11"), (failed.State, failed.Reason));
        File.Delete(binary);
    }

    [Fact]
    public async Task A_job_that_runs_is_ended_when_it_is_cancelled()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"bench","bench":{"mechanisms":["syscall"],"profiles":["host64"],"protocol":"full"}}""");
        long id = (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
        while (daemon.Store.Find(id)!.State == JobState.Queued)
        {
            await Task.Delay(10, Cancellation);
        }

        using HttpResponseMessage cancelled = await daemon.BySocket.PostAsync($"/api/v1/jobs/{id}/cancel", null, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        Assert.Equal(JobState.Cancelled, (await daemon.Ended(id)).State);
        using HttpResponseMessage again = await daemon.BySocket.PostAsync($"/api/v1/jobs/{id}/cancel", null, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
    }

    [Fact]
    public async Task A_cordoned_host_begins_no_job_until_it_is_allowed_again()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage cordon = await daemon.BySocket.PostAsync("/api/v1/host/cordon", null, Cancellation);
        Assert.True((await RunningDaemon.Read(cordon)).GetProperty("cordoned").GetBoolean());
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        long id = (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
        await Task.Delay(300, Cancellation);
        Assert.Equal(JobState.Queued, daemon.Store.Find(id)!.State);
        using HttpResponseMessage uncordon = await daemon.BySocket.PostAsync("/api/v1/host/uncordon", null, Cancellation);
        Assert.Equal(JobState.Done, (await daemon.Ended(id)).State);
    }

    [Fact]
    public async Task Every_route_refuses_who_may_not_and_answers_who_may()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        foreach (ApiRoute route in daemon.Routes.All.Where(route => !route.Pattern.EndsWith("/events", StringComparison.Ordinal)))
        {
            string path = RunningDaemon.PathOf(route);
            Assert.DoesNotContain('{', path);
            using HttpRequestMessage byLoopback = new(new HttpMethod(route.Method), path);
            using HttpResponseMessage refused = await daemon.ByPort.SendAsync(byLoopback, Cancellation);
            Assert.True(route.Scope > Scope.Read == (refused.StatusCode == HttpStatusCode.Forbidden), $"{route.Method} {path}: {refused.StatusCode}");
            using HttpRequestMessage bySocket = new(new HttpMethod(route.Method), path);
            using HttpResponseMessage answered = await daemon.BySocket.SendAsync(bySocket, Cancellation);
            Assert.True(answered.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized), $"{route.Method} {path}: {answered.StatusCode}");
        }
    }

    [Fact]
    public async Task A_name_that_somebody_else_has_made_lead_here_is_refused()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/jobs") { Headers = { Host = "evil.example" } };
        using HttpResponseMessage answer = await daemon.ByPort.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData("", "the body is not what is expected")]
    [InlineData("null", "the body is null")]
    [InlineData("[]", "the body is not what is expected")]
    [InlineData("{}", "the body is not what is expected")]
    [InlineData("""{"kind":"coffee"}""", "the body is not what is expected")]
    [InlineData("""{"kind":1}""", "the body is not what is expected")]
    [InlineData("""{"kind":"doctor","colour":"red"}""", "colour")]
    [InlineData("""{"kind":"doctor","bench":{}}""", "bench: only a job of kind bench has it")]
    [InlineData("""{"kind":"run"}""", "program: a job of kind run has it, and no other")]
    [InlineData("""{"kind":"bench","bench":{"mechanisms":["int80","--html"]}}""", "bench.mechanisms: of empty, call")]
    [InlineData("""{"kind":"doctor","target":"any"}""", "target: this daemon is of one host")]
    [InlineData("""{"kind":"doctor","priority":1e99}""", "the body is not what is expected")]
    [InlineData("""{"kind":"doctor","name":"\ud800"}""", "the body")]
    public async Task What_is_no_job_is_refused_in_words(string body, string words)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.Submit(body);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Contains(words, (await RunningDaemon.Read(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(daemon.Store.List(null, null, 10));
    }

    [Fact]
    public async Task A_schedule_for_another_host_is_refused_in_words()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.BySocket.PutAsync(
            "/api/v1/schedules/nightly", RunningDaemon.Json("""{"cron":"@daily","job":{"kind":"doctor","target":"host:b"}}"""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("job.target: this daemon is of one host", (await RunningDaemon.Read(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_is_wrong_is_told_at_once()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"bench","priority":1000,"maxAttempts":0,"bench":{"sessions":0,"protocol":"slow"}}""");
        string[] errors = [.. (await RunningDaemon.Read(answer)).GetProperty("errors").EnumerateArray().Select(error => error.GetString()!)];
        Assert.Equal(["priority", "maxAttempts", "bench.protocol", "bench.sessions"], errors.Select(error => error.Split(':')[0]));
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_by_its_type_or_too_large_is_refused()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { LargestBodyMebibytes = 1 });
        using StringContent form = new("kind=doctor", Encoding.UTF8, "application/x-www-form-urlencoded");
        using HttpResponseMessage refused = await daemon.BySocket.PostAsync("/api/v1/jobs", form, Cancellation);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);

        // It is refused by its length, before it was sent.
        string head = await Raw(daemon, "POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n", overSocket: true);
        Assert.StartsWith("HTTP/1.1 413 ", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_key_is_the_same_job_and_another_job_with_it_is_refused()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage first = await daemon.Submit(Doctor, "key-1");
        using HttpResponseMessage second = await daemon.Submit(Doctor, "key-1");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal((await RunningDaemon.Read(first)).GetProperty("id").GetInt64(), (await RunningDaemon.Read(second)).GetProperty("id").GetInt64());
        using HttpResponseMessage other = await daemon.Submit("""{"kind":"doctor","priority":1}""", "key-1");
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
    }

    [Fact]
    public async Task A_full_queue_asks_to_come_back_later()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { LongestQueue = 2 });
        daemon.Store.IsCordoned = true;
        using HttpResponseMessage first = await daemon.Submit(Doctor);
        using HttpResponseMessage second = await daemon.Submit(Doctor);
        using HttpResponseMessage third = await daemon.Submit(Doctor);
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.TooManyRequests), (second.StatusCode, third.StatusCode));
        Assert.NotNull(third.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_full_disk_takes_no_job_loses_none_and_goes_on_when_there_is_room()
    {
        using SmallDisk? disk = SmallDisk.TryMount();
        Assert.SkipWhen(disk is null, "this user may mount no file system");
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { StateFolder = Path.Combine(disk.Path, "state") });
        daemon.Store.IsCordoned = true;
        HttpStatusCode status;
        int taken = 0;
        do
        {
            using HttpResponseMessage answer = await daemon.Submit(Doctor);
            status = answer.StatusCode;
            taken += status == HttpStatusCode.Created ? 1 : 0;
        }
        while (status == HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.InsufficientStorage, status);
        disk.Fill();

        // There may be a little room where the last one's beginning was written.
        for (int count = 0; status != HttpStatusCode.ServiceUnavailable; count++)
        {
            Assert.True(count < 200, "It is ready for ever.");
            await Task.Delay(100, Cancellation);
            using HttpResponseMessage ready = await daemon.ByPort.GetAsync("/readyz", Cancellation);
            status = ready.StatusCode;
        }

        Assert.Equal(taken, daemon.Store.Counts()[JobState.Queued]);
        disk.MakeRoom();
        using HttpResponseMessage again = await daemon.Submit(Doctor);
        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
    }

    [Fact]
    public async Task Who_asks_too_often_is_asked_to_wait()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { RequestsPerSecond = 1 });
        List<HttpStatusCode> statuses = [];
        for (int i = 0; i < 20; i++)
        {
            using HttpResponseMessage answer = await daemon.ByPort.GetAsync("/api/v1/jobs", Cancellation);
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal(HttpStatusCode.OK, statuses[0]);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Empty(statuses.Except([HttpStatusCode.OK, HttpStatusCode.TooManyRequests]));
    }

    [Fact]
    public async Task What_has_not_changed_is_not_sent_again()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage first = await daemon.BySocket.GetAsync("/api/v1/jobs", Cancellation);
        using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/jobs") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using HttpResponseMessage second = await daemon.BySocket.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task Pages_show_every_job_once()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        for (int i = 0; i < 7; i++)
        {
            using HttpResponseMessage answer = await daemon.Submit(Doctor);
        }

        List<long> seen = [];
        for (string? path = "/api/v1/jobs?limit=3&state=queued"; path is not null;)
        {
            JsonElement page = await daemon.Get(path);
            seen.AddRange(page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetInt64()));
            path = page.TryGetProperty("next", out JsonElement next) ? next.GetString() : null;
        }

        Assert.Equal([7, 6, 5, 4, 3, 2, 1], seen);
    }

    [Theory]
    [InlineData("/api/v1/jobs?limit=0")]
    [InlineData("/api/v1/jobs?limit=1001")]
    [InlineData("/api/v1/jobs?limit=x")]
    [InlineData("/api/v1/jobs?limit=1&limit=2")]
    [InlineData("/api/v1/jobs?state=lost")]
    [InlineData("/api/v1/jobs?before=-1")]
    [InlineData("/api/v1/series?mechanism=")]
    public async Task A_query_that_means_nothing_is_refused(string path)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.BySocket.GetAsync(path, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData("GET /api/v1/jobs/../../../etc/passwd HTTP/1.1", 404)]
    [InlineData("GET /api/v1/jobs/%2e%2e%2f%2e%2e HTTP/1.1", 404)]
    [InlineData("GET /api/v1/jobs/999 HTTP/1.1", 404)]
    [InlineData("GET /api/v1/jobs/abc HTTP/1.1", 404)]
    [InlineData("GET /api/v1/jobs/18446744073709551616 HTTP/1.1", 404)]
    [InlineData("DELETE /api/v1/jobs HTTP/1.1", 405)]
    [InlineData("GET //etc/passwd HTTP/1.1", 404)]
    [InlineData("GET /\0 HTTP/1.1", 400)]
    [InlineData("garbage", 400)]
    public async Task A_request_that_is_a_trick_is_refused_and_the_daemon_goes_on(string line, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        string answer = await Raw(daemon, $"{line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} ", answer, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Array, (await daemon.Get("/api/v1/jobs")).GetProperty("jobs").ValueKind);
    }

    [Fact]
    public async Task Headers_without_end_are_cut_off()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using TcpClient client = new("127.0.0.1", daemon.Port);
        byte[] header = Encoding.ASCII.GetBytes($"X-Padding: {new string('x', 1000)}\r\n");
        string answer = "";
        try
        {
            await client.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"u8.ToArray(), Cancellation);
            for (int i = 0; i < 100; i++)
            {
                await client.GetStream().WriteAsync(header, Cancellation);
            }

            using StreamReader reader = new(client.GetStream());
            answer = await reader.ReadToEndAsync(Cancellation);
        }
        catch (IOException)
        {
            // Cut off in the middle of it.
        }

        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 431 ", StringComparison.Ordinal), answer);
        Assert.Equal("ok\n", await daemon.ByPort.GetStringAsync("/healthz", Cancellation));
    }

    [Fact]
    public async Task Events_come_in_order_and_who_comes_back_gets_what_was_missed()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage stream = await daemon.ByPort.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        long id = (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
        await daemon.Ended(id);
        Assert.Equal(["job.queued", "job.running", "job.done"], await Kinds(stream, 3));

        using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/events") { Headers = { { "Last-Event-ID", "1" } } };
        using HttpResponseMessage again = await daemon.ByPort.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(["job.running", "job.done"], await Kinds(again, 2));

        static async Task<List<string>> Kinds(HttpResponseMessage stream, int count)
        {
            using StreamReader reader = new(await stream.Content.ReadAsStreamAsync(Cancellation));
            List<string> kinds = [];
            while (kinds.Count < count)
            {
                string line = await reader.ReadLineAsync(Cancellation) ?? throw new EndOfStreamException();
                if (line.StartsWith("event: ", StringComparison.Ordinal))
                {
                    kinds.Add(line["event: ".Length..]);
                }
            }

            return kinds;
        }
    }

    [Fact]
    public async Task Five_hundred_callers_at_once_are_all_answered()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        HttpStatusCode[] statuses = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using HttpClient client = RunningDaemon.OverSocket(daemon.SocketPath);
            using HttpResponseMessage answer = i % 2 == 0 ? await RunningDaemon.Submit(client, Doctor) : await client.GetAsync("/api/v1/jobs", Cancellation);
            return answer.StatusCode;
        }));
        Assert.Empty(statuses.Except([HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.TooManyRequests]));
        Assert.Equal(statuses.Count(status => status == HttpStatusCode.Created), daemon.Store.List(JobState.Queued, null, 1000).Count);
    }

    [Fact]
    public async Task The_description_has_every_route_with_its_scope()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        JsonElement paths = (await daemon.Get("/api/v1/openapi.json")).GetProperty("paths");
        foreach (ApiRoute route in daemon.Routes.All)
        {
            JsonElement operation = paths.GetProperty(route.Pattern).GetProperty(route.Method.ToLowerInvariant());
            Assert.Equal(route.Scope.ToString().ToLowerInvariant(), operation.GetProperty("x-scope").GetString());
            Assert.Equal(route.Body is not null, operation.TryGetProperty("requestBody", out _));
        }
    }

    [Fact]
    public async Task Whoever_is_not_of_its_group_cannot_open_the_socket()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        Assert.Equal(mode, File.GetUnixFileMode(daemon.SocketPath));
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_is_cut_off()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        string answer = await Raw(daemon, "POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", overSocket: true);
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
    }

    /// <summary>Sends what it is given, and reads to the end of what comes.</summary>
    private static async Task<string> Raw(RunningDaemon daemon, string text, bool overSocket = false)
    {
        using Socket socket = overSocket
            ? new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(overSocket ? new UnixDomainSocketEndPoint(daemon.SocketPath) : new IPEndPoint(IPAddress.Loopback, daemon.Port), Cancellation);
        await using NetworkStream stream = new(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), Cancellation);
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync(Cancellation);
    }
}
