// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Kvmsys.Monitor.Farm.Protocol;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>A connection to the farm's NATS server, which is made again whenever it breaks, for as long as it takes.</summary>
internal sealed partial class BrokerConnection : IAsyncDisposable
{
    // Debian 12 has 2.9.10. Before 2.10 a server cannot be told to sync what it says that it has.
    private static readonly Version Oldest = new(2, 9);
    private static readonly Version Synced = new(2, 10);

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(4);

    private readonly BrokerLogin _login;
    private readonly ILogger _logger;
    private readonly NatsConnection _connection;

    private string? _whyNoCertificate;

    // What was told since the server was there last: each reason once.
    private readonly HashSet<string> _told = [];

    /// <summary>A connection that nobody has opened yet.</summary>
    public BrokerConnection(BrokerLogin login, ILogger<BrokerConnection> logger)
    {
        (_login, _logger) = (login, logger);
        NatsOpts options = NatsOpts.Default with
        {
            Url = login.Url,
            Name = login.Name,
            InboxPrefix = FarmSubjects.Inbox(login.Name),
            AuthOpts = login.Key is FarmKey key ? NatsAuthOpts.Default with { NKey = key.PublicKey, Seed = key.Seed } : NatsAuthOpts.Default,
            TlsOpts = login.CaFile is null && !login.Url.Contains("tls://", StringComparison.Ordinal)
                ? NatsTlsOpts.Default
                : NatsTlsOpts.Default with { CaFile = login.CaFile, Mode = TlsMode.Require, ConfigureClientAuthentication = AskWhy },
            IgnoreAuthErrorAbort = true,
            MaxReconnectRetry = -1,

            // When a server comes back, thousands come at once: whoever is not let in quickly waits for it, instead of coming again.
            ConnectTimeout = TimeSpan.FromSeconds(10),
            ReconnectWaitMin = TimeSpan.FromMilliseconds(100),
            ReconnectWaitMax = BetweenTries,
            ReconnectJitter = TimeSpan.FromSeconds(1),
            PingInterval = TimeSpan.FromSeconds(10),
            MaxPingOut = 2,
            RequestTimeout = TimeSpan.FromSeconds(5),
            CommandTimeout = TimeSpan.FromSeconds(5),
            MaxPayloadHardCap = 2 * FarmProtocol.MostBytes,
        };
        _connection = new(options);
        _connection.ConnectionOpened += (_, _) => Opened();
        _connection.ConnectionDisconnected += (_, what) => Lost(what.Message);
        _connection.ReconnectFailed += (_, what) => Lost(what.Message);
        _connection.ServerError += (_, what) => Refused(what.Error);
        Streams = new(_connection, new NatsJSOpts(options, requestTimeout: TimeSpan.FromSeconds(5)));
    }

    /// <summary>Called each time that the server is there anew. What was said meanwhile to whom it may concern was not heard.</summary>
    public event Action? Connected;

    /// <summary>The connection.</summary>
    public INatsConnection Nats => _connection;

    /// <summary>What is kept at the server.</summary>
    public NatsJSContext Streams { get; }

    /// <summary>Whether the server is there.</summary>
    public bool IsOpen => _connection.ConnectionState == NatsConnectionState.Open;

