// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Sql;
using Kvmsys.Tests.NoDevice.CommandLine;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>kvmsys daemon backup: a copy that is the database, and nothing else that is changed.</summary>
public sealed class StoreBackupTests : IDisposable
{
    private const string Doctor = """{"kind":"doctor"}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-backup-").FullName;

    private string State => Path.Combine(_folder, "state");

    private string Database => Path.Combine(State, SqliteStoreDatabase.FileName);

    private string Copy => Path.Combine(_folder, "copy.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_copy_that_is_made_while_a_daemon_takes_jobs_has_every_one_that_was_taken_before()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        const int most = 300;
        List<long> before = [];
        for (int i = 0; i < 20; i++)
        {
            before.Add(await Submit(daemon));
        }

        using CancellationTokenSource enough = new();
        Task<int> more = Task.Run(async () =>
        {
            int count = 0;
            for (; !enough.IsCancellationRequested && count < most; count++)
            {
                await Submit(daemon);
            }

            return count;
        });
        (int status, string output, string error) = Shell.Run($"$kvmsys daemon backup {Copy} --state {daemon.StateFolder}");
        await enough.CancelAsync();
        Assert.True(await more > 0);
        Assert.Equal((0, ""), (status, output));
        Assert.Matches($"^kvmsys: {Copy} has all jobs and results, [0-9]+ KiB.\n$", error);

        // A daemon goes on with it where it is put in place.
        using DaemonProcess restored = new();
        Directory.CreateDirectory(restored.StateFolder);
        File.Copy(Copy, Path.Combine(restored.StateFolder, SqliteStoreDatabase.FileName));
        await restored.Start();
        using HttpResponseMessage answer = await restored.Client.GetAsync("/api/v1/jobs?limit=1000", Cancellation);
        JsonElement[] jobs = [.. (await RunningDaemon.Read(answer)).GetProperty("jobs").EnumerateArray()];
        Assert.Empty(before.Except(jobs.Select(job => job.GetProperty("id").GetInt64())));
        long next = await Submit(restored);
        Assert.True(next > jobs.Max(job => job.GetProperty("id").GetInt64()), $"{next}");
    }

    [Fact]
    public void A_copy_is_made_where_no_daemon_runs_and_its_owner_alone_reads_it()
    {
        Fill(State, 3);
        (int status, _, string error) = Shell.Run($"umask 022; $kvmsys daemon --state {State} backup {Copy}");
        Assert.True(status == 0, error);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Copy));
        Assert.Equal([State, Copy], Directory.GetFileSystemEntries(_folder).OrderDescending());
        string other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        File.Copy(Copy, Path.Combine(other, SqliteStoreDatabase.FileName));
        using JobStore store = JobStore.Open(other, TimeProvider.System);
        Assert.Equal([3L, 2L, 1L], store.List(null, null, 10).Select(job => job.Id));
    }

    [Fact]
    public void A_file_that_is_there_already_stays()
    {
        Fill(State, 1);
        File.WriteAllText(Copy, "precious");
        (int status, _, string error) = Shell.Run($"$kvmsys daemon backup {Copy} --state {State}");
        Assert.Equal((74, $"kvmsys: {Copy} is there already. Cure: name a file that is not.\n"), (status, error));
        Assert.Equal("precious", File.ReadAllText(Copy));
        File.Delete(Copy);
        File.CreateSymbolicLink(Copy, Path.Combine(_folder, "nowhere"));
        Assert.Equal(74, Shell.Run($"$kvmsys daemon backup {Copy} --state {State}").Status);
        Assert.False(File.Exists(Path.Combine(_folder, "nowhere")));
    }

    [Fact]
    public void Where_no_database_is_none_is_made()
    {
        (int status, _, string error) = Shell.Run($"$kvmsys daemon backup {Copy} --state {State}");
        Assert.Equal((74, $"kvmsys: there is no database {Database}. Cure: name the folder of the daemon's with --state, as a user who may see into it.\n"), (status, error));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("no such folder/copy.db", "Cure: name a file in a folder that you may write to, on a disk with room.")]
    [InlineData("", "Cure: name a file that is not there yet.")]
    public void A_copy_that_has_no_place_is_refused_in_words(string name, string cure)
    {
        Fill(State, 1);
        (int status, _, string error) = Shell.Run($"cd {_folder} && $kvmsys daemon backup '{name}' --state {State}");
        Assert.Equal(74, status);
        Assert.EndsWith($"{cure}\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_there_is_no_room_no_half_file_is_left()
    {
        using SmallDisk? disk = SmallDisk.TryMount();
        Assert.SkipWhen(disk is null, "this user may mount no file system");
        Fill(State, 1);
        Change("INSERT INTO event (at, kind, text) VALUES (0, 'test', hex(zeroblob(300000)))");
        string[] before = Directory.GetFiles(disk.Path);
        StoreException refusal = Assert.Throws<StoreException>(() => StoreBackup.Write(State, Path.Combine(disk.Path, "copy.db")));
        Assert.Contains("there is no room", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(disk.Path));
    }

    [Fact]
    public void Somebody_elses_database_is_not_copied()
    {
        Fill(State, 1);
        Change("PRAGMA application_id = 1");
        StoreException refusal = Assert.Throws<StoreException>(() => StoreBackup.Write(State, Copy));
        Assert.Contains("not of kvmsys daemon", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Copy));
    }

    [Fact]
    public void A_damaged_one_is_told_and_nothing_is_noted_or_left()
    {
        Fill(State, 200);
        byte[] bytes = File.ReadAllBytes(Database);
        new Random(Seed: 1).NextBytes(bytes.AsSpan(4096, 3 * 4096));
        File.WriteAllBytes(Database, bytes);
        StoreException refusal = Assert.Throws<StoreException>(() => StoreBackup.Write(State, Copy));
        Assert.Contains("cannot be copied", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([State], Directory.GetFileSystemEntries(_folder));
        Assert.DoesNotContain(Directory.GetFiles(State), file => file.EndsWith(".corrupt", StringComparison.Ordinal));
        Assert.Equal(bytes, File.ReadAllBytes(Database));
    }

    [Fact]
    public void An_older_kvmsyss_database_is_copied_as_it_is()
    {
        Fill(State, 1);
        Change("PRAGMA user_version = 1");
        StoreBackup.Write(State, Copy);
        SqliteLibrary.Load();
        foreach (string database in (string[])[Database, Copy])
        {
            using SqliteConnection connection = SqliteStoreDatabase.Connect(database, SqliteOpenMode.ReadOnly);
            Assert.Equal(1L, connection.Scalar("PRAGMA user_version"));
        }
    }

    private static void Fill(string state, int jobs)
    {
        using JobStore store = JobStore.Open(state, TimeProvider.System);
        for (int i = 0; i < jobs; i++)
        {
            store.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", null, 60, 1, 1000);
        }
    }

    private static async Task<long> Submit(DaemonProcess daemon)
    {
        using HttpResponseMessage answer = await RunningDaemon.Submit(daemon.Client, Doctor);
        return (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
    }

    private void Change(string sql)
    {
        SqliteLibrary.Load();
        using SqliteConnection connection = SqliteStoreDatabase.Connect(Database, SqliteOpenMode.ReadWrite);
        connection.Execute(sql);
    }
}
