// SPDX-License-Identifier: MIT

using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Machine;

/// <summary>How one run of a machine ended.</summary>
/// <param name="Reason">Why it stopped.</param>
/// <param name="Status">The program's exit status, for <see cref="StopReason.Exit"/>.</param>
/// <param name="Crash">
/// Where and why, for <see cref="StopReason.Crash"/> and <see cref="StopReason.Signal"/>; where it was, for <see cref="StopReason.Deadline"/>.
/// </param>
/// <param name="Statistics">What KVM counted during the run; null where this kernel has no statistics.</param>
/// <param name="Elapsed">Time on the host, from before the first KVM_RUN to after the last.</param>
/// <param name="UsageBefore">What the vCPU's thread had used before the run.</param>
/// <param name="UsageAfter">What it had used after.</param>
public sealed record MachineStop(
    StopReason Reason,
    uint Status,
    CrashReport? Crash,
    StatisticsDelta? Statistics,
    TimeSpan Elapsed,
    ThreadUsage UsageBefore,
    ThreadUsage UsageAfter);
