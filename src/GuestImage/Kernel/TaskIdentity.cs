// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>What the guest's one process is told of itself.</summary>
/// <param name="Pid">getpid, and with one thread gettid.</param>
/// <param name="ParentPid">getppid.</param>
/// <param name="Uid">getuid and geteuid.</param>
/// <param name="Gid">getgid and getegid.</param>
public readonly record struct TaskIdentity(uint Pid, uint ParentPid, uint Uid, uint Gid)
{
    /// <summary>A process identifier that no register holds by chance, so that the right answer proves that the kernel gave it.</summary>
    /// <param name="seed">Decides which.</param>
    public static uint PidOf(int seed)
    {
        const int first = 1000;
        const int pidMax = 32768;
        return (uint)new Random(seed).Next(first, pidMax);
    }
}
