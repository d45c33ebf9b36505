// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>What the kernel has counted for a thread since it began: getrusage(2), RUSAGE_THREAD.</summary>
/// <param name="Cpu">The CPU that the thread is on: sched_getcpu(3).</param>
/// <param name="VoluntarySwitches">Times that it gave up the CPU to wait.</param>
/// <param name="InvoluntarySwitches">Times that another thread took the CPU from it.</param>
/// <param name="PageFaults">Page faults, with and without I/O.</param>
public readonly record struct ThreadUsage(int Cpu, long VoluntarySwitches, long InvoluntarySwitches, long PageFaults);
