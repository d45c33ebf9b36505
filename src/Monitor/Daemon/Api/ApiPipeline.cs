// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What every request goes through: who asks, whether it may, how often it has asked, and what becomes of a failure.</summary>
/// <param name="settings">How the daemon is set.</param>
/// <param name="tokens">Its tokens.</param>
/// <param name="metrics">Counts requests.</param>
/// <param name="logger">Its log.</param>
internal sealed partial class ApiPipeline(DaemonSettings settings, TokenFolder tokens, DaemonMetrics metrics, ILogger<ApiPipeline> logger)
{
    private const string ProblemJson = "application/problem+json";

    private readonly RequestRate _rate = new(settings.RequestsPerSecond);

    /// <summary>Answers a request by its route.</summary>
    public async Task Answer(HttpContext http, ApiRoute route)
    {
        AddHeaders(http.Response);
        try
        {
            Caller caller = CallerOf(http);
            if (!_rate.Allows($"{caller.Name} {http.Connection.RemoteIpAddress}"))
            {
                throw new ProblemException(StatusCodes.Status429TooManyRequests, $"more than {settings.RequestsPerSecond} requests in a second. Cure: wait a little.") { RetryAfterSeconds = 1 };
            }

            if (caller.Scope < route.Scope)
            {
                throw caller.Scope == Scope.None
                    ? new ProblemException(StatusCodes.Status401Unauthorized, "who asks is not known: there is no token, or none that is good. Cure: send Authorization: Bearer TOKEN; kvmsys daemon token makes one.")
                    : new ProblemException(StatusCodes.Status403Forbidden, $"{caller.Name} may {Spelled(caller.Scope)}, and this needs {Spelled(route.Scope)}. Cure: use a token with that scope, or the Unix socket.");
            }

            await route.Handle(new ApiRequest(http, caller, () => CallerOf(http) == caller)).ConfigureAwait(false);
        }
        catch (Exception exception) when (http.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            // Nobody waits for the answer any more.
        }
        catch (ProblemException problem)
        {
            await AnswerProblem(http, problem).ConfigureAwait(false);
        }
        catch (StoreFullException exception)
        {
            await AnswerProblem(http, new ProblemException(StatusCodes.Status507InsufficientStorage, exception.Message)).ConfigureAwait(false);
        }
        catch (BadHttpRequestException exception)
        {
            await AnswerProblem(http, new ProblemException(exception.StatusCode, exception.Message)).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // One request's fault is told in the log and to its caller, and is no other's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFault(http.Request.Method, http.Request.Path, exception);
            await AnswerProblem(http, new ProblemException(StatusCodes.Status500InternalServerError, "an internal fault; the daemon's log has it.")).ConfigureAwait(false);
        }
        finally
        {
            metrics.Answered(route, http.Response.StatusCode);
        }
    }

    /// <summary>Answers a request that no route is for.</summary>
    /// <param name="http">The request.</param>
    /// <param name="next">What routes it.</param>
    public async Task AnswerUnknown(HttpContext http, RequestDelegate next)
    {
        await next(http).ConfigureAwait(false);
        string? what = http.Response.HasStarted || http.Response.ContentType is not null ? null : http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => "there is nothing here",
            StatusCodes.Status405MethodNotAllowed => $"{http.Request.Method} means nothing here",
            _ => null,
        };
        if (what is not null)
        {
            AddHeaders(http.Response);
            await AnswerProblem(http, new ProblemException(http.Response.StatusCode, $"{what}. Cure: /api/v1/openapi.json has all that there is.")).ConfigureAwait(false);
            metrics.Answered(null, http.Response.StatusCode);
        }
    }

    private static async Task AnswerProblem(HttpContext http, ProblemException problem)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = problem.Status;
        http.Response.ContentType = ProblemJson;
        if (problem.RetryAfterSeconds is int seconds)
        {
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(
            new Problem
            {
                Title = ReasonPhrases.GetReasonPhrase(problem.Status),
                Status = problem.Status,
                Detail = problem.Message,
                Errors = problem.Errors,
            },
            DaemonJson.Default.Problem);
        await http.Response.Body.WriteAsync(json, http.RequestAborted).ConfigureAwait(false);
    }

    private static void AddHeaders(HttpResponse response)
    {
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        response.Headers["Referrer-Policy"] = "no-referrer";
    }

    /// <summary>Who asks: the holder of a token, whoever may open the Unix socket, or a process of this host.</summary>
    private Caller CallerOf(HttpContext http)
    {
        const string bearer = "Bearer ";
        Caller nobody = new(Caller.Nobody, Scope.None);
        if (http.Request.Headers.Authorization is { Count: > 0 } authorization)
        {
            // Who shows a token that is not good is not somebody else.
            return authorization is [string text] && text.StartsWith(bearer, StringComparison.OrdinalIgnoreCase) && tokens.Find(text[bearer.Length..].Trim()) is AccessToken token
                ? new Caller(token.Name, token.Scope)
                : nobody;
        }

        // What a proxy of this host passes on comes from somewhere else.
        if (http.Request.Headers.ContainsKey("X-Forwarded-For") || http.Request.Headers.ContainsKey("Forwarded"))
        {
            return nobody;
        }

        if (http.Connection.RemoteIpAddress is not IPAddress address)
        {
            return new Caller(Caller.Socket, Scope.Admin);
        }

        if (!IPAddress.IsLoopback(address))
        {
            return nobody;
        }

        // A name that somebody has made lead here (DNS rebinding) is no name of this host's.
        string name = http.Request.Host.Host;
        return name is "localhost" || (IPAddress.TryParse(name.Trim('[', ']'), out IPAddress? named) && IPAddress.IsLoopback(named))
            ? new Caller(Caller.Loopback, Scope.Read)
            : throw new ProblemException(StatusCodes.Status421MisdirectedRequest, "Host: the address that the daemon listens at");
    }

    private static string Spelled(Scope scope) => scope.ToString().ToLowerInvariant();

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFault(string method, PathString path, Exception exception);
}
