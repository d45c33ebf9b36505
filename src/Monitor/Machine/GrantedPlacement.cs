// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>What the host granted a vCPU's thread.</summary>
/// <param name="Cpu">The CPU that it stays on; null when nothing was asked.</param>
/// <param name="Fifo">Whether it runs before every ordinary thread (SCHED_FIFO).</param>
/// <param name="HugePages">Whether huge pages were asked for the guest's memory; the kernel may have none.</param>
/// <param name="Locked">Whether the guest's memory stays in RAM (mlock).</param>
public readonly record struct GrantedPlacement(int? Cpu, bool Fifo, bool HugePages, bool Locked)
{
    /// <summary>Bytes of the guest's memory that are in huge pages; null when the kernel does not tell, and of a process.</summary>
    public long? HugePageBytes { get; init; }
}
