// SPDX-License-Identifier: MIT

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Kvmsys.Monitor.Daemon.Metrics;

/// <summary>Writes the daemon's metrics as Prometheus reads them.</summary>
internal sealed class MetricsExporter : IDisposable
{
    private readonly DaemonMetrics _metrics;
    private readonly MeterProvider _provider;
    private readonly RequestDelegate _scrape;

    /// <summary>The exporter of a daemon.</summary>
    /// <param name="metrics">Its metrics.</param>
    /// <param name="services">Its services.</param>
    public MetricsExporter(DaemonMetrics metrics, IServiceProvider services)
    {
        _metrics = metrics;
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(metrics.Name)
            .AddView(instrument => new MetricStreamConfiguration { CardinalityLimit = DaemonMetric.All.Single(metric => metric.Name == instrument.Name).MostSeries })
            .AddPrometheusExporter(options =>
            {
                options.ScopeInfoEnabled = false;
                options.TargetInfoEnabled = false;
                options.ScrapeResponseCacheDurationMilliseconds = 0;
            })
            .Build();
        metrics.Begin();

        // What answers is a part of the exporter's that is meant to stand before all routes; here it is behind one, and who may ask was found out.
        _scrape = new ApplicationBuilder(services).UseOpenTelemetryPrometheusScrapingEndpoint(_provider, _ => true, path: null, configureBranchedPipeline: null, optionsName: null).Build();
    }

    /// <summary>Answers a scrape.</summary>
    /// <param name="http">The request.</param>
    /// <param name="reading">What the gauges say.</param>
    public Task Answer(HttpContext http, MetricsReading reading)
    {
        _metrics.Take(reading);
        return _scrape(http);
    }

    /// <inheritdoc/>
    public void Dispose() => _provider.Dispose();
}
