// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Machine;

/// <summary>Where a thread runs that is measured, so that as little as possible disturbs it.</summary>
/// <param name="Cpu">The host's CPU that it stays on.</param>
public sealed record VcpuPlacement(int Cpu)
{
    /// <summary>What the host would grant a guest of some memory, tried on a thread that then ends.</summary>
    /// <param name="memorySize">Bytes of the guest's memory.</param>
    /// <exception cref="KvmException">The CPU is not there for this process, or the memory is exhausted.</exception>
    public GrantedPlacement Try(uint memorySize)
    {
        using MemoryMapping memory = MemoryMapping.Anonymous(memorySize);
        using VcpuThread thread = new();
        GrantedPlacement granted = default;
        thread.Invoke(() => granted = Apply(memory));
        return granted;
    }

    /// <summary>Pins the calling thread, gives it precedence, and keeps the guest's memory in RAM, each as far as the user may.</summary>
    /// <exception cref="KvmException">The CPU is not there for this process.</exception>
    internal GrantedPlacement Apply(MemoryMapping memory) =>
        ApplyToThread() with { HugePages = memory.TryUseHugePages(), Locked = memory.TryLock() };

    /// <summary>Pins the calling thread and gives it precedence, as far as the user may; a process that it starts inherits both.</summary>
    /// <exception cref="KvmException">The CPU is not there for this process.</exception>
    internal GrantedPlacement ApplyToThread()
    {
        ThreadScheduling.PinTo(Cpu);
        return new(Cpu, Fifo: ThreadScheduling.TrySetFifo(), HugePages: false, Locked: false);
    }
}
