// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// What an exception leaves on the kernel's stack for the monitor to read: the registers in the order of <see cref="PtRegs"/>, the vector,
/// and the CPU's own frame. ESP and SS are there only when the exception came from ring 3.
/// </summary>
/// <remarks>
/// The 64-bit kernel leaves the same, made of the low halves, and always with ESP and SS, which the CPU pushes whatever the ring was. R8 to R15
/// are still in the registers when the monitor is told.
/// </remarks>
public static class FaultFrame
{
    /// <summary>Registers up to ES lie as in <see cref="PtRegs"/>; then the vector.</summary>
    public const int Vector = 0x24;

    /// <summary>In place of a page fault's vector: the monitor has mapped the page, and the instruction may be tried again.</summary>
    public const uint Handled = uint.MaxValue;

    /// <summary>The CPU's error code, or 0 for an exception that has none.</summary>
    public const int ErrorCode = 0x28;

    /// <summary>EIP.</summary>
    public const int Eip = 0x2c;

    /// <summary>CS.</summary>
    public const int Cs = 0x30;

    /// <summary>EFLAGS.</summary>
    public const int Eflags = 0x34;

    /// <summary>The user's ESP.</summary>
    public const int Esp = 0x38;

    /// <summary>The user's SS.</summary>
    public const int Ss = 0x3c;

    /// <summary>Bytes of the frame with ESP and SS.</summary>
    public const int Size = 0x40;
}
