// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using Kvmsys.Tests;

namespace Kvmsys.Benchmarks;

/// <summary>What the daemon costs its host: start-up, memory, CPU when nothing is asked of it, and how long it takes to answer, empty and after years.</summary>
internal static class DaemonFigures
{
    private const double Millisecond = 1e6;
    private const int Starts = 15;
    private const int StartsOfMany = 5;
    private const int Submissions = 1000;
    private const int Questions = 21;
    private const int Results = 100_000;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    /// <summary>Measures them, and says each in a line.</summary>
    /// <param name="binary">kvmsys.</param>
    /// <param name="say">Says a line.</param>
    public static void Measure(string binary, Action<string> say)
    {
        string folder = Directory.CreateTempSubdirectory("kvmsys-bench-").FullName;
        try
        {
            Empty(binary, folder, say);
            Directory.Delete(Path.Combine(folder, "state"), recursive: true);
            EmptyOverTcp(binary, folder, say);
            Directory.Delete(Path.Combine(folder, "state"), recursive: true);
            Many(binary, folder, say);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Empty(string binary, string folder, Action<string> say)
    {
        say($"daemon, start to ready                {Start(binary, folder, Starts).In(Millisecond, "ms")}   aim 150");
        using MeasuredDaemon daemon = new(binary, folder);
        Thread.Sleep(Settling);
        say(Line("daemon, idle, resident", daemon.ResidentBytes / 1e6, "MB", "aim 40"));
        long began = Stopwatch.GetTimestamp();
        long before = daemon.CpuNanoseconds;
        Thread.Sleep(Idle);
        say(Line("daemon, idle, of a CPU", 100 * (daemon.CpuNanoseconds - before) / Stopwatch.GetElapsedTime(began).TotalNanoseconds, "%", "aim 0.1"));

        Submit(daemon, "over its socket", say);
        say(Line("daemon, then, resident", daemon.ResidentBytes / 1e6, "MB", ""));
    }

    private static void EmptyOverTcp(string binary, string folder, Action<string> say)
    {
        using MeasuredDaemon daemon = new(binary, folder, overTcp: true);
        Submit(daemon, "by TCP, a token", say);
    }

    private static void Submit(MeasuredDaemon daemon, string how, Action<string> say)
    {
        // Nothing is measured meanwhile: it is the answers that are timed.
        Expect(200, daemon.Post("/api/v1/host/cordon", ""));
        Samples submitted = new();
        for (int i = 0; i < Submissions; i++)
        {
            submitted.Add(Expect(201, daemon.Post("/api/v1/jobs", """{"kind":"doctor"}""")));
        }

        say(Line($"daemon, submit {how}, p50", submitted.At(0.50) / Millisecond, "ms", "on the disk before it is answered"));
        say(Line($"daemon, submit {how}, p99", submitted.At(0.99) / Millisecond, "ms", ""));
    }

    private static void Many(string binary, string folder, Action<string> say)
    {
        string state = Path.Combine(folder, "state");
        ManyResults.Make(state, Results);
        say(string.Create(CultureInfo.InvariantCulture, $"with {Results:N0} results:"));
        say(Line("daemon, database", Directory.GetFiles(state).Sum(file => new FileInfo(file).Length) / 1e6, "MB", ""));
        say($"daemon, start to ready                {Start(binary, folder, StartsOfMany).In(Millisecond, "ms")}   aim 150");
        using MeasuredDaemon daemon = new(binary, folder);
        (string Name, string Path)[] questions =
        [
            ("jobs, first page", "/api/v1/jobs"),
            ("results, first page", "/api/v1/results"),
            ("series of all, 200 benches", "/api/v1/series"),
            ("series of one, 1,000 benches", "/api/v1/series?mechanism=sysenter&profile=bare&limit=1000"),
            ("host", "/api/v1/host"),
            ("metrics", "/metrics"),
            ("/", "/"),
        ];
        foreach ((string name, string path) in questions)
        {
            Samples answered = new();
            int status = 0;
            for (int i = 0; i < Questions; i++)
            {
                (status, double nanoseconds) = daemon.Get(path);
                answered.Add(nanoseconds);
            }

            say(status == 200 ? $"{$"daemon, {name}",-38}{answered.In(Millisecond, "ms")}   aim 200" : $"{$"daemon, {name}",-38}status {status}");
        }

        Thread.Sleep(Settling);
        say(Line("daemon, then idle, resident", daemon.ResidentBytes / 1e6, "MB", ""));
    }

    private static Samples Start(string binary, string folder, int count)
    {
        Samples times = new();
        for (int i = 0; i < count; i++)
        {
            using MeasuredDaemon daemon = new(binary, folder);
            times.Add(daemon.StartTime.TotalNanoseconds);
        }

        return times;
    }

    private static double Expect(int status, (int Status, double Nanoseconds) answer) =>
        answer.Status == status ? answer.Nanoseconds : throw new InvalidOperationException($"The daemon answered {answer.Status} instead of {status}.");

    private static string Line(string name, double value, string unit, string aim) =>
        string.Create(CultureInfo.InvariantCulture, $"{name,-38}{value,9:N3} {unit}   {aim}").TrimEnd();
}
