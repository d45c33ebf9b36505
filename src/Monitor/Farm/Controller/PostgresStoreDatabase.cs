// SPDX-License-Identifier: MIT

using System.Data;
using System.Data.Common;
using System.Diagnostics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Sql;
using Npgsql;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>
/// A ledger's tables in PostgreSQL. The connection that writes holds a lock of the server's for as long as it stands, so that two controllers can never
/// both write. One whose connection is gone goes on if nobody has opened the ledger meanwhile, and may not write any more otherwise.
/// </summary>
internal sealed class PostgresStoreDatabase : StoreDatabase
{
    // pg_advisory_lock: "kvmd", in each database by itself.
    private const long LockKey = StoreSchema.ApplicationId;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    // A server sees soon that a connection is gone, but not at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PatiencePause = TimeSpan.FromMilliseconds(50);

    private readonly PostgresAddress _address;
    private readonly NpgsqlDataSource _server;

    // How often the ledger was opened, this time included.
    private readonly long _opened;
    private NpgsqlConnection _writing;
    private NpgsqlConnection _reading;

    private PostgresStoreDatabase(PostgresAddress address, NpgsqlDataSource server, NpgsqlConnection writing)
    {
        (_address, _server, _writing) = (address, server, writing);
        _opened = (long)writing.Scalar("UPDATE kvmsys_schema SET opened = opened + 1 RETURNING opened")!;
        _reading = server.OpenConnection();
    }

    /// <inheritdoc/>
    public override DbConnection Writing
    {
        get
        {
            if (_writing.State != ConnectionState.Open)
            {
                Connect();
            }

            return _writing;
        }
    }

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
            return Patiently(() => TryOpen(address)) ?? throw new StoreException($"another controller uses the {address}", "end that one first, or wait for its end with --standby");
        }
        catch (Exception exception) when (IsServers(exception))
        {
            throw Explained(exception, address);
        }
    }

    /// <summary>Opens a ledger as soon as the server is there and no other controller uses it.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="onWait">Told once what it waits for, and again when that changes.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The ledger; null where it was cancelled.</returns>
    public static PostgresStoreDatabase? OpenWhenFree(PostgresAddress address, Action<string> onWait, CancellationToken cancellation)
    {
        string? told = null;
        do
        {
            string reason = $"another controller uses the {address}";
            try
            {
                if (TryOpen(address) is PostgresStoreDatabase ledger)
                {
                    return ledger;
                }
            }
            catch (Exception exception) when (IsServers(exception))
            {
                reason = $"the {address} cannot be used: {ReasonOf(exception)}";
            }

            if (reason != told)
            {
                onWait(told = reason);
            }
        }
        while (!cancellation.WaitHandle.WaitOne(BetweenTries));
        return null;
    }

    /// <inheritdoc/>
    public override bool IsItsOwn(Exception exception) => IsServers(exception) || IsNonsense(exception);

    /// <inheritdoc/>
    public override Exception Explained(Exception exception) => Explained(exception, _address);

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
            writing = TryLock(server);
            if (writing is null)
            {
                server.Dispose();
                return null;
            }

            if (writing.Scalar("SELECT current_setting('fsync')") is not "on")
            {
                throw new StoreException($"the server of the {address} writes nothing through to its disk (fsync = off), so that it may lose what it has accepted", "set fsync = on there");
            }

            PostgresSchema.Bring(writing, address.ToString());
            return new(address, server, writing);
        }
        catch
        {
            writing?.Dispose();
            server.Dispose();
            throw;
        }
    }

    /// <summary>Tries until it has something: who has the lock may be a connection that is just gone.</summary>
    private static T? Patiently<T>(Func<T?> attempt)
        where T : class
    {
        T? got = attempt();
        for (Stopwatch time = Stopwatch.StartNew(); got is null && time.Elapsed < Patience; got = attempt())
        {
            Thread.Sleep(PatiencePause);
        }

        return got;
    }

    /// <summary>A connection that may write; null where another one may.</summary>
    private static NpgsqlConnection? TryLock(NpgsqlDataSource server)
    {
        NpgsqlConnection connection = server.OpenConnection();
        try
        {
            // The server is to let go of the lock when this host is gone without a word, and not in two hours.
            connection.Execute("SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3");

            // A commit is on the disk; where a standby of the server's has to have it too, that stays.
            connection.Scalar("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')");
            if (connection.Scalar("SELECT pg_try_advisory_lock(@key)", ("@key", LockKey)) is true)
            {
                return connection;
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        connection.Dispose();
        return null;
    }

    /// <summary>Connects again: the driver gives a connection up also where a statement had no room.</summary>
    private void Connect()
    {
        if (Patiently(() => TryLock(_server)) is NpgsqlConnection connection)
        {
            if (connection.Scalar("SELECT opened FROM kvmsys_schema") is long opened && opened == _opened)
            {
                _writing.Dispose();
                _writing = connection;
                return;
            }

            connection.Dispose();
        }

        throw new StoreException($"the connection to the {_address} was lost, and another controller has opened the ledger there", "start this one again with --standby: it waits until it may write");
    }

    // Certificates and password files that cannot be read are met while it connects.
    private static bool IsServers(Exception exception) => exception is DbException or TimeoutException or IOException or UnauthorizedAccessException;

    private static Exception Explained(Exception exception, PostgresAddress address)
    {
        if (exception is PostgresException { SqlState: PostgresErrorCodes.DiskFull })
        {
            return new StoreFullException(exception);
        }

        return new StoreException($"the {address} cannot be used: {ReasonOf(exception)}", "see to that server, or to farmLedger; the controller waits for it with --standby");
    }

    private static string ReasonOf(Exception exception) =>
        exception is PostgresException told ? $"{told.MessageText} (SQLSTATE {told.SqlState})" : (exception.InnerException ?? exception).Message.TrimEnd('.');
}
