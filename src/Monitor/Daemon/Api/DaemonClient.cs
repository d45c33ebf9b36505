// SPDX-License-Identifier: MIT

using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kvmsys.Monitor.Daemon.Access;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>Asks a daemon.</summary>
internal sealed class DaemonClient : IDisposable
{
    private const int LargestUnasked = 64 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly DaemonEndpoint _endpoint;

    /// <summary>A client of a daemon.</summary>
    /// <param name="endpoint">Where it listens.</param>
    /// <param name="token">A token of its; null for none.</param>
    /// <exception cref="AccessException">It listens at an https:// address, and this host has no OpenSSL.</exception>
    public DaemonClient(DaemonEndpoint endpoint, string? token)
    {
        if (endpoint.IsEncrypted)
        {
            OpenSsl.Require("https:// addresses");
        }

        _endpoint = endpoint;
        SocketsHttpHandler handler = new() { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        if (endpoint.Socket is string path)
        {
            handler.ConnectCallback = async (_, cancellation) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }

        _http = new(handler) { BaseAddress = new Uri(endpoint.Socket is null ? endpoint.ToString() : "http://localhost"), Timeout = Patience };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>Asks for something.</summary>
    /// <param name="path">Its path, with its query.</param>
    /// <param name="answer">What is expected.</param>
    /// <param name="cancellation">Ends the asking.</param>
    /// <exception cref="DaemonClientException">The daemon refuses, or does not answer.</exception>
    public async Task<T> Get<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellation) =>
        Parse(await Send(new HttpRequestMessage(HttpMethod.Get, path), cancellation).ConfigureAwait(false), answer);

    /// <summary>Asks for a document as it is.</summary>
    /// <exception cref="DaemonClientException">The daemon refuses, or does not answer.</exception>
    public Task<byte[]> GetBytes(string path, CancellationToken cancellation) => Send(new HttpRequestMessage(HttpMethod.Get, path), cancellation);

    /// <summary>Has something done.</summary>
    /// <exception cref="DaemonClientException">The daemon refuses, or does not answer.</exception>
    public async Task<T> Post<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellation) =>
        Parse(await Send(new HttpRequestMessage(HttpMethod.Post, path), cancellation).ConfigureAwait(false), answer);

    /// <summary>Sends something.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="body">What is sent.</param>
    /// <param name="bodyType">Its type.</param>
    /// <param name="key">What makes a second sending of the same the first one again; null for nothing.</param>
    /// <param name="answer">What is expected.</param>
    /// <param name="cancellation">Ends the asking.</param>
    /// <exception cref="DaemonClientException">The daemon refuses, or does not answer.</exception>
    public async Task<T> Post<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyType, string? key, JsonTypeInfo<T> answer, CancellationToken cancellation)
    {
        HttpRequestMessage request = RequestWith(HttpMethod.Post, path, body, bodyType);
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return Parse(await Send(request, cancellation).ConfigureAwait(false), answer);
    }

    /// <summary>Puts something where it is not yet, or in the place of what is there.</summary>
    /// <exception cref="DaemonClientException">The daemon refuses, or does not answer.</exception>
    public async Task<T> Put<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> answer, CancellationToken cancellation) =>
        Parse(await Send(RequestWith(HttpMethod.Put, path, body, bodyType), cancellation).ConfigureAwait(false), answer);

    /// <summary>Removes something.</summary>
    /// <exception cref="DaemonClientException">The daemon refuses, or does not answer.</exception>
    public Task Delete(string path, CancellationToken cancellation) => Send(new HttpRequestMessage(HttpMethod.Delete, path), cancellation);

    /// <summary>Closes what is open.</summary>
    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage RequestWith<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type)
    {
        ByteArrayContent content = new(JsonSerializer.SerializeToUtf8Bytes(body, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        HttpRequestMessage request = new(method, path) { Content = content };

        // Whether a large one is wanted at all, is asked first.
        request.Headers.ExpectContinue = content.Headers.ContentLength > LargestUnasked;
        return request;
    }

    private async Task<byte[]> Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        using HttpRequestMessage sent = request;
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(sent, cancellation).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? body : throw new DaemonClientException((int)response.StatusCode, Refusal(body, response.ReasonPhrase));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            string reason = _endpoint.Socket is string path && !File.Exists(path) ? "there is no such socket"
                : exception is OperationCanceledException ? $"no answer within {Patience.TotalSeconds} s" : (exception.InnerException ?? exception).Message;
            string cure = exception.InnerException is AuthenticationException ? "name its issuer's certificate by SSL_CERT_FILE, and the host as the certificate does" : "start kvmsys daemon, or a farm's controller, or say where it listens with --connect";
            throw new DaemonClientException(null, $"no daemon answers at {_endpoint}: {reason.TrimEnd('.')}. Cure: {cure}.");
        }
    }

    private T Parse<T>(byte[] body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            throw new DaemonClientException(null, $"what answers at {_endpoint} is no daemon of this version: {exception.Message}");
        }
    }

    private static string Refusal(byte[] body, string? reason)
    {
        try
        {
            Problem? problem = JsonSerializer.Deserialize(body, DaemonJson.Default.Problem);
            return problem is null ? $"{reason}" : problem.Errors is { Count: > 1 } errors ? string.Join("; ", errors) : problem.Detail;
        }
        catch (JsonException)
        {
            return $"{reason}";
        }
    }
}
