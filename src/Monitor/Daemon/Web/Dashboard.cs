// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Kvmsys.Monitor.Daemon.Web;

/// <summary>The web page at /: files that ask the interface for what they show, and know nothing themselves.</summary>
internal static class Dashboard
{
    // Nothing that is not a file of this daemon's acts, draws or is asked.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Script = "text/javascript; charset=utf-8";

    private static readonly WebFile Page = new("text/html; charset=utf-8", "Web/index.html");

    private static readonly string[] Modules =
        ["accessView", "api", "bench", "compareView", "dashboard", "dom", "fleetChanges", "hostView", "hostsView", "jobView", "jobsView", "parts", "seriesChart", "seriesView", "submitView"];

    private static readonly Dictionary<string, WebFile> Files = new(Modules.Select(name => KeyValuePair.Create($"{name}.js", new WebFile(Script, $"Web/{name}.js"))))
    {
        ["uPlot.js"] = new(Script, "uPlot/uPlot.iife.min.js"),
        ["distribution.js"] = new(Script, "distribution.js"),
        ["dashboard.css"] = new("text/css; charset=utf-8", "uPlot/uPlot.min.css", "base.css", "Web/dashboard.css"),
    };

    /// <summary>The names of its files.</summary>
    public static IEnumerable<string> Names => Files.Keys;

    /// <summary>Answers with the page.</summary>
    public static Task AnswerPage(ApiRequest request) => Answer(request, Page);

    /// <summary>Answers with one of its files.</summary>
    /// <exception cref="ProblemException">There is none of that name.</exception>
    public static Task AnswerFile(ApiRequest request) => request.Http.Request.RouteValues["file"] is string name && Files.TryGetValue(name, out WebFile? file)
        ? Answer(request, file)
        : throw new ProblemException(StatusCodes.Status404NotFound, "the page has no such file");

    private static Task Answer(ApiRequest request, WebFile file)
    {
        IHeaderDictionary headers = request.Http.Response.Headers;
        (byte[] bytes, string? encoding) = file.For(name => Accepts(request.Http.Request, name));
        headers.ContentSecurityPolicy = Policy;
        headers.Vary = HeaderNames.AcceptEncoding;
        if (encoding is not null)
        {
            headers.ContentEncoding = encoding;
        }

        return request.AnswerBytes(bytes, StatusCodes.Status200OK, file.ContentType);
    }

    private static bool Accepts(HttpRequest request, string encoding) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out IList<StringWithQualityHeaderValue>? accepted)
        && accepted.Any(value => value.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && value.Quality is null or > 0);
}
