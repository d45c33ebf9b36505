// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Numbers of model-specific registers (SDM Vol. 4, table 2-2).</summary>
public static class Msr
{
    /// <summary>IA32_SYSENTER_CS: SYSENTER loads it into CS, and it plus 8 into SS; SYSEXIT takes it plus 16 and plus 24.</summary>
    public const uint SysenterCs = 0x174;

    /// <summary>IA32_SYSENTER_ESP: stack pointer after SYSENTER.</summary>
    public const uint SysenterEsp = 0x175;

    /// <summary>IA32_SYSENTER_EIP: where SYSENTER goes.</summary>
    public const uint SysenterEip = 0x176;

    /// <summary>The register's name, or its number.</summary>
    public static string NameOf(uint index) => index switch
    {
        SysenterCs => "SYSENTER_CS",
        SysenterEsp => "SYSENTER_ESP",
        SysenterEip => "SYSENTER_EIP",
        _ => $"MSR 0x{index:x}",
    };
}
