// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Who may ask a daemon what, and over which wires.</summary>
public sealed class DaemonAccessTests
{
    private const string Doctor = """{"kind":"doctor"}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("read", Scope.Read)]
    [InlineData("submit", Scope.Submit)]
    [InlineData("admin", Scope.Admin)]
    public async Task A_token_may_ask_what_its_scope_allows_and_nothing_else(string name, Scope scope)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpClient client = WithToken(daemon, daemon.Tokens.Create($"with-{name}", scope, lifetime: null).ToString());
        foreach (ApiRoute route in daemon.Routes.All.Where(route => !route.Pattern.EndsWith("/events", StringComparison.Ordinal)))
        {
            using HttpRequestMessage request = new(new HttpMethod(route.Method), RunningDaemon.PathOf(route));
            using HttpResponseMessage answer = await client.SendAsync(request, Cancellation);
            Assert.True(answer.StatusCode != HttpStatusCode.Unauthorized, $"{route.Method} {route.Pattern}: {answer.StatusCode}");
            Assert.True(route.Scope > scope == (answer.StatusCode == HttpStatusCode.Forbidden), $"{route.Method} {route.Pattern}: {answer.StatusCode}");
        }
    }

    [Theory]
    [InlineData("Bearer kvmsys_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("Bearer ../../etc/passwd")]
    [InlineData("Bearer")]
    [InlineData("Basic a3ZtOnN5cw==")]
    public async Task Who_shows_a_token_that_is_none_is_nobody_on_every_route(string authorization)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        foreach (HttpClient client in new[] { daemon.ByPort, daemon.BySocket })
        {
            foreach (ApiRoute route in daemon.Routes.All)
            {
                using HttpRequestMessage request = new(new HttpMethod(route.Method), RunningDaemon.PathOf(route));
                request.Headers.TryAddWithoutValidation("Authorization", authorization);
                using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
                Assert.True(route.Scope > Scope.None == (answer.StatusCode == HttpStatusCode.Unauthorized), $"{route.Method} {route.Pattern}: {answer.StatusCode}");
                Assert.True(route.Scope == Scope.None || answer.Headers.WwwAuthenticate.Single().Scheme == "Bearer");
            }
        }
    }

    [Fact]
    public async Task A_job_is_its_tokens_and_keys_of_two_tokens_are_two_keys()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        using HttpClient one = WithToken(daemon, daemon.Tokens.Create("one", Scope.Submit, lifetime: null).ToString());
        using HttpClient two = WithToken(daemon, daemon.Tokens.Create("two", Scope.Submit, lifetime: null).ToString());
        using HttpResponseMessage first = await RunningDaemon.Submit(one, Doctor, "key");
        using HttpResponseMessage second = await RunningDaemon.Submit(two, Doctor, "key");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.StatusCode, second.StatusCode));
        Assert.Equal(["two", "one"], daemon.Store.List(null, null, 10).Select(job => job.SubmittedBy));
    }

    [Fact]
    public async Task A_token_that_is_revoked_is_nobodys_at_once_and_ends_what_it_watches()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpClient client = WithToken(daemon, daemon.Tokens.Create("ci", Scope.Read, lifetime: null).ToString());
        using HttpResponseMessage before = await client.GetAsync("/api/v1/jobs", Cancellation);
        using HttpResponseMessage events = await client.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        daemon.Tokens.Revoke("ci");
        using HttpResponseMessage after = await client.GetAsync("/api/v1/jobs", Cancellation);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (before.StatusCode, after.StatusCode));
        using HttpResponseMessage job = await daemon.Submit(Doctor);
        Assert.DoesNotContain("job.queued", await events.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Forwarded-For")]
    [InlineData("Forwarded")]
    public async Task What_a_proxy_passes_on_is_not_of_this_host(string header)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        foreach (HttpClient client in new[] { daemon.ByPort, daemon.BySocket })
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/jobs") { Headers = { { header, "192.0.2.1" } } };
            using HttpResponseMessage answer = await client.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Over_TLS_whoever_has_a_token_is_known()
    {
        using Files files = new();
        string thumbprint = TestCertificate.Write(files.Certificate, files.Key);
        await using RunningDaemon daemon = await RunningDaemon.Start(files.WithTls);
        DaemonEndpoint endpoint = daemon.Settings.Listen.Single(endpoint => endpoint.IsEncrypted);
        using HttpClient client = new(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.GetCertHashString() == thumbprint } }) { BaseAddress = new Uri(endpoint.ToString()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", daemon.Tokens.Create("ci", Scope.Submit, lifetime: null).ToString());
        using HttpResponseMessage answer = await RunningDaemon.Submit(client, Doctor);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    [Fact]
    public async Task A_certificate_that_was_renewed_is_shown_without_a_restart_and_one_that_cannot_be_used_is_not()
    {
        using Files files = new();
        string first = TestCertificate.Write(files.Certificate, files.Key);
        await using RunningDaemon daemon = await RunningDaemon.Start(files.WithTls);
        int port = daemon.Settings.Listen.Single(endpoint => endpoint.IsEncrypted).Address!.Port;
        Assert.Equal(first, await Shown(port));
        File.WriteAllText(files.Certificate, "no certificate");
        Assert.Equal(first, await Shown(port));
        string second = TestCertificate.Write(files.Certificate, files.Key, "CN=localhost, O=renewed");
        Assert.Equal(second, await Shown(port));

        static async Task<string> Shown(int port)
        {
            string shown = "";
            using TcpClient client = new("127.0.0.1", port);
            await using SslStream stream = new(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => (shown = certificate!.GetCertHashString()).Length > 0);
            await stream.AuthenticateAsClientAsync("localhost");
            return shown;
        }
    }

    [Fact]
    public void Where_others_reach_it_a_daemon_without_a_token_does_not_start_and_with_one_it_does()
    {
        using Files files = new();
        TestCertificate.Write(files.Certificate, files.Key);
        string daemon = $"KVMSYS_DAEMON_TLS_CERTIFICATE={files.Certificate} KVMSYS_DAEMON_TLS_KEY={files.Key} timeout --signal=TERM 3 $kvmsys daemon --state {files.State} --listen https://0.0.0.0:0";
        (int status, _, string error) = Shell.Run(daemon);
        Assert.Equal(71, status);
        Assert.Contains("it has no token to know anybody by. Cure: make one: kvmsys daemon token create", error, StringComparison.Ordinal);
        Assert.Equal(0, Shell.Run($"$kvmsys daemon token create ci --state {files.State}").Status);
        (int Status, string Output, string Error) started = Shell.Run(daemon);
        Assert.Contains("ready: listening at https://0.0.0.0:0", started.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8586", "whoever is on the way could read along")]
    [InlineData("https://0.0.0.0:8586", "an https:// address needs both")]
    [InlineData("https://127.0.0.1:8586", "an https:// address needs both")]
    public void An_address_without_what_makes_it_safe_is_refused(string listen, string words)
    {
        using Files files = new();
        (int status, _, string error) = Shell.Run($"$kvmsys daemon --state {files.State} --listen {listen}");
        Assert.Equal(2, status);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_older_than_TLS_1_2_is_spoken()
    {
        using Files files = new();
        TestCertificate.Write(files.Certificate, files.Key);
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, new ServerCertificate(files.Certificate, files.Key).Options.EnabledSslProtocols);
    }

    [Fact]
    public void A_certificate_that_is_not_there_or_not_the_keys_is_told()
    {
        using Files files = new();
        Assert.Contains("cannot be used", Assert.Throws<AccessException>(() => new ServerCertificate(files.Certificate, files.Key)).Message, StringComparison.Ordinal);
        TestCertificate.Write(files.Certificate, files.Key);
        string otherKey = Path.Combine(files.State, "other.key");
        Directory.CreateDirectory(files.State);
        TestCertificate.Write(Path.Combine(files.State, "other.crt"), otherKey);
        Assert.Throws<AccessException>(() => new ServerCertificate(files.Certificate, otherKey));
    }

    [Fact]
    public async Task The_client_that_ships_speaks_TLS_shows_its_token_and_trusts_no_stranger()
    {
        using Files files = new();
        TestCertificate.Write(files.Certificate, files.Key);
        await using RunningDaemon daemon = await RunningDaemon.Start(files.WithTls);
        string secret = daemon.Tokens.Create("ci", Scope.Submit, lifetime: null).ToString();
        string where = $"https://localhost:{daemon.Settings.Listen.Single(endpoint => endpoint.IsEncrypted).Address!.Port}";
        (int status, _, string error) = Shell.Run($"KVMSYS_TOKEN={secret} $kvmsys jobs list --connect {where}");
        Assert.Equal(69, status);
        Assert.Contains("SSL_CERT_FILE", error, StringComparison.Ordinal);
        (int Status, string Output, string Error) submitted = Shell.Run($"SSL_CERT_FILE={files.Certificate} KVMSYS_TOKEN={secret} $kvmsys jobs submit doctor --json --connect {where}");
        Assert.True(submitted.Status == 0, submitted.Error);
        using JsonDocument job = JsonDocument.Parse(submitted.Output);
        Assert.Equal("ci", job.RootElement.GetProperty("submittedBy").GetString());
    }

    [Theory]
    [InlineData("http://example.com:8586")]
    [InlineData("http://192.0.2.1:8586")]
    [InlineData("https://user@example.com:8586")]
    [InlineData("https://example.com:8586/jobs")]
    [InlineData("https://example.com:8586?x")]
    [InlineData("example.com")]
    public void A_client_goes_nowhere_where_its_token_could_be_read(string text) => Assert.Null(DaemonEndpoint.ParseForClient(text));

    [Theory]
    [InlineData("https://example.com:8586", "https://example.com:8586")]
    [InlineData("https://example.com", "https://example.com:443")]
    [InlineData("https://192.0.2.1:8586", "https://192.0.2.1:8586")]
    [InlineData("http://127.0.0.1:8586", "http://127.0.0.1:8586")]
    [InlineData("unix:/run/kvmsys/daemon.sock", "unix:/run/kvmsys/daemon.sock")]
    public void A_client_finds_a_host_by_its_name_too(string text, string meant) => Assert.Equal(meant, DaemonEndpoint.ParseForClient(text)?.ToString());

    [Fact]
    public void The_command_makes_lists_rotates_and_revokes_tokens()
    {
        using Files files = new();
        (int Status, string Output, string Error) made = Token("create ci --scope submit --days 7");
        Assert.Matches("^kvmsys_[0-9a-f]{16}_[0-9a-f]{64}\n$", made.Output);
        Assert.Equal("", made.Error);
        (int Status, string Output, string Error) again = Token("create ci");
        Assert.Equal(2, again.Status);
        Assert.Contains("kvmsys daemon token rotate ci", again.Error, StringComparison.Ordinal);
        using (JsonDocument list = JsonDocument.Parse(Token("list --json").Output))
        {
            JsonElement token = Assert.Single(list.RootElement.GetProperty("tokens").EnumerateArray());
            Assert.Equal(("ci", "submit"), (token.GetProperty("name").GetString(), token.GetProperty("scope").GetString()));
            Assert.Equal(TimeSpan.FromDays(7), token.GetProperty("expiresAt").GetDateTimeOffset() - token.GetProperty("createdAt").GetDateTimeOffset());
            Assert.False(token.TryGetProperty("sha256", out _));
        }

        Assert.Matches("^kvmsys_[0-9a-f]{16}_[0-9a-f]{64}\n$", Token("rotate ci --overlap 1").Output);
        Assert.Equal(2, Token("list").Output.Split('\n').Count(line => line.Contains("submit", StringComparison.Ordinal)));
        Assert.Equal(0, Token("revoke ci").Status);
        Assert.Equal(2, Token("revoke ci").Status);
        Assert.Contains("there is no token", Token("list").Error, StringComparison.Ordinal);
        Assert.Equal(2, Token("create 'c i'").Status);
        Assert.Equal(2, Token("create ci --scope none").Status);

        (int Status, string Output, string Error) Token(string words) => Shell.Run($"$kvmsys daemon token {words} --state {files.State}");
    }

    private static HttpClient WithToken(RunningDaemon daemon, string secret)
    {
        HttpClient client = new() { BaseAddress = daemon.ByPort.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        return client;
    }

    /// <summary>Paths of a certificate, of its key, and of a daemon's folder.</summary>
    private sealed class Files : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-access-").FullName;

        public string Certificate => Path.Combine(_folder, "tls.crt");

        public string Key => Path.Combine(_folder, "tls.key");

        public string State => Path.Combine(_folder, "state");

        public DaemonSettings WithTls(DaemonSettings settings) => settings with
        {
            TlsCertificate = Certificate,
            TlsKey = Key,
            Listen = [.. settings.Listen, DaemonEndpoint.Parse($"https://127.0.0.1:{FreePort.Next()}")!],
        };

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
