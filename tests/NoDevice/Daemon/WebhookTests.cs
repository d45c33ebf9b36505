// SPDX-License-Identifier: MIT

using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Daemon.Webhooks;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Others are told what has happened: signed, in order, again where they did not take it, and not for ever.</summary>
public sealed class WebhookTests : IDisposable
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private const string Doctor = """{"kind":"doctor"}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-webhook-").FullName;

    private string SecretFile => Path.Combine(_folder, "secret");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The example of the specification's reference libraries.
    [Fact]
    public void A_signature_is_as_the_specification_has_it() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSecret.Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")!.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", """{"test": 2432232314}"""u8));

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("whsec_MDEyMw==")]
    [InlineData("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")]
    [InlineData("whsec_not Base64 at all, whatever it is!")]
    public void What_is_no_secret_is_refused(string text)
    {
        Assert.Null(WebhookSecret.Parse(text));
        File.WriteAllText(SecretFile, text);
        Assert.Contains("head -c 32 /dev/urandom", Assert.Throws<AccessException>(() => WebhookSecret.Read(SecretFile)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_is_not_there_is_told() =>
        Assert.Contains(SecretFile, Assert.Throws<AccessException>(() => WebhookSecret.Read(SecretFile)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task What_happens_is_told_in_order_with_its_job_and_a_good_signature()
    {
        await using WebhookReceiver receiver = new();
        await using RunningDaemon daemon = await Start(receiver, "job.queued", "job.done");
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"doctor","name":"check-up"}""");
        (WebHeaderCollection Headers, byte[] Body)[] received = await receiver.WaitFor(2);
        string[] types = new string[2];
        for (int i = 0; i < 2; i++)
        {
            (WebHeaderCollection headers, byte[] body) = received[i];
            byte[] signed = [.. Encoding.UTF8.GetBytes($"{headers["webhook-id"]}.{headers["webhook-timestamp"]}."), .. body];
            Assert.Equal($"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), signed))}", headers["webhook-signature"]);
            Assert.Equal("application/json", headers["Content-Type"]);
            using JsonDocument document = JsonDocument.Parse(body);
            types[i] = document.RootElement.GetProperty("type").GetString()!;
            JsonElement data = document.RootElement.GetProperty("data");
            Assert.Equal(Environment.MachineName, data.GetProperty("host").GetString());
            Assert.Equal("check-up", data.GetProperty("job").GetProperty("request").GetProperty("name").GetString());
        }

        Assert.Equal(["job.queued", "job.done"], types);
        Assert.NotEqual(received[0].Headers["webhook-id"], received[1].Headers["webhook-id"]);
    }

    [Fact]
    public async Task One_that_does_not_take_it_is_asked_again_with_the_same_number()
    {
        await using WebhookReceiver receiver = new() { Status = HttpStatusCode.InternalServerError };
        await using RunningDaemon daemon = await Start(receiver, "job.queued");
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        await receiver.WaitFor(1);
        receiver.Status = HttpStatusCode.NoContent;
        (WebHeaderCollection Headers, byte[] Body)[] received = await receiver.WaitFor(2);
        Assert.Equal(received[0].Headers["webhook-id"], received[1].Headers["webhook-id"]);
        using HttpResponseMessage second = await daemon.Submit(Doctor);
        received = await receiver.WaitFor(3);
        Assert.NotEqual(received[1].Headers["webhook-id"], received[2].Headers["webhook-id"]);
    }

    [Fact]
    public async Task One_that_nobody_answers_at_keeps_no_other_one_waiting()
    {
        await using WebhookReceiver receiver = new();
        File.WriteAllText(SecretFile, Secret);
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with
        {
            Webhooks = [$"http://127.0.0.1:{FreePort.Next()}/", receiver.Url],
            WebhookSecretFile = SecretFile,
            WebhookEvents = ["job.queued"],
        });
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        await receiver.WaitFor(1);
    }

    [Fact]
    public async Task A_redirection_is_not_followed()
    {
        await using WebhookReceiver receiver = new() { Status = HttpStatusCode.TemporaryRedirect };
        await using RunningDaemon daemon = await Start(receiver, "job.queued");
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        (WebHeaderCollection Headers, byte[] Body)[] received = await receiver.WaitFor(2);
        Assert.Equal(received[0].Headers["webhook-id"], received[1].Headers["webhook-id"]);
    }

    [Fact]
    public void A_webhook_goes_on_where_it_was_and_a_new_one_begins_now()
    {
        SettableClock clock = new();
        using (JobStore jobs = JobStore.Open(_folder, clock))
        {
            WebhookStore store = new(jobs);
            store.Keep(["a"]);
            Submit(jobs);
            Submit(jobs);
            JobEvent first = store.Next("a", ["job.queued"])!;
            Assert.Equal(1, first.Job);
            store.Told("a", first);
        }

        using JobStore again = JobStore.Open(_folder, clock);
        WebhookStore later = new(again);
        later.Keep(["a", "b"]);
        Assert.Equal(2, later.Next("a", ["job.queued"])!.Job);
        Assert.Null(later.Next("a", ["job.failed"]));
        Assert.Null(later.Next("b", ["job.queued"]));
        Assert.Null(later.Next("c", ["job.queued"]));

        // One that was not wanted for a while is a new one.
        later.Keep(["b"]);
        later.Keep(["a", "b"]);
        Assert.Null(later.Next("a", ["job.queued"]));
    }

    [Fact]
    public void What_is_given_up_is_an_event_and_the_next_one_is_told()
    {
        using JobStore jobs = JobStore.Open(_folder, new SettableClock());
        WebhookStore store = new(jobs);
        store.Keep(["a"]);
        Submit(jobs);
        Submit(jobs);
        store.GiveUp("a", store.Next("a", ["job.queued"])!, "a reason");
        Assert.Equal(2, store.Next("a", ["job.queued"])!.Job);
        Assert.Equal((EventKinds.WebhookGivenUp, 1L, "a reason"), jobs.EventsAfter(2, 10).Select(told => (told.Kind, told.Job!.Value, told.Text!)).Single());
    }

    [Fact]
    public async Task What_was_not_taken_for_a_day_is_given_up()
    {
        await using WebhookReceiver receiver = new() { Status = HttpStatusCode.InternalServerError };
        SettableClock clock = new();
        await using RunningDaemon daemon = await Start(receiver, clock, "job.queued");
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        await receiver.WaitFor(1);
        clock.Now += TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1);
        JobEvent? given = null;
        while (given is null)
        {
            await Task.Delay(20, Cancellation);
            given = daemon.Store.EventsAfter(0, 100).FirstOrDefault(happened => happened.Kind == EventKinds.WebhookGivenUp);
        }

        Assert.Equal($"event 1 for {receiver.Url.Replace("/hook/", "", StringComparison.Ordinal)}: it answered 500", given.Text);
    }

    [Fact]
    public async Task A_secret_without_a_webhook_tells_nobody_and_stops_nothing()
    {
        File.WriteAllText(SecretFile, Secret);
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { WebhookSecretFile = SecretFile });
        using HttpResponseMessage answer = await daemon.Submit(Doctor);
        Assert.Equal(JobState.Done, (await daemon.Ended((await RunningDaemon.Read(answer)).GetProperty("id").GetInt64())).State);
    }

    [Fact]
    public void What_a_webhook_was_not_told_yet_is_kept_for_it_for_two_days()
    {
        SettableClock clock = new();
        using JobStore jobs = JobStore.Open(_folder, clock);
        WebhookStore store = new(jobs);
        store.Keep(["https://receiver.example/secret"]);
        Submit(jobs);
        for (int i = 0; i < JobStore.MostEvents / 2; i++)
        {
            jobs.IsCordoned = true;
            jobs.IsCordoned = false;
        }

        jobs.Prune(TimeSpan.FromDays(90));
        JobEvent waiting = store.Next("https://receiver.example/secret", ["job.queued"])!;
        Assert.Equal(1, waiting.Job);
        clock.Now += TimeSpan.FromDays(2) + TimeSpan.FromSeconds(1);
        jobs.Prune(TimeSpan.FromDays(90));
        Assert.Null(store.Next("https://receiver.example/secret", ["job.queued"]));
    }

    private static void Submit(JobStore jobs) => jobs.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", null, 60, 1, 100);

    private Task<RunningDaemon> Start(WebhookReceiver receiver, params string[] events) => Start(receiver, TimeProvider.System, events);

    private Task<RunningDaemon> Start(WebhookReceiver receiver, TimeProvider time, params string[] events)
    {
        File.WriteAllText(SecretFile, $"{Secret}\n");
        return RunningDaemon.Start(settings => settings with { Webhooks = [receiver.Url], WebhookSecretFile = SecretFile, WebhookEvents = events }, time);
    }
}
