// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Numbers of model-specific registers (SDM Vol. 4, table 2-2).</summary>
public static class Msr
{
    /// <summary>IA32_TIME_STAMP_COUNTER: what RDTSC reads.</summary>
    public const uint TimeStampCounter = 0x10;

    /// <summary>IA32_SPEC_CTRL: bit 0 is IBRS.</summary>
    public const uint SpecCtrl = 0x48;

    /// <summary>IA32_PRED_CMD: a write of bit 0 is an indirect branch predictor barrier.</summary>
    public const uint PredCmd = 0x49;

    /// <summary>IA32_SYSENTER_CS: SYSENTER loads it into CS, and it plus 8 into SS; SYSEXIT takes it plus 16 and plus 24.</summary>
    public const uint SysenterCs = 0x174;

    /// <summary>IA32_SYSENTER_ESP: stack pointer after SYSENTER.</summary>
    public const uint SysenterEsp = 0x175;

    /// <summary>IA32_SYSENTER_EIP: where SYSENTER goes.</summary>
    public const uint SysenterEip = 0x176;

    /// <summary>IA32_FRED_RSP0: where the stack begins on which an event out of ring 3 is delivered; a multiple of 64.</summary>
    public const uint FredRsp0 = 0x1cc;

    /// <summary>IA32_FRED_STKLVLS: the stack level of each exception's vector, two bits each.</summary>
    public const uint FredStackLevels = 0x1d0;

    /// <summary>IA32_FRED_CONFIG: the page where events enter the kernel, in bits 63 to 12; in the others the stack level, and the red zone's size.</summary>
    public const uint FredConfig = 0x1d4;

    /// <summary>
    /// IA32_STAR: SYSCALL's code segment in bits 47 to 32, and it plus 8 for SS; SYSRET's in bits 63 to 48 for 32-bit code, plus 16 for 64-bit
    /// code, and plus 8 for SS. In AMD's legacy mode the low half is where SYSCALL goes.
    /// </summary>
    public const uint Star = 0xc0000081;

    /// <summary>IA32_LSTAR: where SYSCALL goes from 64-bit mode.</summary>
    public const uint Lstar = 0xc0000082;

    /// <summary>CSTAR: where SYSCALL goes from compatibility mode, on AMD.</summary>
    public const uint Cstar = 0xc0000083;

    /// <summary>IA32_FMASK: the flags that SYSCALL clears, except in AMD's legacy mode.</summary>
    public const uint Fmask = 0xc0000084;

    /// <summary>The register's name, or its number.</summary>
    public static string NameOf(uint index) => index switch
    {
        TimeStampCounter => "TIME_STAMP_COUNTER",
        SpecCtrl => "SPEC_CTRL",
        PredCmd => "PRED_CMD",
        SysenterCs => "SYSENTER_CS",
        SysenterEsp => "SYSENTER_ESP",
        SysenterEip => "SYSENTER_EIP",
        FredRsp0 => "FRED_RSP0",
        FredStackLevels => "FRED_STKLVLS",
        FredConfig => "FRED_CONFIG",
        Star => "STAR",
        Lstar => "LSTAR",
        Cstar => "CSTAR",
        Fmask => "FMASK",
        _ => $"MSR 0x{index:x}",
    };
}
