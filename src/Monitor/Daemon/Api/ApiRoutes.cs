// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Daemon.Web;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Reports;
using Microsoft.AspNetCore.Http;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>All that the daemon can be asked, as a table: requests are routed by it, callers are held against it, and the OpenAPI document is made of it.</summary>
internal sealed class ApiRoutes
{
    private const string Get = "GET";
    private const string Post = "POST";
    private const string Root = "/api/v1";
    private const int UsualRows = 50;

    private static readonly TimeSpan BetweenProbes = TimeSpan.FromSeconds(1);

    private readonly DaemonSettings _settings;
    private readonly JobStore _store;
    private readonly JobEngine _loop;
    private readonly RegressionStore _regressions;
    private readonly EventStream _events;
    private readonly MetricsExporter _metrics;
    private readonly HostEnvironment _host;
    private readonly BenchReading _readBench;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly bool _isFarms;
    private readonly Lock _probing = new();
    private long? _probedAt;
    private string? _obstacle;

    /// <summary>The table of a daemon.</summary>
    /// <param name="settings">How it is set.</param>
    /// <param name="store">Its jobs.</param>
    /// <param name="loop">Makes them.</param>
    /// <param name="regressions">What has become dearer in the benches.</param>
    /// <param name="schedules">What it can be asked about schedules.</param>
    /// <param name="events">Tells what has happened.</param>
    /// <param name="metrics">Writes the daemon's metrics.</param>
    /// <param name="host">The host.</param>
    /// <param name="readBench">Reads a bench's JSON.</param>
    /// <param name="time">The clock.</param>
    /// <param name="farm">What a farm's controller can be asked beyond that; null for a daemon of one host.</param>
    public ApiRoutes(DaemonSettings settings, JobStore store, JobEngine loop, RegressionStore regressions, ScheduleRoutes schedules, EventStream events, MetricsExporter metrics, HostEnvironment host, BenchReading readBench, TimeProvider time, FarmRoutes? farm = null)
    {
        (_settings, _store, _loop, _regressions, _events, _metrics, _host, _readBench, _time) = (settings, store, loop, regressions, events, metrics, host, readBench, time);
        _started = time.GetUtcNow();
        _isFarms = farm is not null;
        All =
        [
            new(Get, $"{Root}/jobs", Scope.Read, "Jobs, the latest first.", List)
            {
                Answer = DaemonJson.Default.JobListDocument,
                Query = [("state", "Only jobs in that state."), ("before", "Only jobs with a lesser number."), ("limit", $"So many at most; {UsualRows} when not given.")],
            },
            new(Post, $"{Root}/jobs", Scope.Submit, "Submit a job. With the header Idempotency-Key a second submission of the same is the first one again.", Submit)
            {
                Body = DaemonJson.Default.JobRequest,
                Answer = DaemonJson.Default.JobDocument,
                Statuses = [StatusCodes.Status201Created, StatusCodes.Status200OK, StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status507InsufficientStorage],
            },
            new(Get, $"{Root}/jobs/{{id}}", Scope.Read, "One job, with its attempts.", Show) { Answer = DaemonJson.Default.JobDocument },
            new(Get, $"{Root}/jobs/{{id}}/result", Scope.Read, "What a job has come to: the document of its accepted attempt, as kvmsys bench --json and kvmsys doctor --json write it; of a run, kvmsys.run/1.", Result),
            new(Get, $"{Root}/jobs/{{id}}/attempts/{{number}}/document", Scope.Read, "What one attempt has measured, accepted or not.", Document),
            new(Post, $"{Root}/jobs/{{id}}/cancel", Scope.Submit, "End a job: at once where it waits, and where it runs as soon as its process has ended.", Cancel)
            {
                Answer = DaemonJson.Default.JobDocument,
                Statuses = [StatusCodes.Status202Accepted, StatusCodes.Status409Conflict],
            },
            new(Get, $"{Root}/results", Scope.Read, "Accepted benches, the latest first.", Results)
            {
                Answer = DaemonJson.Default.ResultListDocument,
                Query = [("before", "Only those of jobs with a lesser number."), ("limit", $"So many at most; {UsualRows} when not given.")],
            },
            new(Get, $"{Root}/series", Scope.Read, "What mechanisms cost over time, and where that changed.", Series)
            {
                Answer = DaemonJson.Default.SeriesListDocument,
                Query = [("mechanism", "Only that one."), ("profile", "Only on that kernel."), ("host", "Only of that host of a farm."), ("limit", "Of so many benches at most, the latest; 200 when not given.")],
            },
            new(Get, $"{Root}/regressions", Scope.Read, "Changes that are greater than the host's own noise, each with its evidence, the latest first.", Regressions)
            {
                Answer = DaemonJson.Default.RegressionListDocument,
                Query = [("before", "Only those with a lesser number."), ("limit", $"So many at most; {UsualRows} when not given.")],
            },
            .. schedules.All,
            .. farm?.All ?? [],
            new(Get, $"{Root}/compare", Scope.Read, "What became of each mechanism's cost from one bench to another, as kvmsys compare --json tells it.", Compare)
            {
                Answer = KvmsysJson.Default.CompareDocument,
                Statuses = [StatusCodes.Status200OK, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict],
                Query =
                [
                    ("before", "The job of the old bench."),
                    ("after", "The job of the new one."),
                    ("differentHosts", "Whether they may be from two CPUs, or from bare metal and a virtual machine: true or false."),
                ],
            },
            new(Get, $"{Root}/choices", Scope.Read, "What a bench may name.", request => request.Answer(new BenchChoicesDocument(), DaemonJson.Default.BenchChoicesDocument))
            {
                Answer = DaemonJson.Default.BenchChoicesDocument,
            },
            new(Get, $"{Root}/caller", Scope.Read, "Who asks, and what that caller may do.", request => request.Answer(new CallerDocument(request.Caller.Name, request.Caller.Scope), DaemonJson.Default.CallerDocument))
            {
                Answer = DaemonJson.Default.CallerDocument,
            },
            new(Get, $"{Root}/host", Scope.Read, "The host, and what its daemon does.", Host) { Answer = DaemonJson.Default.HostStateDocument },
            new(Post, $"{Root}/host/cordon", Scope.Admin, "Begin no further job; one that runs goes on. With no job running, the host is drained.", request => Cordon(request, true))
            {
                Answer = DaemonJson.Default.HostStateDocument,
            },
            new(Post, $"{Root}/host/uncordon", Scope.Admin, "Begin jobs again.", request => Cordon(request, false)) { Answer = DaemonJson.Default.HostStateDocument },
            new(Get, $"{Root}/events", Scope.Read, "What happens, as it happens: text/event-stream. With the header Last-Event-ID, what has happened since that, first.", Events),
            new(Get, $"{Root}/openapi.json", Scope.None, "This description.", request => request.AnswerBytes(OpenApiDocument.Of(All!))),
            new(Get, "/", Scope.None, "The page for people.", Dashboard.AnswerPage),
            new(Get, "/web/{file}", Scope.None, "A file of that page.", Dashboard.AnswerFile),
            new(Get, "/metrics", Scope.Read, "Figures of the daemon for Prometheus.", request => _metrics.Answer(request.Http, MetricsReading.Of(_store, _loop, _started, farm?.Read()))),
            new(Get, "/healthz", Scope.None, "Whether the daemon goes on: its loop is not stuck.", Health),
            new(Get, "/readyz", Scope.None, "Whether it would take a job.", Ready),
        ];
    }

