// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor;

/// <summary>What kvmsys tells its caller by its exit status.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Something became slower, and the caller wanted to be told so.</summary>
    public const int Regression = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>There is no usable /dev/kvm.</summary>
    public const int NoKvm = 3;

    /// <summary>This KVM cannot run the guest: it emulates, or lacks a feature.</summary>
    public const int CannotRunGuest = 4;

    /// <summary>So much had to be discarded that what is left is not to be trusted.</summary>
    public const int Unstable = 5;

    /// <summary>A job came to its end without a result.</summary>
    public const int JobFailed = 6;

    /// <summary>No daemon answers, or not as one does.</summary>
    public const int NoDaemon = 69;

    /// <summary>A fault of kvmsys itself.</summary>
    public const int InternalFault = 70;

    /// <summary>The system refused memory or another resource.</summary>
    public const int NoResources = 71;

    /// <summary>The results could not be written.</summary>
    public const int CannotWrite = 74;

    /// <summary>The guest took longer than it was given.</summary>
    public const int TimeOut = 124;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;

    /// <summary>Asked to end: 128 + SIGTERM.</summary>
    public const int Terminated = 143;
}
