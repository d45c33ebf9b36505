// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Microsoft.AspNetCore.Http;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What the daemon can be asked about schedules: rows of the table of <see cref="ApiRoutes"/>.</summary>
internal sealed class ScheduleRoutes
{
    private readonly ScheduleStore _store;
    private readonly ScheduleLoop _loop;
    private readonly JobEngine _engine;

    /// <summary>The rows of a daemon.</summary>
    /// <param name="store">Its schedules.</param>
    /// <param name="loop">Submits their jobs.</param>
    /// <param name="engine">Makes them.</param>
    public ScheduleRoutes(ScheduleStore store, ScheduleLoop loop, JobEngine engine)
    {
        (_store, _loop, _engine) = (store, loop, engine);
        const string all = "/api/v1/schedules", one = $"{all}/{{name}}";
        int[] statuses = [StatusCodes.Status200OK, StatusCodes.Status404NotFound];
        All =
        [
            new("GET", all, Scope.Read, "Schedules, in the order of their names.", List) { Answer = DaemonJson.Default.ScheduleListDocument },
            new("GET", one, Scope.Read, "One schedule, with its next time and its last job.", Show) { Answer = DaemonJson.Default.ScheduleDocument, Statuses = statuses },
            new("PUT", one, Scope.Submit, "Make a schedule, or give it another content. With the content that it has, nothing changes.", Set)
            {
                Body = DaemonJson.Default.ScheduleRequest,
                Answer = DaemonJson.Default.ScheduleDocument,
                Statuses = [StatusCodes.Status201Created, StatusCodes.Status200OK, StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status507InsufficientStorage],
            },
            new("DELETE", one, Scope.Submit, "Remove a schedule. Its jobs stay.", Remove) { Statuses = [StatusCodes.Status204NoContent, StatusCodes.Status404NotFound] },
            new("POST", $"{one}/pause", Scope.Submit, "Submit nothing by a schedule until it is resumed.", request => Pause(request, true)) { Answer = DaemonJson.Default.ScheduleDocument, Statuses = statuses },
            new("POST", $"{one}/resume", Scope.Submit, "Submit by a schedule again, from now on.", request => Pause(request, false)) { Answer = DaemonJson.Default.ScheduleDocument, Statuses = statuses },
        ];
    }

    /// <summary>The rows.</summary>
    public IReadOnlyList<ApiRoute> All { get; }

    private Task List(ApiRequest request) => request.Answer(new ScheduleListDocument([.. _store.List().Select(ScheduleDocument.Of)]), DaemonJson.Default.ScheduleListDocument);

    private Task Show(ApiRequest request) => Answer(request, _store.Find(request.Word("name")));

    private async Task Set(ApiRequest request)
    {
        string name = request.Word("name");
        ScheduleRequest schedule = await request.Body(DaemonJson.Default.ScheduleRequest).ConfigureAwait(false);
        string[] objections =
        [
            .. Schedule.ObjectionTo(name) is string objection ? [objection] : Array.Empty<string>(),
            .. schedule.Objections(),
            .. _engine.ObjectionTo(schedule.Job) is string wrong ? [$"job.{wrong}"] : Array.Empty<string>(),
        ];
        if (objections.Length > 0)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, objections[0], objections);
        }

        (Schedule Schedule, bool IsNew) set = _store.Set(name, schedule, request.Caller.Name)
            ?? throw new ProblemException(StatusCodes.Status409Conflict, $"there are {ScheduleStore.MostSchedules} schedules already. Cure: remove one.");
        _loop.Wake();
        await request.Answer(
            ScheduleDocument.Of(set.Schedule), DaemonJson.Default.ScheduleDocument, set.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private Task Remove(ApiRequest request)
    {
        if (!_store.Remove(request.Word("name")))
        {
            throw NoSchedule();
        }

        _loop.Wake();
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private Task Pause(ApiRequest request, bool paused)
    {
        Schedule? schedule = _store.Pause(request.Word("name"), paused);
        _loop.Wake();
        return Answer(request, schedule);
    }

    private static Task Answer(ApiRequest request, Schedule? schedule) =>
        request.Answer(ScheduleDocument.Of(schedule ?? throw NoSchedule()), DaemonJson.Default.ScheduleDocument);

    private static ProblemException NoSchedule() => new(StatusCodes.Status404NotFound, "there is no schedule of that name");
}
