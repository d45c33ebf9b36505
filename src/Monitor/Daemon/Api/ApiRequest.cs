// SPDX-License-Identifier: MIT

using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kvmsys.Monitor.Daemon.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A request, what was found in it, and its answer.</summary>
/// <param name="http">As ASP.NET Core has it.</param>
/// <param name="caller">Who asks.</param>
/// <param name="isStillKnown">Whether a token that was good still is.</param>
internal sealed class ApiRequest(HttpContext http, Caller caller, Func<bool> isStillKnown)
{
    private const string Json = "application/json";

    /// <summary>As ASP.NET Core has it.</summary>
    public HttpContext Http => http;

    /// <summary>Who asks.</summary>
    public Caller Caller => caller;

    /// <summary>Whether that is still who asks: a token may be revoked while an answer is on its way.</summary>
    public bool IsStillKnown => isStillKnown();

    /// <summary>What makes a second sending of the same the first one again; null for nothing. Another caller's is another one.</summary>
    /// <exception cref="ProblemException">It is too long, or empty.</exception>
    public string? IdempotencyKey
    {
        get
        {
            const int longest = 200;
            string? key = http.Request.Headers["Idempotency-Key"] is { Count: > 0 } keys ? keys.ToString() : null;
            return key is null ? null
                : key.Length is > 0 and <= longest ? $"{caller.Name}:{key}"
                : throw new ProblemException(StatusCodes.Status400BadRequest, $"Idempotency-Key: 1 to {longest} characters");
        }
    }

    /// <summary>A number of the path.</summary>
    /// <exception cref="ProblemException">It is none: there is no such thing.</exception>
    public long Number(string name) =>
        long.TryParse(http.Request.RouteValues[name] as string, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new ProblemException(StatusCodes.Status404NotFound, $"{name} is a number");

    /// <summary>A word of the path, as it was sent.</summary>
    public string Word(string name) => http.Request.RouteValues[name] as string ?? "";

    /// <summary>A number of the query; null when it is not there.</summary>
    /// <exception cref="ProblemException">It is none, or out of its bounds.</exception>
    public long? Number(string name, long least, long most)
    {
        if (!http.Request.Query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues values))
        {
            return null;
        }

        return values.Count == 1 && long.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most
            ? value
            : throw new ProblemException(StatusCodes.Status400BadRequest, $"{name}: {least} to {most}");
    }

    /// <summary>A text of the query; null when it is not there.</summary>
    /// <exception cref="ProblemException">It is there twice, or too long.</exception>
    public string? Text(string name)
    {
        const int longest = 100;
        return !http.Request.Query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues values) ? null
            : values is [{ Length: > 0 and <= longest } text] ? text
            : throw new ProblemException(StatusCodes.Status400BadRequest, $"{name}: one text of 1 to {longest} characters");
    }

    /// <summary>The body as JSON.</summary>
    /// <exception cref="ProblemException">It is none, or not what is expected.</exception>
    public async Task<T> Body<T>(JsonTypeInfo<T> type)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out MediaTypeHeaderValue? content) || !content.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, $"Content-Type: {Json} is needed");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted).ConfigureAwait(false)
                ?? throw new ProblemException(StatusCodes.Status400BadRequest, "the body is null");
        }
        catch (JsonException exception)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, $"the body is not what is expected: {exception.Message}");
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: a text only when somebody wants its characters.
            throw new ProblemException(StatusCodes.Status400BadRequest, "the body has a text that is no Unicode");
        }
    }

    /// <summary>Answers with JSON; with 304 where the caller has it already.</summary>
    public Task Answer<T>(T document, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => AnswerBytes(JsonSerializer.SerializeToUtf8Bytes(document, type), status);

    /// <summary>Answers with bytes, which are JSON already where nothing else is said; with 304 where the caller has them already.</summary>
    public async Task AnswerBytes(byte[] bytes, int status = StatusCodes.Status200OK, string contentType = Json)
    {
        string tag = $"\"{XxHash3.HashToUInt64(bytes):x16}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.CacheControl = "no-cache";
        if (status == StatusCodes.Status200OK && http.Request.Headers.IfNoneMatch.Contains(tag))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
    }
}
