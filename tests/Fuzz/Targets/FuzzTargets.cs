// SPDX-License-Identifier: MIT

namespace Kvmsys.Fuzz.Targets;

/// <summary>All targets. A new one is a class and a line here, and files in a folder of its name under corpus.</summary>
internal static class FuzzTargets
{
    /// <summary>Every target.</summary>
    public static IReadOnlyList<IFuzzTarget> All { get; } = [new ElfTarget(), new SyscallTarget(), new BenchTarget()];
}
