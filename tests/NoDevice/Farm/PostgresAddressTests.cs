// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Farm.Controller;
using Npgsql;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>Where a ledger's database is, in libpq's words.</summary>
public sealed class PostgresAddressTests
{
    [Theory]
    [InlineData("postgresql://kvmsys@db.lab/farm", "db.lab", 5432, "kvmsys", "farm")]
    [InlineData("postgres://a%40b@[::1]:6000/a%20b", "[::1]", 6000, "a@b", "a b")]
    [InlineData("postgresql:///farm?host=/run/postgresql", "/run/postgresql", 5432, null, "farm")]
    public void A_URL_says_where_it_is(string url, string host, int port, string? user, string database)
    {
        NpgsqlConnectionStringBuilder told = Told(url);
        Assert.Equal((host, port, user, database), (told.Host, told.Port, told.Username, told.Database));
    }

    [Fact]
    public void What_is_behind_it_says_how_to_get_in()
    {
        NpgsqlConnectionStringBuilder told = Told("postgresql://u@h/d?sslmode=verify-full&sslrootcert=%2Fa%3Bb%3Dc.pem&sslcert=/c&sslkey=/k&passfile=/p");
        Assert.Equal((SslMode.VerifyFull, "/a;b=c.pem", "/c", "/k", "/p"), (told.SslMode, told.RootCertificate, told.SslCertificate, told.SslKey, told.Passfile));
    }

    [Theory]
    [InlineData("")]
    [InlineData("jobs.db")]
    [InlineData("mysql://u@h/d")]
    [InlineData("postgresql://u@h")]
    [InlineData("postgresql://u@h/")]
    [InlineData("postgresql://u@h/a/b")]
    [InlineData("postgresql:///d")]
    [InlineData("postgresql://u:swordfish@h/d")]
    [InlineData("postgresql://u:sword@fish:swordfish@h/d")]
    [InlineData("postgresql://u@h/d?password=swordfish")]
    [InlineData("postgresql://u@h/d?sslmode=perhaps")]
    [InlineData("postgresql://u@h/d?sslmode=7")]
    [InlineData("postgresql://u@h/d?sslmode")]
    [InlineData("postgresql://u@h/d?Maximum%20Pool%20Size=1")]
    public void What_is_none_is_told_without_its_password(string url)
    {
        Assert.False(PostgresAddress.TryParse(url, out _));
        DaemonConfiguration configuration = new(new DaemonSettings { StateFolder = "/nowhere", Listen = [] });
        configuration.TakeOption("farmLedger", [url], "--ledger");
        string objection = Assert.Single(configuration.Objections);
        Assert.StartsWith("--ledger: postgresql://USER@HOST:PORT/DATABASE", objection, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", objection, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_has_no_ledger()
    {
        DaemonConfiguration configuration = new(new DaemonSettings { StateFolder = "/nowhere", Listen = [] });
        configuration.TakeOption("farmLedger", ["postgresql://u@h/d"], "--ledger");
        configuration.Check(DaemonRole.Host);
        Assert.StartsWith("farmLedger: only a farm's controller has one", Assert.Single(configuration.Objections), StringComparison.Ordinal);
    }

    private static NpgsqlConnectionStringBuilder Told(string url) =>
        PostgresAddress.TryParse(url, out PostgresAddress? address) ? new(address.ConnectionString) : throw new ArgumentException(url);
}
