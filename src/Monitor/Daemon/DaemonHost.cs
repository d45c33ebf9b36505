// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Daemon.Webhooks;
using Kvmsys.Monitor.Farm.Agent;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Host;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace Kvmsys.Monitor.Daemon;

/// <summary>A daemon, made of its parts: the store, the loop, and what listens.</summary>
internal sealed partial class DaemonHost : IAsyncDisposable
{
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly DaemonSettings _settings;
    private readonly WebApplication _application;
    private readonly JobStore _store;
    private readonly FileLock _folder;
    private readonly ILogger _logger;
    private readonly DaemonRole _role;

    private DaemonHost(DaemonSettings settings, DaemonRole role, WebApplication application, JobStore store, FileLock folder)
    {
        (_settings, _role, _application, _store, _folder) = (settings, role, application, store, folder);
        _logger = application.Services.GetRequiredService<ILogger<DaemonHost>>();
    }

    /// <summary>Makes a daemon; nothing of it runs yet.</summary>
    /// <param name="settings">How it is set.</param>
    /// <param name="host">The host.</param>
    /// <param name="readBench">Reads what a bench writes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="role">Where it has its jobs made.</param>
    /// <param name="opened">Its database, where that is open already; it is the daemon's from then on.</param>
    /// <exception cref="StoreException">Its database cannot be used, or another daemon uses it.</exception>
    /// <exception cref="StoreFullException">There is no room for one.</exception>
    /// <exception cref="AccessException">Others could reach it, and it has no token; or its certificate cannot be used.</exception>
    public static DaemonHost Create(DaemonSettings settings, HostEnvironment host, BenchReading readBench, TimeProvider time, DaemonRole role = DaemonRole.Host, StoreDatabase? opened = null)
    {
        FileLock folder = TakeFolder(settings.StateFolder);
        JobStore? store = null;
        try
        {
            store = settings.FarmLedger is PostgresAddress ledger ? new(opened ?? PostgresStoreDatabase.Open(ledger), time) : JobStore.Open(settings.StateFolder, time);
            // With nothing that is not asked for: the others look for configuration files, and watch the folder where they might be.
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "kvmsys" });
            builder.Services.AddRoutingCore();
            builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
            AddLog(builder.Logging);
            if (HasSystemd)
            {
                builder.Services.AddSingleton<ISystemdNotifier, SystemdNotifier>().AddSingleton<IHostLifetime, SystemdLifetime>();
                builder.Services.AddHostedService<SystemdWatchdog>();
            }

            builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds((2 * settings.StopSeconds) + 5));
            builder.Services.AddSingleton(settings).AddSingleton(store).AddSingleton(readBench).AddSingleton(time).AddSingleton(host);
            builder.Services.AddSingleton(_ => new DaemonMetrics(host, time, role)).AddSingleton<MetricsExporter>().AddSingleton<ApiRoutes>();
            builder.Services.AddSingleton<RegressionStore>().AddSingleton<ScheduleStore>().AddSingleton<ScheduleLoop>().AddSingleton<ScheduleRoutes>();
            if (settings.Webhooks.Count > 0 && settings.WebhookSecretFile is string secret)
            {
                builder.Services.AddSingleton(WebhookSecret.Read(secret)).AddSingleton<WebhookStore>().AddHostedService<WebhookLoop>();
            }

            builder.Services.AddSingleton(services => new EventStream(store, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping));
            AddEngine(builder.Services, settings, role);
            builder.Services.AddHostedService(services => services.GetRequiredService<ScheduleLoop>());
            TokenFolder tokens = new(settings.StateFolder, time);
            if (settings.Listen.FirstOrDefault(endpoint => !endpoint.IsLocal) is DaemonEndpoint open && tokens.List().Count == 0)
            {
                throw new AccessException($"at {open} others reach the daemon, and it has no token to know anybody by", "make one: kvmsys daemon token create NAME");
            }

            ServerCertificate? certificate = settings.TlsCertificate is null ? null : new(settings.TlsCertificate, settings.TlsKey!);
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, settings, certificate));
            WebApplication application = builder.Build();
            if (certificate is not null)
            {
                ILogger<DaemonHost> log = application.Services.GetRequiredService<ILogger<DaemonHost>>();
                certificate.Failed += exception => LogCertificate(log, exception.Message);
            }

            ApiPipeline pipeline = new(settings, tokens, application.Services.GetRequiredService<DaemonMetrics>(), application.Services.GetRequiredService<ILogger<ApiPipeline>>());
            foreach (ApiRoute route in application.Services.GetRequiredService<ApiRoutes>().All)
            {
                application.MapMethods(route.Pattern, [route.Method], http => pipeline.Answer(http, route));
            }

            application.Use(pipeline.AnswerUnknown);
            store.Happened += application.Services.GetRequiredService<DaemonMetrics>().Happened;
            return new(settings, role, application, store, folder);
        }
        catch
        {
            store?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a service manager wants to hear of this process (sd_notify(3)). AddSystemd asks for a parent of systemd's name instead.
    /// </summary>
    private static bool HasSystemd => Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not (null or "");

    /// <summary>The services of the daemon, for a test.</summary>
    internal IServiceProvider Services => _application.Services;

    /// <summary>Starts it: it listens, and takes jobs.</summary>
    /// <exception cref="StoreException">It cannot listen where it should.</exception>
    public async Task Start(CancellationToken cancellation)
    {
        foreach (string socket in _settings.Listen.Select(endpoint => endpoint.Socket).OfType<string>())
        {
            RemoveStale(socket);
        }

        // A farm's attempts are the hosts': they go on without a controller.
        IReadOnlyList<Job> lost = _role == DaemonRole.Controller ? [] : _store.Recover();
        new WebhookStore(_store).Keep(_settings.Webhooks);
        DaemonMetrics metrics = _application.Services.GetRequiredService<DaemonMetrics>();
        foreach (Job job in lost)
        {
            metrics.Ended(job.Request.Kind, AttemptOutcome.Lost);
        }

        try
        {
            _application.Services.GetService<JobRunner>()?.ClearSpool();
            await _application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new StoreException($"the daemon cannot start: {exception.Message.TrimEnd('.')}", "name other places with --listen, or another folder with --state");
        }

        foreach (string socket in _settings.Listen.Select(endpoint => endpoint.Socket).OfType<string>())
        {
            File.SetUnixFileMode(socket, SocketMode);
        }

        LogReady(string.Join(' ', _settings.Listen), _settings.FarmLedger?.ToString() ?? _settings.StateFolder);
        if (lost.Count > 0)
        {
            LogRecovered(lost.Count);
        }

        if (_store.SetAside is string aside)
        {
            LogSetAside(aside);
        }
    }

    /// <summary>Waits until it is asked to stop, and has stopped. That one of its loops has failed stops it too, and is thrown here.</summary>
    /// <exception cref="StoreException">Its database cannot be used any more.</exception>
    public async Task WaitForShutdown(CancellationToken cancellation)
    {
        await _application.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        foreach (BackgroundService loop in _application.Services.GetServices<IHostedService>().OfType<BackgroundService>())
        {
            if (loop.ExecuteTask is { IsFaulted: true } failed)
            {
                await failed.ConfigureAwait(false);
            }
        }
    }

    /// <summary>Stops it: no request and no job is begun any more, and what runs is ended in order.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _store.Dispose();
        _folder.Dispose();
    }

    /// <summary>What has the jobs made. What is added first is stopped last.</summary>
    private static void AddEngine(IServiceCollection services, DaemonSettings settings, DaemonRole role)
    {
        if (settings.FarmBroker is string broker)
        {
            string name = role == DaemonRole.Controller ? FarmDocument.ControllerName : settings.FarmHost!;
            services.AddSingleton(BrokerLogin.Of(broker, name, settings.FarmKeyFile, settings.FarmCaFile)).AddSingleton<BrokerConnection>();
        }

        if (role == DaemonRole.Controller)
        {
            services.AddSingleton(provider => new BrokerStreams(provider.GetRequiredService<BrokerConnection>(), TimeSpan.FromSeconds(settings.FarmAckWaitSeconds), settings.FarmReplicas));
            services.AddSingleton<FarmLedger>().AddSingleton<FarmHosts>().AddSingleton<FarmChanges>().AddSingleton<FarmController>().AddSingleton<FarmRoutes>();
            services.AddSingleton<JobEngine>(provider => provider.GetRequiredService<FarmController>());
            services.AddHostedService(provider => provider.GetRequiredService<FarmController>());
            if (settings.FarmLedger is not null)
            {
                services.AddHostedService<LedgerWatch>();
            }

            return;
        }

        services.AddSingleton<JobRunner>().AddSingleton<JobLoop>().AddSingleton<JobEngine>(provider => provider.GetRequiredService<JobLoop>());
        if (settings.FarmBroker is not null)
        {
            services.AddHostedService<FarmAgent>();
        }

        services.AddHostedService(provider => provider.GetRequiredService<JobLoop>());
    }

    /// <summary>On standard error: lines for people, and under systemd lines with a level that journald understands.</summary>
    private static void AddLog(ILoggingBuilder logging)
    {
        if (HasSystemd)
        {
            logging.AddSystemdConsole();
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-dd HH:mm:ss ";
            });
        }

        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static FileLock TakeFolder(string folder)
    {
        const string cure = "name another folder with --state";
        try
        {
            Directory.CreateDirectory(folder, FolderMode);
            return FileLock.TryTake(folder)
                ?? throw new StoreException(
                    $"another daemon{(FileLock.HolderOf(folder) is int process ? $", process {process}," : "")} uses the folder {folder}", $"use that one, or {cure}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or KvmException)
        {
            throw new StoreException($"the folder {folder} cannot be used: {exception.Message.TrimEnd('.')}", cure);
        }
    }

    private static void Listen(KestrelServerOptions kestrel, DaemonSettings settings, ServerCertificate? certificate)
    {
        const int mostConnections = 2000;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = (long)settings.LargestBodyMebibytes << 20;
        kestrel.Limits.MaxConcurrentConnections = mostConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        foreach (DaemonEndpoint endpoint in settings.Listen)
        {
            if (endpoint.Socket is string path)
            {
                kestrel.ListenUnixSocket(path, options => options.Protocols = HttpProtocols.Http1);
            }
            else
            {
                kestrel.Listen(endpoint.Address!, options =>
                {
                    options.Protocols = HttpProtocols.Http1;
                    if (endpoint.IsEncrypted)
                    {
                        options.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(certificate!.Options) });
                    }
                });
            }
        }
    }

    /// <summary>Removes a socket that nobody listens at any more: the state folder's lock says that no daemon of this folder does.</summary>
    private static void RemoveStale(string path)
    {
        try
        {
            if (Path.GetDirectoryName(path) is string folder)
            {
                Directory.CreateDirectory(folder);
            }

            if (File.Exists(path))
            {
                using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    socket.Connect(new UnixDomainSocketEndPoint(path));
                    throw new StoreException($"something listens at {path} already", "name another socket with --listen");
                }
                catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused)
                {
                    File.Delete(path);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SocketException)
        {
            throw new StoreException($"the socket {path} cannot be used: {exception.Message.TrimEnd('.')}", "name another one with --listen");
        }
    }

    [LoggerMessage(LogLevel.Information, "ready: listening at {Endpoints}, state in {Folder}")]
    private partial void LogReady(string endpoints, string folder);

    [LoggerMessage(LogLevel.Error, "{Reason} Until then the certificate that it was goes on.")]
    private static partial void LogCertificate(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "{Count} attempts were lost with the daemon before this one; their jobs wait again, or have failed")]
    private partial void LogRecovered(int count);

    [LoggerMessage(LogLevel.Error, "the database was damaged: it lies in {Path} now, as it was, and a new one was begun")]
    private partial void LogSetAside(string path);
}
