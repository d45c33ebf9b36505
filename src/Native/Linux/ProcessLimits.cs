// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>What the kernel does with this process when something is too much, or somebody has gone.</summary>
public static unsafe class ProcessLimits
{
    /// <summary>How willingly the kernel ends this process where memory is short: as the first.</summary>
    private const string FirstToGo = "1000";

    /// <summary>
    /// Has the kernel kill this process when the thread ends that has started it: prctl(2), PR_SET_PDEATHSIG. One whose parent has gone before that
    /// is not killed.
    /// </summary>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public static void DieWithParent()
    {
        const int sigkill = 9;
        if (Libc.Prctl(Libc.PrSetPdeathsig, sigkill) != 0)
        {
            throw new KvmException("prctl(PR_SET_PDEATHSIG)", Libc.LastErrno);
        }
    }

    /// <summary>Limits the memory that this process may write and that is nobody else's: setrlimit(2), RLIMIT_DATA. What is only reserved does not count.</summary>
    /// <param name="bytes">The limit in bytes.</param>
    /// <exception cref="KvmException">It is above the one that there is.</exception>
    public static void LimitMemory(ulong bytes)
    {
        Libc.Rlimit limit = new() { RlimCur = bytes, RlimMax = bytes };

        // SAFETY: the pointer is to a local that outlives the call.
        if (Libc.Setrlimit(Libc.RlimitData, &limit) != 0)
        {
            throw new KvmException("setrlimit(RLIMIT_DATA)", Libc.LastErrno, $"{bytes} bytes");
        }
    }

    /// <summary>Has the kernel end this process before others where memory is short: /proc/self/oom_score_adj.</summary>
    /// <exception cref="IOException">There is no /proc.</exception>
    public static void GoFirstWithoutMemory() => File.WriteAllText("/proc/self/oom_score_adj", FirstToGo);

    /// <summary>The process that has started this one: getppid(2).</summary>
    public static int Parent => Libc.Getppid();
}
