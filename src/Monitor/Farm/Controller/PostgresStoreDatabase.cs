// SPDX-License-Identifier: MIT

using System.Data;
using System.Data.Common;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Sql;
using Npgsql;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>
/// A ledger's tables in PostgreSQL. The connection that writes holds a lock of the server's for as long as it stands, so that two controllers can never
/// both write: one whose connection is gone may not any more, and ends.
/// </summary>
internal sealed class PostgresStoreDatabase : StoreDatabase
{
    // pg_advisory_lock: "kvmd", in each database by itself.
    private const long LockKey = StoreSchema.ApplicationId;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    private readonly string _where;
    private readonly NpgsqlDataSource _server;
    private readonly NpgsqlConnection _writing;
    private NpgsqlConnection _reading;

    private PostgresStoreDatabase(string where, NpgsqlDataSource server, NpgsqlConnection writing, NpgsqlConnection reading) =>
        (_where, _server, _writing, _reading) = (where, server, writing, reading);

    /// <inheritdoc/>
    public override DbConnection Writing => _writing.State == ConnectionState.Open
        ? _writing
        : throw new StoreException($"the connection to the {_where} was lost, and with it the right to write there", "start the controller again: it waits until it may, with --standby");

    /// <inheritdoc/>
    public override DbConnection Reading
    {
        get
        {
            if (_reading.State != ConnectionState.Open)
            {
                _reading.Dispose();
                _reading = _server.OpenConnection();
            }

            return _reading;
        }
    }

    /// <summary>Opens a ledger, whose tables are made where there are none.</summary>
    /// <param name="address">Where it is.</param>
    /// <exception cref="StoreException">It cannot be used, or another controller uses it.</exception>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public static PostgresStoreDatabase Open(PostgresAddress address)
    {
        try
        {
            return TryOpen(address) ?? throw new StoreException($"another controller uses the {address}", "end that one first, or wait for its end with --standby");
        }
        catch (Exception exception) when (IsServers(exception))
        {
            throw Explained(exception, address.ToString());
        }
    }

    /// <summary>Waits until the server is there and no controller uses the ledger.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="onWait">Told once what it waits for, and again when that changes.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Whether that is so; it was cancelled otherwise.</returns>
    public static bool WaitFor(PostgresAddress address, Action<string> onWait, CancellationToken cancellation)
    {
        string? told = null;
        do
        {
            string reason = $"another controller uses the {address}";
            try
            {
                using PostgresStoreDatabase? free = TryOpen(address);
                if (free is not null)
                {
                    return true;
                }
            }
            catch (Exception exception) when (IsServers(exception))
            {
                reason = $"the {address} cannot be used: {exception.Message}";
            }

            if (reason != told)
            {
                onWait(told = reason);
            }
        }
        while (!cancellation.WaitHandle.WaitOne(BetweenTries));
        return false;
    }

    /// <inheritdoc/>
    public override bool IsItsOwn(Exception exception) => IsServers(exception) || IsNonsense(exception);

    /// <inheritdoc/>
    public override Exception Explained(Exception exception) => Explained(exception, _where);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _reading.Dispose();
        _writing.Dispose();
        _server.Dispose();
    }

    /// <summary>Opens it, unless another controller uses it.</summary>
    private static PostgresStoreDatabase? TryOpen(PostgresAddress address)
    {
        NpgsqlConnectionStringBuilder settings = new(address.ConnectionString)
        {
            ApplicationName = $"kvmsys farm controller on {Environment.MachineName}",
            Pooling = false,
            Timeout = 10,

            // A connection that stands still is asked, so that what has broken it is seen.
            KeepAlive = 5,
        };
        NpgsqlDataSource server = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString).EnableTransportSecurity().Build();
        NpgsqlConnection? writing = null;
        try
        {
            writing = server.OpenConnection();

            // The server is to let go of the lock when this host is gone without a word, and not in two hours.
            writing.Execute("SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3");
            if (writing.Scalar("SELECT pg_try_advisory_lock(@key)", ("@key", LockKey)) is not true)
            {
                writing.Dispose();
                server.Dispose();
                return null;
            }

            if (writing.Scalar("SELECT current_setting('fsync')") is not "on")
            {
                throw new StoreException($"the server of the {address} writes nothing through to its disk (fsync = off), so that it may lose what it has accepted", "set fsync = on there");
            }

            // A commit is on the disk; where a standby of the server's has to have it too, that stays.
            writing.Scalar("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')");
            PostgresSchema.Bring(writing, address.ToString());
            return new(address.ToString(), server, writing, server.OpenConnection());
        }
        catch
        {
            writing?.Dispose();
            server.Dispose();
            throw;
        }
    }

    // Certificates and password files that cannot be read are met while it connects.
    private static bool IsServers(Exception exception) => exception is DbException or TimeoutException or IOException or UnauthorizedAccessException;

    private static Exception Explained(Exception exception, string where)
    {
        if (exception is PostgresException { SqlState: PostgresErrorCodes.DiskFull })
        {
            return new StoreFullException(exception);
        }

        string reason = exception is PostgresException told ? $"{told.MessageText} (SQLSTATE {told.SqlState})" : exception.Message.TrimEnd('.');
        return new StoreException($"the {where} cannot be used: {reason}", "see to that server, or to farmLedger; the controller waits for it with --standby");
    }
}
