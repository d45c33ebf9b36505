// SPDX-License-Identifier: MIT

using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>What a system call answers in EAX: a value, or an error number negated.</summary>
/// <param name="Eax">The register.</param>
internal readonly record struct Answer(uint Eax)
{
    /// <summary>-ERESTARTSYS: a signal came first. A program never sees it.</summary>
    public static Answer Restart { get; } = -512;

    /// <summary>-ERESTARTNOHAND: the same of a call that waits for nothing but a signal's handler. It is made again unless one has run.</summary>
    public static Answer RestartUnlessHandled { get; } = -514;

    /// <summary>Whether it says that a signal came first.</summary>
    public bool IsRestart => this == Restart || this == RestartUnlessHandled;

    /// <summary>A value; one below 0 is an error number negated.</summary>
    public static implicit operator Answer(int value) => new((uint)value);

    /// <summary>A value.</summary>
    public static implicit operator Answer(uint value) => new(value);

    /// <summary>An error; none is 0.</summary>
    public static implicit operator Answer(Errno error) => new((uint)-(int)error);

    /// <summary>-EFAULT, unless what was to be written or read was.</summary>
    public static Answer FaultUnless(bool done, uint value = 0) => done ? value : Errno.EFAULT;
}
