// SPDX-License-Identifier: MIT

using System.Net;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Reports;
using Kvmsys.Tests.NoDevice.Reports;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What the daemon answers about two benches, about who asks, and about what a bench may name.</summary>
public sealed class CompareRouteTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_benches_are_compared_as_the_command_does()
    {
        BenchDocument before = BenchDocument.Of(MadeUpBench.OnACpu());
        BenchDocument after = BenchDocument.Of(MadeUpBench.OnACpu(int80: 650));
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long older = DashboardData.Add(daemon.Store, before, DashboardData.Start);
        long newer = DashboardData.Add(daemon.Store, after, DashboardData.Start);
        string answer = await daemon.ByPort.GetStringAsync($"/api/v1/compare?before={older}&after={newer}", Cancellation);
        Assert.Equal(JsonSerializer.Serialize(CompareDocument.Of(BenchComparison.Of(before, after, 0.01, 1)), KvmsysJson.Default.CompareDocument), answer);
        using JsonDocument json = JsonDocument.Parse(answer);
        Assert.Equal(["slower", "same"], json.RootElement.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("finding").GetString()));
    }

    [Fact]
    public async Task Benches_of_two_CPUs_are_compared_only_where_that_was_wanted()
    {
        BenchReport report = MadeUpBench.OnACpu();
        await using RunningDaemon daemon = await RunningDaemon.Start();
        DashboardData.Add(daemon.Store, BenchDocument.Of(report), DashboardData.Start);
        DashboardData.Add(daemon.Store, BenchDocument.Of(report with { Host = report.Host with { Cpu = MadeUpBench.Cpu with { Model = 9 } } }), DashboardData.Start);
        (HttpStatusCode status, string detail) = await Refused(daemon, "before=1&after=2");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("the benches are from different CPUs: AuthenticAMD family 25 model 1 stepping 2, and AuthenticAMD family 25 model 9 stepping 2. Cure: ", detail, StringComparison.Ordinal);
        Assert.EndsWith("say differentHosts=true.", detail, StringComparison.Ordinal);
        Assert.Contains("\"results\"", await daemon.ByPort.GetStringAsync("/api/v1/compare?before=1&after=2&differentHosts=true", Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest, "before: the number of a job")]
    [InlineData("before=1", HttpStatusCode.BadRequest, "after: the number of a job")]
    [InlineData("before=0&after=1", HttpStatusCode.BadRequest, "before: 1 to ")]
    [InlineData("before=1&after=1&differentHosts=perhaps", HttpStatusCode.BadRequest, "differentHosts: true or false")]
    [InlineData("before=1&after=77", HttpStatusCode.NotFound, "there is no job 77")]
    [InlineData("before=1&after=2", HttpStatusCode.NotFound, "job 2 has no result: it is failed, for a reason")]
    [InlineData("before=3&after=1", HttpStatusCode.Conflict, "job 3 is no bench. Cure: compare benches.")]
    public async Task What_cannot_be_compared_is_told(string query, HttpStatusCode status, string words)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        DashboardData.Add(daemon.Store, BenchDocument.Of(MadeUpBench.OnACpu()), DashboardData.Start);
        DashboardData.AddFailed(daemon.Store, new JobRequest { Kind = JobKind.Bench }, "a reason", "a log");
        DashboardData.Add(daemon.Store, new JobRequest { Kind = JobKind.Doctor }, "{}");
        (HttpStatusCode answered, string detail) = await Refused(daemon, query);
        Assert.Equal(status, answered);
        Assert.StartsWith(words, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_is_told_who_that_is()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        Assert.Equal("""{"name":"loopback","scope":"read"}""", await daemon.ByPort.GetStringAsync("/api/v1/caller", Cancellation));
        Assert.Equal("""{"name":"socket","scope":"admin"}""", await daemon.BySocket.GetStringAsync("/api/v1/caller", Cancellation));
    }

    [Fact]
    public async Task What_a_bench_may_name_is_taken()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        JsonElement choices = await daemon.Get("/api/v1/choices");
        string[] Of(string name) => [.. choices.GetProperty(name).EnumerateArray().Select(value => value.GetString()!)];
        Assert.Contains("sysenter", Of("mechanisms"));
        Assert.Equal(["quick", "full"], Of("protocols"));
        JobRequest request = new()
        {
            Kind = JobKind.Bench,
            Bench = new BenchSpec { Mechanisms = Of("mechanisms"), Profiles = Of("profiles"), Mitigations = Of("mitigations"), Protocol = Of("protocols")[0] },
        };
        Assert.Empty(request.Objections());
    }

    private static async Task<(HttpStatusCode Status, string Detail)> Refused(RunningDaemon daemon, string query)
    {
        using HttpResponseMessage answer = await daemon.ByPort.GetAsync($"/api/v1/compare?{query}", Cancellation);
        return (answer.StatusCode, (await RunningDaemon.Read(answer)).GetProperty("detail").GetString()!);
    }
}
