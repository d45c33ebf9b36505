// SPDX-License-Identifier: MIT

using System.Runtime.Intrinsics.X86;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Host;

/// <summary>Which of its two kinds of core a CPU of a hybrid Intel processor is: they share family and model, and little else.</summary>
public static class HybridCore
{
    /// <summary>A performance core, by Linux's name for it (the PMU cpu_core).</summary>
    public const string Core = "core";

    /// <summary>An efficient core, by Linux's name for it (the PMU cpu_atom).</summary>
    public const string Atom = "atom";

    // SDM Vol. 2, CPUID: leaf 7, EDX bit 15 says that the processor is hybrid; leaf 0x1A, EAX bits 31 to 24 which kind this core is.
    private const int ExtendedFeatureLeaf = 7;
    private const int HybridBit = 15;
    private const int CoreTypeLeaf = 0x1a;
    private const int CoreTypeShift = 24;

    /// <summary>Asks one CPU; null when the processor is not hybrid, or this process may not run there.</summary>
    public static string? Read(int cpu)
    {
        if (X86Base.CpuId(0, 0).Eax < CoreTypeLeaf || (X86Base.CpuId(ExtendedFeatureLeaf, 0).Edx >> HybridBit & 1) == 0)
        {
            return null;
        }

        string? type = null;
        using VcpuThread thread = new();
        try
        {
            thread.Invoke(() =>
            {
                ThreadScheduling.PinTo(cpu);
                type = TypeOf(X86Base.CpuId(CoreTypeLeaf, 0).Eax);
            });
        }
        catch (KvmException)
        {
            // Whoever measures there will be told.
        }

        return type;
    }

    /// <summary>What leaf 0x1A's EAX says; null when it is neither kind.</summary>
    public static string? TypeOf(int eax) => ((uint)eax >> CoreTypeShift) switch
    {
        0x20 => Atom,
        0x40 => Core,
        _ => null,
    };
}
