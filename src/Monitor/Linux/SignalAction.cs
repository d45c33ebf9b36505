// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>What shall happen at a signal: struct sigaction of i386.</summary>
/// <param name="Handler">Address of the handler, or <see cref="Default"/> or <see cref="Ignore"/>.</param>
/// <param name="Flags">SA_ flags.</param>
/// <param name="Restorer">Where the handler returns to, with <see cref="HasRestorer"/>.</param>
/// <param name="Mask">Signals that are blocked while the handler runs.</param>
internal readonly record struct SignalAction(uint Handler, uint Flags, uint Restorer, ulong Mask)
{
    /// <summary>SIG_DFL.</summary>
    public const uint Default = 0;

    /// <summary>SIG_IGN.</summary>
    public const uint Ignore = 1;

    /// <summary>SA_SIGINFO: the handler gets siginfo and ucontext.</summary>
    public bool WantsInfo => (Flags & 4) != 0;

    /// <summary>SA_RESTORER.</summary>
    public bool HasRestorer => (Flags & 0x04000000) != 0;

    /// <summary>SA_ONSTACK: the handler runs on the stack that sigaltstack has set.</summary>
    public bool OnAlternateStack => (Flags & 0x08000000) != 0;

    /// <summary>SA_RESTART: a system call that the signal has interrupted is made again.</summary>
    public bool Restarts => (Flags & 0x10000000) != 0;

    /// <summary>SA_NODEFER: the signal itself is not blocked while the handler runs.</summary>
    public bool NoDefer => (Flags & 0x40000000) != 0;

    /// <summary>SA_RESETHAND: the handler is for one signal.</summary>
    public bool OneShot => (Flags & 0x80000000) != 0;
}
