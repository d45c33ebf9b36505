// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Linux;

/// <summary>Which signal Linux makes of an exception in ring 3 (arch/x86/kernel/traps.c, arch/x86/mm/fault.c: codes as of today).</summary>
internal static class ExceptionSignal
{
    private const int FpeIntegerDivision = 1;
    private const int IllegalOperand = 2;
    private const int AddressNotMapped = 1;
    private const int AccessNotAllowed = 2;
    private const int AddressAlignment = 1;
    private const int TraceTrap = 2;

    /// <summary>The signal.</summary>
    /// <param name="vector">The exception.</param>
    /// <param name="error">Its error code.</param>
    /// <param name="eip">Where it was.</param>
    /// <param name="cr2">Address of the last page fault.</param>
    /// <param name="isMapped">Whether the program has memory there.</param>
    /// <param name="vcpu">The vCPU, for what its FPU has to say.</param>
    /// <returns>Null for what no program can cause.</returns>
    public static SignalInfo? Of(uint vector, uint error, uint eip, uint cr2, bool isMapped, IVcpu vcpu)
    {
        SignalInfo? info = vector switch
        {
            0 => new(Signals.Fpe, FpeIntegerDivision) { First = eip },
            1 => new(Signals.Trap, TraceTrap) { First = eip },
            3 => SignalInfo.FromKernel(Signals.Trap),
            4 or 5 or 10 or 13 => SignalInfo.FromKernel(Signals.Segv),
            6 => new(Signals.Ill, IllegalOperand) { First = eip },
            9 => SignalInfo.FromKernel(Signals.Fpe),
            11 or 12 => SignalInfo.FromKernel(Signals.Bus),
            14 => new(Signals.Segv, isMapped ? AccessNotAllowed : AddressNotMapped) { First = cr2 },
            16 => new(Signals.Fpe, FloatingPointCode(vcpu, sse: false)) { First = eip },
            17 => new(Signals.Bus, AddressAlignment),
            19 => new(Signals.Fpe, FloatingPointCode(vcpu, sse: true)) { First = eip },
            _ => null,
        };
        // Of the kernel's addresses a program learns no more than that they are not for it.
        const uint pageFault = 14;
        const uint protection = 1;
        uint told = vector == pageFault && cr2 >= KernelLayout.PageOffset ? error | protection : error;
        return info is SignalInfo signal ? signal with { Trap = vector, Error = told, Cr2 = cr2 } : null;
    }

    /// <summary>The exception that is raised and not masked, the gravest first: fpu__exception_code.</summary>
    private static int FloatingPointCode(IVcpu vcpu, bool sse)
    {
        const int mxcsrOffset = 24;
        Span<byte> fxsave = stackalloc byte[512];
        vcpu.ReadFpu(fxsave);
        uint mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(fxsave[mxcsrOffset..]);
        uint raised = sse
            ? mxcsr & ~(mxcsr >> 7)
            : (uint)(BinaryPrimitives.ReadUInt16LittleEndian(fxsave[2..]) & ~BinaryPrimitives.ReadUInt16LittleEndian(fxsave));

        // Invalid, divide by zero, overflow, underflow or denormal, precision: FPE_FLTINV, FLTDIV, FLTOVF, FLTUND, FLTRES.
        return (raised & 0x01) != 0 ? 7
            : (raised & 0x04) != 0 ? 3
            : (raised & 0x08) != 0 ? 4
            : (raised & 0x12) != 0 ? 5
            : (raised & 0x20) != 0 ? 6
            : 0;
    }
}