    /// <summary>Opens it, and waits for that, however long it takes. Why it takes so long is told.</summary>
    public async Task Open(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await _connection.ConnectAsync().AsTask().WaitAsync(cancellation).ConfigureAwait(false);
                return;
            }
            catch (NatsException exception)
            {
                await Lost(exception.GetBaseException() is AuthenticationException ? _whyNoCertificate : exception.GetBaseException().Message).ConfigureAwait(false);
                await Task.Delay(BetweenTries * (0.5 + (Random.Shared.NextDouble() / 2)), cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Publishes to a stream, and waits until the server has it.</summary>
    /// <param name="subject">The subject.</param>
    /// <param name="message">The message.</param>
    /// <param name="id">What makes a second one of the same the first one again.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="NatsException">The server does not have it: it is away, does not let this client, or has no room.</exception>
    public async Task Publish(string subject, byte[] message, string? id, CancellationToken cancellation)
    {
        NATS.Client.JetStream.Models.PubAckResponse answer = await Streams.PublishAsync(
            subject, message, opts: id is null ? null : new NatsJSPubOpts { MsgId = id }, cancellationToken: cancellation).ConfigureAwait(false);

        // That it is there already is what was wanted.
        if (answer.Error is NATS.Client.JetStream.Models.ApiError error)
        {
            throw new NatsJSApiException(error);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private ValueTask Opened()
    {
        lock (_told)
        {
            _told.Clear();
        }

        string version = _connection.ServerInfo?.Version ?? "";
        LogOpened(_login.Url, version);
        if (!Version.TryParse(version.Split('-')[0], out Version? known) || known < Oldest)
        {
            LogTooOld(version, Oldest);
        }
        else if (known < Synced)
        {
            LogUnsynced(version);
        }

        Connected?.Invoke();
        return ValueTask.CompletedTask;
    }

    /// <summary>Notes why a certificate is refused, which the client itself does not tell.</summary>
    private ValueTask AskWhy(SslClientAuthenticationOptions options)
    {
        RemoteCertificateValidationCallback? callback = options.RemoteCertificateValidationCallback;
        options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
        {
            bool isGood = callback?.Invoke(sender, certificate, chain, errors) ?? errors == SslPolicyErrors.None;
            _whyNoCertificate = isGood ? null : ObjectionTo(certificate as X509Certificate2, errors);
            return isGood;
        };
        return ValueTask.CompletedTask;
    }

    private string ObjectionTo(X509Certificate2? certificate, SslPolicyErrors errors) =>
        certificate is null ? "the server has no certificate"
        : certificate.NotAfter < DateTime.Now ? string.Create(CultureInfo.InvariantCulture, $"the server's certificate has expired at {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC")
        : certificate.NotBefore > DateTime.Now ? string.Create(CultureInfo.InvariantCulture, $"the server's certificate is good from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC on, and this host's clock shows an earlier time")
        : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? $"the server's certificate is of another name ({certificate.Subject}) than the URL's"
        : $"the server's certificate does not lead to {(_login.CaFile is string file ? $"the one in {file}" : "one that this host trusts: --ca names the farm's")}";

    private ValueTask Lost(string? why)
    {
        if (IsNews(why ?? ""))
        {
            LogLost(_login.Url, why);
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask Refused(string error)
    {
        if (IsNews(error))
        {
            LogRefused(_login.Url, error);
        }

        return ValueTask.CompletedTask;
    }

    private bool IsNews(string reason)
    {
        const int most = 100;
        lock (_told)
        {
            return _told.Count < most && _told.Add(reason);
        }
    }

    [LoggerMessage(LogLevel.Information, "connected to the farm's NATS server at {Url}, version {Version}")]
    private partial void LogOpened(string url, string version);

    [LoggerMessage(LogLevel.Error, "the NATS server is version {Version}, and a farm needs {Oldest} at least. Cure: install a newer one.")]
    private partial void LogTooOld(string version, Version oldest);

    [LoggerMessage(LogLevel.Warning, "NATS server {Version} syncs its streams every two minutes: what it loses when its host loses power is put there again from the ledger. 2.11 with sync_interval: always loses nothing.")]
    private partial void LogUnsynced(string version);

    [LoggerMessage(LogLevel.Warning, "the farm's NATS server at {Url} is away, or does not let this client in; trying again: {Reason}")]
    private partial void LogLost(string url, string? reason);

    [LoggerMessage(LogLevel.Error, "the farm's NATS server at {Url} refuses something: {Error}")]
    private partial void LogRefused(string url, string error);
}
