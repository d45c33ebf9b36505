// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Daemon;

/// <summary>A job as a command line of kvmsys. What somebody has sent is only in places where a value is expected, and was held against what is known.</summary>
internal static class JobArguments
{
    /// <summary>The command and its arguments.</summary>
    /// <param name="request">The job, to which there is no objection.</param>
    /// <param name="deadlineSeconds">Seconds that an attempt may take.</param>
    /// <param name="device">KVM's device.</param>
    /// <param name="program">Where the program's file is; null for a job that runs none.</param>
    public static IReadOnlyList<string> Of(JobRequest request, int deadlineSeconds, string device, string? program) => request.Kind switch
    {
        JobKind.Bench => [.. Bench(request.Bench ?? new BenchSpec()), "--device", device],
        JobKind.Run => [.. Run(request.Program!, deadlineSeconds), "--device", device, "--", program!, .. request.Program!.Arguments],
        JobKind.Doctor => ["doctor", "--json", "--device", device],
        _ => throw new ArgumentOutOfRangeException(nameof(request), request.Kind, null),
    };

    private static IEnumerable<string> Bench(BenchSpec bench) =>
    [
        "bench", "--json", "--no-history",
        .. List("--mechanism", bench.Mechanisms),
        .. List("--profile", bench.Profiles),
        .. List("--mitigation", bench.Mitigations),
        .. bench.Protocol is string protocol ? [$"--{protocol}"] : (string[])[],
        .. Number("--sessions", bench.Sessions),
        .. Number("--runs", bench.Runs),
        .. Number("--cpu", bench.Cpu),
        .. Number("--seed", bench.Seed),
        .. bench.ShowEmulated ? ["--show-emulated"] : (string[])[],
    ];

    private static IEnumerable<string> Run(ProgramSpec program, int deadlineSeconds) =>
    [
        "run",
        .. Number("--timeout", deadlineSeconds),
        .. Number("--memory", program.MemoryMebibytes),
        .. program.Environment.SelectMany(variable => (string[])["--env", variable]),
    ];

    private static IEnumerable<string> List(string option, IReadOnlyList<string> values) => values.Count == 0 ? [] : [option, .. values];

    private static IEnumerable<string> Number(string option, int? value) =>
        value is int number ? [option, number.ToString(CultureInfo.InvariantCulture)] : [];
}
