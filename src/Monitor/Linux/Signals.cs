// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>Numbers of i386's signals, and what happens when a program does not care (signal(7)).</summary>
internal static class Signals
{
    /// <summary>Highest number.</summary>
    public const int Max = 64;

    /// <summary>SIGRTMIN, as the kernel has it: from here on signals are queued.</summary>
    public const int FirstRealTime = 32;

    /// <summary>SIGILL.</summary>
    public const int Ill = 4;

    /// <summary>SIGTRAP.</summary>
    public const int Trap = 5;

    /// <summary>SIGBUS.</summary>
    public const int Bus = 7;

    /// <summary>SIGFPE.</summary>
    public const int Fpe = 8;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGSEGV.</summary>
    public const int Segv = 11;

    /// <summary>SIGPIPE.</summary>
    public const int Pipe = 13;

    /// <summary>SIGALRM.</summary>
    public const int Alarm = 14;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    /// <summary>SIGSYS.</summary>
    public const int Sys = 31;

    // SIGCHLD, SIGCONT, SIGURG, SIGWINCH are ignored; SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU stop.
    private const ulong IgnoredByDefault = 1UL << 17 - 1 | 1UL << 18 - 1 | 1UL << 23 - 1 | 1UL << 28 - 1;
    private const ulong StopsByDefault = 1UL << 19 - 1 | 1UL << 20 - 1 | 1UL << 21 - 1 | 1UL << 22 - 1;

    private static readonly string[] Names =
    [
        "0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2",
        "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
        "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    /// <summary>SIGKILL and SIGSTOP cannot be caught, ignored or blocked.</summary>
    public static ulong Unblockable => Bit(Kill) | Bit(Stop);

    /// <summary>Those that an instruction can cause.</summary>
    public static ulong Synchronous => Bit(Segv) | Bit(Bus) | Bit(Ill) | Bit(Trap) | Bit(Fpe) | Bit(Sys);

    /// <summary>A signal's place in a set.</summary>
    public static ulong Bit(int signal) => 1UL << (signal - 1);

    /// <summary>Whether nothing happens when the program has not said what shall.</summary>
    public static bool IsIgnoredByDefault(int signal) => (IgnoredByDefault & Bit(signal)) != 0;

    /// <summary>Whether it stops the program, until it is told to continue.</summary>
    public static bool StopsProgram(int signal) => (StopsByDefault & Bit(signal)) != 0;

    /// <summary>A signal's name.</summary>
    public static string NameOf(int signal) => signal < Names.Length ? Names[signal] : $"SIGRTMIN+{signal - 32}";
}
