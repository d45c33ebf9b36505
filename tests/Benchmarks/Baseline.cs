// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Benchmarks;

/// <summary>The same work in C: baseline.c, in a library beside this program.</summary>
internal static unsafe partial class Baseline
{
    private const string Library = "libbaseline.so";

    /// <summary>struct range of baseline.c.</summary>
    public struct Range
    {
        public ulong Address;
        public void* Bytes;
        public ulong Length;
    }

    [LibraryImport(Library, EntryPoint = "baseline_run")]
    public static partial long Run(SafeHandle vcpu, void* run, int exits, int port);

    [LibraryImport(Library, EntryPoint = "baseline_set_up")]
    public static partial int SetUp(
        SafeHandle kvm, byte* memory, ulong memorySize, Range* ranges, int rangeCount, void* cpuid, void* state, void* msrs, void* regs, void* fpu, int port, long* phases);
}