    /// <summary>The table.</summary>
    public IReadOnlyList<ApiRoute> All { get; }

    private Task List(ApiRequest request)
    {
        int limit = Rows(request);
        JobState? state = request.Text("state") is string text
            ? JobWords.StateOf(text) ?? throw new ProblemException(StatusCodes.Status400BadRequest, "state: queued, running, done, failed or cancelled")
            : null;
        IReadOnlyList<Job> jobs = _store.List(state, request.Number("before", 1, long.MaxValue), limit);
        string? next = jobs.Count < limit ? null
            : string.Create(CultureInfo.InvariantCulture, $"{Root}/jobs?before={jobs[^1].Id}&limit={limit}{(state is null ? "" : $"&state={request.Text("state")}")}");
        return request.Answer(new JobListDocument([.. jobs.Select(job => JobDocument.Of(job, _loop))]) { Next = next }, DaemonJson.Default.JobListDocument);
    }

    private async Task Submit(ApiRequest request)
    {
        JobRequest job = await request.Body(DaemonJson.Default.JobRequest).ConfigureAwait(false);
        string[] objections = [.. job.Objections(), .. _loop.ObjectionTo(job) is string wrong ? [wrong] : Array.Empty<string>()];
        if (objections.Length > 0)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, objections[0], objections);
        }

        string? key = request.IdempotencyKey;
        try
        {
            (Job Job, bool IsNew) taken = _store.Submit(job, request.Caller.Name, key, _settings.DeadlineSeconds, _settings.MaxAttempts, _settings.LongestQueue)
                ?? throw new ProblemException(StatusCodes.Status429TooManyRequests, $"{_settings.LongestQueue} jobs wait already. Cure: wait until some are done.") { RetryAfterSeconds = 10 };
            _loop.Wake();
            request.Http.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"{Root}/jobs/{taken.Job.Id}");
            await request.Answer(
                JobDocument.Of(taken.Job, _loop), DaemonJson.Default.JobDocument, taken.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK).ConfigureAwait(false);
        }
        catch (KeyReusedException exception)
        {
            throw new ProblemException(StatusCodes.Status409Conflict, exception.Message);
        }
    }

    private Task Show(ApiRequest request)
    {
        Job job = Find(request);
        return request.Answer(JobDocument.Of(job, _loop, _store.Attempts(job.Id)), DaemonJson.Default.JobDocument);
    }

    private Task Result(ApiRequest request) => request.AnswerBytes(ResultOf(Find(request)));

    private byte[] ResultOf(Job job) => job.AcceptedAttempt is int attempt
        ? DocumentOf(job, attempt)
        : throw new ProblemException(StatusCodes.Status404NotFound, $"job {job.Id} has no result: it is {JobWords.Of(job.State)}{(job.Reason is null ? "" : $", for {job.Reason}")}");

    private Task Document(ApiRequest request) => request.AnswerBytes(DocumentOf(Find(request), (int)Math.Min(request.Number("number"), int.MaxValue)));

    private byte[] DocumentOf(Job job, int attempt) => _store.Document(job.Id, attempt)
        ?? throw new ProblemException(StatusCodes.Status404NotFound, $"attempt {attempt} of job {job.Id} has no document: it measured nothing, or that was kept long enough ({_settings.KeepDays} days)");

    private Task Cancel(ApiRequest request)
    {
        long id = request.Number("id");
        Job job = _loop.Cancel(id) ?? throw NoJob(id);
        return job.State is JobState.Done or JobState.Failed
            ? throw new ProblemException(StatusCodes.Status409Conflict, $"job {id} is {JobWords.Of(job.State)} already")
            : request.Answer(JobDocument.Of(job, _loop), DaemonJson.Default.JobDocument, StatusCodes.Status202Accepted);
    }

    private Task Results(ApiRequest request)
    {
        int limit = Rows(request);
        IReadOnlyList<HistoryEntry> benches = _store.Benches(request.Number("before", 1, long.MaxValue), limit);
        string? next = benches.Count < limit ? null : string.Create(CultureInfo.InvariantCulture, $"{Root}/results?before={benches[^1].Id}&limit={limit}");
        return request.Answer(new ResultListDocument(benches) { Next = next }, DaemonJson.Default.ResultListDocument);
    }

    private Task Series(ApiRequest request)
    {
        const int usual = 200;
        int limit = (int)(request.Number("limit", 1, JobStore.MostRows) ?? usual);
        IReadOnlyList<HistoryFigure> figures = _store.Figures(request.Text("mechanism"), request.Text("profile"), limit, request.Text("host"));
        return request.Answer(new SeriesListDocument([.. HistorySeries.Of(figures).Select(HistorySeriesDocument.Of)]), DaemonJson.Default.SeriesListDocument);
    }

    private Task Regressions(ApiRequest request)
    {
        int limit = Rows(request);
        IReadOnlyList<FoundRegression> found = _regressions.List(request.Number("before", 1, long.MaxValue), limit);
        string? next = found.Count < limit ? null : string.Create(CultureInfo.InvariantCulture, $"{Root}/regressions?before={found[^1].Id}&limit={limit}");
        return request.Answer(new RegressionListDocument(found) { Next = next }, DaemonJson.Default.RegressionListDocument);
    }

    private Task Compare(ApiRequest request)
    {
        BenchDocument before = Bench(request, "before");
        BenchDocument after = Bench(request, "after");
        bool differentHosts = request.Text("differentHosts") switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw new ProblemException(StatusCodes.Status400BadRequest, "differentHosts: true or false"),
        };

        // What kvmsys compare takes to matter where nobody says.
        const double ratio = 0.01;
        const double cycles = 1;
        return BenchComparison.ObjectionTo(before, after, differentHosts, "differentHosts=true") is (string reason, string cure)
            ? throw new ProblemException(StatusCodes.Status409Conflict, $"{reason}. Cure: {cure}.")
            : request.Answer(CompareDocument.Of(BenchComparison.Of(before, after, ratio, cycles)), KvmsysJson.Default.CompareDocument);
    }

    /// <summary>The bench that is the result of a job.</summary>
    private BenchDocument Bench(ApiRequest request, string name)
    {
        long id = request.Number(name, 1, long.MaxValue) ?? throw new ProblemException(StatusCodes.Status400BadRequest, $"{name}: the number of a job");
        Job job = _store.Find(id) ?? throw NoJob(id);
        byte[] document = ResultOf(job);
        if (job.Request.Kind != JobKind.Bench)
        {
            throw new ProblemException(StatusCodes.Status409Conflict, $"job {id} is no bench. Cure: compare benches.");
        }

        return _readBench(document, out string? objection) ?? throw new ProblemException(StatusCodes.Status409Conflict, objection ?? $"the result of job {id} is no bench");
    }

    private Task Host(ApiRequest request) => request.Answer(HostState(), DaemonJson.Default.HostStateDocument);

    private Task Cordon(ApiRequest request, bool cordoned)
    {
        _store.IsCordoned = cordoned;
        _loop.Wake();
        return Host(request);
    }

    private async Task Events(ApiRequest request)
    {
        long? after = null;
        if (request.Http.Request.Headers["Last-Event-ID"] is { Count: 1 } last)
        {
            after = long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out long id)
                ? id
                : throw new ProblemException(StatusCodes.Status400BadRequest, "Last-Event-ID: the number of an event");
        }

        using EventStream.Subscription events = _events.Subscribe(after)
            ?? throw new ProblemException(StatusCodes.Status429TooManyRequests, $"{EventStream.MostSubscriptions} callers watch already. Cure: close some.") { RetryAfterSeconds = 10 };
        HttpResponse response = request.Http.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        await response.StartAsync(request.Http.RequestAborted).ConfigureAwait(false);

        // Who watches knows by the headers that nothing is missed from now on.
        await response.Body.FlushAsync(request.Http.RequestAborted).ConfigureAwait(false);
        await foreach (JobEvent? happened in events.Read(request.Http.RequestAborted).ConfigureAwait(false))
        {
            if (!request.IsStillKnown)
            {
                return;
            }

            // A comment, now and then, finds out whether anybody is still there.
            string text = happened is null
                ? ":\n\n"
                : $"id: {happened.Id.ToString(CultureInfo.InvariantCulture)}\nevent: {happened.Kind}\ndata: {JsonSerializer.Serialize(happened, DaemonJson.Default.JobEvent)}\n\n";
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), request.Http.RequestAborted).ConfigureAwait(false);
            await response.Body.FlushAsync(request.Http.RequestAborted).ConfigureAwait(false);
        }
    }

    private Task Health(ApiRequest request)
    {
        // It makes a step every ten seconds at least.
        const int mostSeconds = 60;
        return AnswerText(request, "ok", _loop.SinceStep.TotalSeconds > mostSeconds ? $"the loop that makes jobs has stood still for {_loop.SinceStep.TotalSeconds:F0} s" : null);
    }

    private Task Ready(ApiRequest request)
    {
        string? obstacle;
        lock (_probing)
        {
            // Anybody may ask, and a write disturbs who measures.
            if (_probedAt is not long before || Stopwatch.GetElapsedTime(before) > BetweenProbes)
            {
                _probedAt = Stopwatch.GetTimestamp();
                try
                {
                    _store.TryToWrite();
                    _obstacle = null;
                }
                catch (StoreFullException exception)
                {
                    _obstacle = exception.Message;
                }
            }

            obstacle = _loop.WaitsForRoom ? "a result waits for room on the disk" : _obstacle;
        }

        return AnswerText(request, "ready", obstacle);
    }

    private static Task AnswerText(ApiRequest request, string good, string? obstacle)
    {
        request.Http.Response.StatusCode = obstacle is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        request.Http.Response.ContentType = "text/plain; charset=utf-8";
        return request.Http.Response.WriteAsync($"{obstacle ?? good}\n", request.Http.RequestAborted);
    }

    private HostStateDocument HostState() => new()
    {
        // The first: what comes behind it is told as an event too.
        LatestEvent = _store.LatestEvent(),
        Version = _host.Version,
        Farm = _isFarms ? true : null,
        StartedAt = _started,
        Cordoned = _store.IsCordoned,
        DiskFull = _loop.WaitsForRoom,
        Jobs = HostStateDocument.CountsOf(_store.Counts()),
        Running = _loop.Current is (Job job, _) ? JobDocument.Of(_store.Find(job.Id)!, _loop) : null,
        DatabaseSetAside = _store.SetAside,
        Host = HostDocument.Of(_host),
    };

    private Job Find(ApiRequest request)
    {
        long id = request.Number("id");
        return _store.Find(id) ?? throw NoJob(id);
    }

    private static ProblemException NoJob(long id) => new(StatusCodes.Status404NotFound, $"there is no job {id}");

    private static int Rows(ApiRequest request) => (int)(request.Number("limit", 1, JobStore.MostRows) ?? UsualRows);
}
