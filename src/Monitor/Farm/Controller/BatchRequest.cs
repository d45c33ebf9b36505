// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>A job for several hosts, as somebody submits it.</summary>
internal sealed record BatchRequest
{
    /// <summary>Every host that is there and fits: a job for each.</summary>
    public const string Each = "each";

    /// <summary>One host of every kind: a job for each CPU model and KVM back end, which whoever is free does.</summary>
    public const string PerCpu = "per-cpu";

    private const int MostSelectors = 20;

    /// <summary>each, per-cpu, or what one job's target may be.</summary>
    public required string Target { get; init; }

    /// <summary>What the hosts have to be: LABEL=PATTERN, where * stands for anything; all of them have to fit.</summary>
    public IReadOnlyList<string> Where
    {
        get => field ?? [];
        init;
    }

    /// <summary>The job.</summary>
    public required JobRequest Job { get; init; }

    /// <summary>What is wrong with it; empty where nothing is.</summary>
    public IEnumerable<string> Objections()
    {
        if (Target is not (Each or PerCpu) && FarmTarget.Parse(Target) is null)
        {
            yield return $"target: {Each}, {PerCpu}, {FarmTarget.Expected}";
        }

        if (Where.Count > MostSelectors || Where.Any(text => LabelSelector.Parse(text) is null))
        {
            yield return $"where: at most {MostSelectors} of LABEL=PATTERN, where * stands for anything";
        }

        if (Where.Count > 0 && Target is not (Each or PerCpu))
        {
            yield return $"where: only with {Each} and {PerCpu}";
        }

        if (Job.Target is not null)
        {
            yield return "job.target: the batch has one";
        }

        foreach (string objection in Job.Objections())
        {
            yield return $"job.{objection}";
        }
    }
}
