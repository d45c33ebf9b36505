// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>The CPU's exceptions (SDM Vol. 3, table 6-1).</summary>
internal static class ExceptionVector
{
    public const uint Df = 8;
    public const uint Gp = 13;
    public const uint Pf = 14;

    private static readonly (string Mnemonic, string Name)[] Table =
    [
        ("#DE", "divide error"), ("#DB", "debug exception"), ("NMI", "non-maskable interrupt"), ("#BP", "breakpoint"),
        ("#OF", "overflow"), ("#BR", "BOUND range exceeded"), ("#UD", "invalid opcode"), ("#NM", "no math coprocessor"),
        ("#DF", "double fault"), ("vector 9", "coprocessor segment overrun"), ("#TS", "invalid TSS"), ("#NP", "segment not present"),
        ("#SS", "stack-segment fault"), ("#GP", "general protection"), ("#PF", "page fault"), ("vector 15", "reserved"),
        ("#MF", "x87 error"), ("#AC", "alignment check"), ("#MC", "machine check"), ("#XM", "SIMD error"),
        ("#VE", "virtualization exception"), ("#CP", "control protection"),
    ];

    /// <summary>For example "#GP (general protection)".</summary>
    public static string Describe(uint vector) => vector < Table.Length ? $"{Table[vector].Mnemonic} ({Table[vector].Name})" : $"vector {vector}";

    /// <summary>Whether the error code is a selector: #TS, #NP, #SS, #GP (SDM Vol. 3, 6.13).</summary>
    public static bool HasSelectorErrorCode(uint vector) => vector is >= 10 and <= 13;
}
