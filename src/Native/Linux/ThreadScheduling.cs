// SPDX-License-Identifier: MIT

using System.Numerics;

namespace Kvmsys.Native.Linux;

/// <summary>Where and how the calling thread is scheduled: sched_setaffinity(2), sched_setscheduler(2), getrusage(2).</summary>
public static unsafe class ThreadScheduling
{
    // As many CPUs as Linux can be built for (CONFIG_NR_CPUS).
    private const int MaxCpus = 8192;
    private const int WordBits = 64;

    /// <summary>The CPUs that the calling thread may run on, in order.</summary>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public static IReadOnlyList<int> AllowedCpus
    {
        get
        {
            ulong* set = stackalloc ulong[MaxCpus / WordBits];

            // SAFETY: the kernel writes at most as many bytes as it is told.
            int size = Libc.SchedGetaffinity(0, MaxCpus / 8, set);
            if (size < 0)
            {
                throw new KvmException("sched_getaffinity", Libc.LastErrno, "the calling thread");
            }

            List<int> cpus = [];
            for (int word = 0; word < MaxCpus / WordBits; word++)
            {
                for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
                {
                    cpus.Add((word * WordBits) + BitOperations.TrailingZeroCount(bits));
                }
            }

            return cpus;
        }
    }

    /// <summary>What the calling thread has used so far.</summary>
    public static ThreadUsage Usage
    {
        get
        {
            Libc.Rusage usage = default;

            // SAFETY: the pointer is to a local that outlives the call, which cannot fail with these arguments.
            _ = Libc.Getrusage(Libc.RusageThread, &usage);
            return new(Libc.SchedGetcpu(), usage.RuNvcsw, usage.RuNivcsw, usage.RuMinflt + usage.RuMajflt);
        }
    }

    /// <summary>Keeps the calling thread on one CPU.</summary>
    /// <exception cref="KvmException">There is no such CPU, or the thread may not use it.</exception>
    public static void PinTo(int cpu)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cpu);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(cpu, MaxCpus);
        ulong* set = stackalloc ulong[MaxCpus / WordBits];
        new Span<ulong>(set, MaxCpus / WordBits).Clear();
        set[cpu / WordBits] = 1UL << (cpu % WordBits);

        // SAFETY: the set has as many bytes as are told.
        if (Libc.SchedSetaffinity(0, MaxCpus / 8, set) != 0)
        {
            throw new KvmException("sched_setaffinity", Libc.LastErrno, $"CPU {cpu}");
        }
    }

    /// <summary>Lets the calling thread run before every ordinary one (SCHED_FIFO, the lowest of its priorities), if the user may.</summary>
    public static bool TrySetFifo()
    {
        int lowest = 1;

        // SAFETY: struct sched_param is one int, and the pointer is to a local that outlives the call.
        return Libc.SchedSetscheduler(0, Libc.SchedFifo, &lowest) == 0;
    }
}
