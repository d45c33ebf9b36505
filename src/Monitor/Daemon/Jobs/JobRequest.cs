// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>A job as somebody submits it.</summary>
public sealed record JobRequest
{
    /// <summary>The longest <see cref="Name"/>.</summary>
    public const int LongestName = 100;

    /// <summary>The most attempts that a job may have.</summary>
    public const int MostAttempts = 10;

    /// <summary>The longest <see cref="DeadlineSeconds"/>: a day.</summary>
    public const int LongestDeadlineSeconds = 24 * 60 * 60;

    /// <summary>The lowest and the highest priority, less and more than nothing.</summary>
    public const int MostPriority = 100;

    /// <summary>What it is.</summary>
    public required JobKind Kind { get; init; }

    /// <summary>What people call it.</summary>
    public string? Name { get; init; }

    /// <summary>What has more of it is done first; of the same, what came first.</summary>
    public int Priority { get; init; }

    /// <summary>Seconds that an attempt may take.</summary>
    public int? DeadlineSeconds { get; init; }

    /// <summary>Attempts after which it has failed for good.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>In a farm: which host is to do it; any where nothing is said.</summary>
    public string? Target { get; init; }

    /// <summary>Of a bench: what it measures; everything that a guest can be measured by where nothing is said.</summary>
    public BenchSpec? Bench { get; init; }

    /// <summary>Of a run: the program.</summary>
    public ProgramSpec? Program { get; init; }

    /// <summary>What is wrong with it, whatever the daemon is; empty where nothing is.</summary>
    public IEnumerable<string> Objections()
    {
        if (Name is { Length: 0 or > LongestName } || Name?.Any(char.IsControl) == true)
        {
            yield return $"name: 1 to {LongestName} characters, none of them a control character";
        }

        if (Math.Abs((long)Priority) > MostPriority)
        {
            yield return $"priority: -{MostPriority} to {MostPriority}";
        }

        if (DeadlineSeconds is < 1 or > LongestDeadlineSeconds)
        {
            yield return $"deadlineSeconds: 1 to {LongestDeadlineSeconds}";
        }

        if (MaxAttempts is < 1 or > MostAttempts)
        {
            yield return $"maxAttempts: 1 to {MostAttempts}";
        }

        if (Target is not null && FarmTarget.Parse(Target) is null)
        {
            yield return $"target: {FarmTarget.Expected}";
        }

        if (Bench is not null && Kind != JobKind.Bench)
        {
            yield return "bench: only a job of kind bench has it";
        }

        if ((Program is not null) != (Kind == JobKind.Run))
        {
            yield return "program: a job of kind run has it, and no other";
        }

        foreach (string objection in Bench?.Objections() ?? Program?.Objections() ?? [])
        {
            yield return objection;
        }
    }
}
