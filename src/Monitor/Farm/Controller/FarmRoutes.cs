// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Protocol;
using Microsoft.AspNetCore.Http;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>What a controller can be asked beyond what a daemon can: rows of the table of <see cref="ApiRoutes"/>.</summary>
internal sealed class FarmRoutes
{
    /// <summary>Days that changes may be looked for in.</summary>
    public const int MostDays = 366;

    private const int MostAside = 100;
    private const int UsualDays = 7;

    private readonly DaemonSettings _settings;
    private readonly JobStore _store;
    private readonly FarmController _farm;
    private readonly FarmLedger _ledger;
    private readonly FarmChanges _changes;
    private readonly TimeProvider _time;

    /// <summary>The rows of a controller.</summary>
    /// <param name="settings">How it is set.</param>
    /// <param name="store">Its jobs.</param>
    /// <param name="farm">Has them made.</param>
    /// <param name="ledger">Which of them are where.</param>
    /// <param name="changes">What changes on its hosts have done.</param>
    /// <param name="time">The clock.</param>
    public FarmRoutes(DaemonSettings settings, JobStore store, FarmController farm, FarmLedger ledger, FarmChanges changes, TimeProvider time)
    {
        (_settings, _store, _farm, _ledger, _changes, _time) = (settings, store, farm, ledger, changes, time);
        const string hosts = "/api/v1/hosts", batches = "/api/v1/batches";
        int[] statuses = [StatusCodes.Status200OK, StatusCodes.Status404NotFound];
        All =
        [
            new("GET", hosts, Scope.Read, "The hosts of the farm, those too that are not there now.", List) { Answer = DaemonJson.Default.FarmHostListDocument },
            new("POST", $"{hosts}/{{name}}/cordon", Scope.Admin, "Let a host begin no further job; one that it does goes on.", request => Cordon(request, true)) { Answer = DaemonJson.Default.FarmHostDocument, Statuses = statuses },
            new("POST", $"{hosts}/{{name}}/uncordon", Scope.Admin, "Let a host begin jobs again.", request => Cordon(request, false)) { Answer = DaemonJson.Default.FarmHostDocument, Statuses = statuses },
            new("POST", batches, Scope.Submit, "Submit a job for several hosts: each, or one of every CPU model. With the header Idempotency-Key a second submission of the same is the first one again.", Submit)
            {
                Body = DaemonJson.Default.BatchRequest,
                Answer = DaemonJson.Default.BatchDocument,
                Statuses = [StatusCodes.Status201Created, StatusCodes.Status200OK, StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status507InsufficientStorage],
            },
            new("GET", $"{batches}/{{id}}", Scope.Read, "One batch, with its jobs.", Show) { Answer = DaemonJson.Default.BatchDocument, Statuses = statuses },
            new("GET", "/api/v1/regressions/by-change", Scope.Read, "Regressions and improvements by what had changed on the hosts, with the hosts that had the same change and cost what they did.", Changes)
            {
                Answer = DaemonJson.Default.FarmChangeListDocument,
                Query = [("days", $"Found in the last so many days; {UsualDays} when not given."), ("limit", $"So many of them at most, the latest; {JobStore.MostRows} when not given.")],
            },
            new("GET", "/api/v1/aside", Scope.Read, $"What came where results come and is none, the latest {MostAside}.", Aside) { Answer = DaemonJson.Default.SetAsideListDocument },
        ];
    }

    /// <summary>The rows.</summary>
    public IReadOnlyList<ApiRoute> All { get; }

    /// <summary>What the gauges say of the farm.</summary>
    public FarmReading Read()
    {
        (long outbox, DateTimeOffset? oldest) = _ledger.OutboxState();
        DateTimeOffset now = _time.GetUtcNow();
        Dictionary<string, int> hosts = FarmHost.States.ToDictionary(state => state, _ => 0);
        foreach (FarmHost host in _farm.Hosts.List())
        {
            hosts[host.StateAt(now)]++;
        }

        return new(hosts, outbox, oldest, _farm.IsConnected);
    }

    private Task List(ApiRequest request) => request.Answer(
        new FarmHostListDocument([.. _farm.Hosts.List().Select(host => FarmHostDocument.Of(host, _time.GetUtcNow()))]), DaemonJson.Default.FarmHostListDocument);

