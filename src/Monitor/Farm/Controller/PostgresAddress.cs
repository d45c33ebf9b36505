// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>
/// Where a PostgreSQL database is, as libpq writes it (PostgreSQL, 34.1.1.2. Connection URIs): postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full.
/// It has no password, which whoever lists processes would read: that is in a file (passfile, PGPASSFILE, ~/.pgpass), or the server knows the user by a socket.
/// </summary>
internal sealed class PostgresAddress
{
    /// <summary>What it has to be, for people.</summary>
    public const string Expected = "postgresql://USER@HOST:PORT/DATABASE, with its password in a file (?passfile=PATH),";

    private readonly NpgsqlConnectionStringBuilder _connection;

    private PostgresAddress(NpgsqlConnectionStringBuilder connection) => _connection = connection;

    /// <summary>What a driver connects with.</summary>
    public string ConnectionString => _connection.ConnectionString;

    /// <summary>Reads one.</summary>
    /// <param name="text">The URL.</param>
    /// <param name="address">What it says.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out PostgresAddress? address)
    {
        address = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url is not { Scheme: "postgresql" or "postgres", Fragment: "" } || url.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            return false;
        }

        string database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        NpgsqlConnectionStringBuilder connection = new()
        {
            Host = url.Host,
            Port = url.Port < 0 ? NpgsqlConnection.DefaultPort : url.Port,
            Username = url.UserInfo.Length == 0 ? null : Uri.UnescapeDataString(url.UserInfo),
            Database = database,
        };
        if (database.Length == 0 || database.Contains('/', StringComparison.Ordinal))
        {
            return false;
        }

        foreach (string part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=', 2);
            if (pair.Length != 2 || !TryTake(connection, pair[0], Uri.UnescapeDataString(pair[1])))
            {
                return false;
            }
        }

        if (string.IsNullOrEmpty(connection.Host))
        {
            return false;
        }

        address = new(connection);
        return true;
    }

    /// <summary>For people: where it is, and nothing that anybody gets in with.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"database {_connection.Database} at {_connection.Host}, port {_connection.Port}");

    private static bool TryTake(NpgsqlConnectionStringBuilder connection, string name, string value)
    {
        switch (name)
        {
            case "host":
                connection.Host = value;
                return true;
            case "sslmode" when Enum.TryParse(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out SslMode mode) && Enum.IsDefined(mode):
                connection.SslMode = mode;
                return true;
            case "sslrootcert":
                connection.RootCertificate = value;
                return true;
            case "sslcert":
                connection.SslCertificate = value;
                return true;
            case "sslkey":
                connection.SslKey = value;
                return true;
            case "passfile":
                connection.Passfile = value;
                return true;
            default:
                return false;
        }
    }
}
