// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Sql;
using Npgsql;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A PostgreSQL server as a process of its own, that can be killed and started again over the same databases.</summary>
internal sealed class Postgres : IDisposable
{
    private const string User = "kvmsys";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-postgres-").FullName;
    private readonly string _programs;
    private readonly StringBuilder _log = new();
    private Process? _process;

    /// <summary>A server with nothing in it, that is not started yet; the test is skipped where there is none.</summary>
    /// <param name="options">Settings, NAME=VALUE.</param>
    public Postgres(params string[] options)
    {
        Assert.SkipWhen(Programs is null, "postgres is not here; ./build.sh test installs it");
        _programs = Programs!;
        if (Environment.IsPrivilegedProcess)
        {
            // The server does not run as root.
            Run("chown", "nobody", _folder);
        }

        Run("initdb", "--pgdata", Data, "--username", User, "--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile", PasswordFile("secret"), "--encoding", "UTF8", "--no-sync");
        File.AppendAllLines(Path.Combine(Data, "postgresql.conf"), [$"unix_socket_directories = '{_folder}'", .. options]);
        File.WriteAllText(Path.Combine(_folder, "pgpass"), $"127.0.0.1:*:*:{User}:secret\n");
        File.SetUnixFileMode(Path.Combine(_folder, "pgpass"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Where it listens at 127.0.0.1, once it was started.</summary>
    public int Port { get; private set; }

    /// <summary>A database there, through the server's socket.</summary>
    public string Url => $"postgresql://{User}@localhost:{Port}/postgres?host={_folder}";

    /// <summary>The same over TCP, where a password is wanted, which is in a file.</summary>
    public string PasswordUrl => $"postgresql://{User}@127.0.0.1:{Port}/postgres?passfile={Path.Combine(_folder, "pgpass")}";

    /// <summary>What it has written.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>The folder of PostgreSQL's programs; null where there is none.</summary>
    private static string? Programs => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Concat(Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin")) : [])
        .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb")));

    /// <summary>Starts it, and waits until it answers.</summary>
    public Postgres Start()
    {
        // Asked for only now: making the database takes seconds, in which another one would take it.
        Port = Port > 0 ? Port : FreePort.Next();
        ProcessStartInfo start = Command("postgres", "-D", Data, "-c", "listen_addresses=127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture));
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        for (Stopwatch time = Stopwatch.StartNew(); ; Thread.Sleep(20))
        {
            try
            {
                Execute("SELECT 1");
                return this;
            }
            catch (NpgsqlException)
            {
                Assert.True(!_process.HasExited && time.Elapsed < Patience, Log);
            }
        }
    }

    /// <summary>Executes a statement there, as its owner.</summary>
    public void Execute(string sql)
    {
        using NpgsqlConnection connection = new($"Host={_folder};Port={Port};Username={User};Database=postgres;Pooling=false");
        connection.Open();
        connection.Execute(sql);
    }

    /// <summary>Ends it at once, without a word to anybody.</summary>
    public void Kill()
    {
        // SIGQUIT: its children end with it, and it recovers from its log when it is started again.
        using Process kill = Process.Start("kill", ["-QUIT", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.True(_process.WaitForExit(Patience), Log);
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string PasswordFile(string password)
    {
        string file = Path.Combine(_folder, "password");
        File.WriteAllText(file, password);
        return file;
    }

    private ProcessStartInfo Command(string program, params string[] arguments)
    {
        string path = File.Exists(Path.Combine(_programs, program)) ? Path.Combine(_programs, program) : program;
        return Environment.IsPrivilegedProcess && path != program
            ? new("setpriv", ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", path, .. arguments]) { WorkingDirectory = _folder }
            : new(path, arguments) { WorkingDirectory = _folder };
    }

    private void Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = Command(program, arguments);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);
    }
}