    private async Task Cordon(ApiRequest request, bool cordoned)
    {
        FarmHost host = await _farm.Cordon(request.Word("name"), cordoned, request.Http.RequestAborted).ConfigureAwait(false)
            ?? throw new ProblemException(StatusCodes.Status404NotFound, "the farm has no host of that name");
        await request.Answer(FarmHostDocument.Of(host, _time.GetUtcNow()), DaemonJson.Default.FarmHostDocument).ConfigureAwait(false);
    }

    private async Task Submit(ApiRequest request)
    {
        BatchRequest batch = await request.Body(DaemonJson.Default.BatchRequest).ConfigureAwait(false);
        string[] objections = [.. batch.Objections()];
        if (objections.Length > 0)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, objections[0], objections);
        }

        string? key = request.IdempotencyKey;
        try
        {
            (Batch Batch, bool IsNew) taken = _ledger.Submit(batch, TargetsOf(batch), request.Caller.Name, key, _settings)
                ?? throw new ProblemException(StatusCodes.Status429TooManyRequests, $"with these, more than {_settings.LongestQueue} jobs would wait. Cure: wait until some are done.") { RetryAfterSeconds = 10 };
            _farm.Wake();
            request.Http.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"/api/v1/batches/{taken.Batch.Id}");
            await request.Answer(DocumentOf(taken.Batch), DaemonJson.Default.BatchDocument, taken.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK).ConfigureAwait(false);
        }
        catch (KeyReusedException exception)
        {
            throw new ProblemException(StatusCodes.Status409Conflict, exception.Message);
        }
    }

    /// <summary>The targets of a batch's jobs, by the hosts that are there now.</summary>
    private string[] TargetsOf(BatchRequest batch)
    {
        if (batch.Target is not (BatchRequest.Each or BatchRequest.PerCpu))
        {
            return [batch.Target];
        }

        LabelSelector[] selectors = [.. batch.Where.Select(LabelSelector.Parse).OfType<LabelSelector>()];
        FarmHost[] there = [.. _farm.Hosts.List().Where(host => host.IsThere(_time.GetUtcNow()) && host.Objection is null)];
        FarmHost[] fitting = [.. there.Where(host => Array.TrueForAll(selectors, selector => selector.Fits(host.Report.Labels)))];
        if (fitting.Length == 0)
        {
            throw new ProblemException(
                StatusCodes.Status409Conflict, $"no host fits: {there.Length} are there{(selectors.Length > 0 ? $", and none with {string.Join(", ", batch.Where)}" : "")}. Cure: kvmsys farm ls shows the hosts and their labels.");
        }

        return batch.Target == BatchRequest.Each
            ? [.. fitting.Select(host => FarmTarget.Host(host.Name).ToString())]
            : [.. fitting.GroupBy(host => host.Report.CpuKey, StringComparer.Ordinal).Select(kind => TargetOf(kind, there))];
    }

    /// <summary>Whoever is free of a kind; where not all of a kind fit, one that does.</summary>
    private static string TargetOf(IGrouping<string, FarmHost> kind, FarmHost[] there) =>
        (there.Count(host => host.Report.CpuKey == kind.Key) == kind.Count()
            ? FarmTarget.Cpu(kind.Key)
            : FarmTarget.Host(kind.OrderBy(host => host.Cordoned).ThenBy(host => host.Report.Readiness).First().Name)).ToString();

    private Task Show(ApiRequest request)
    {
        long id = request.Number("id");
        Batch batch = _ledger.FindBatch(id) ?? throw new ProblemException(StatusCodes.Status404NotFound, $"there is no batch {id}");
        return request.Answer(DocumentOf(batch), DaemonJson.Default.BatchDocument);
    }

    private Task Changes(ApiRequest request) => request.Answer(
        _changes.List(_time.GetUtcNow().AddDays(-(request.Number("days", 1, MostDays) ?? UsualDays)), (int)(request.Number("limit", 1, JobStore.MostRows) ?? JobStore.MostRows)),
        DaemonJson.Default.FarmChangeListDocument);

    private Task Aside(ApiRequest request) => request.Answer(new SetAsideListDocument(_ledger.Aside(MostAside)), DaemonJson.Default.SetAsideListDocument);

    private BatchDocument DocumentOf(Batch batch) => new()
    {
        Id = batch.Id,
        SubmittedAt = batch.At,
        SubmittedBy = batch.By,
        Target = batch.Target,
        Jobs = [.. batch.Jobs.Select(_store.Find).OfType<Job>().Select(job => JobDocument.Of(job, _farm, _store.Attempts(job.Id)))],
    };
}
