// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using System.Net.Sockets;
using Kvmsys.Guest.Elf;
using Kvmsys.Monitor.Debugging;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys run.</summary>
internal static class RunCommand
{
    private const int SignalBase = 128;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        ProgramOptions options = new();
        Command command = new("run", "Run a static i386 Linux program on the guest's kernel. Its status is the command's; 128+N when signal N ended it.");
        Option<string?> gdb = new("--gdb")
        {
            Description = "Wait for GDB before the first instruction: at a port of 127.0.0.1 (0: a free one), or at a socket that is made at PATH.",
            HelpName = "PORT|PATH",
        };
        command.Options.Add(gdb);
        options.AddTo(command);
        command.SetAction(parsed => parsed.GetValue(gdb) is string where ? Debug(parsed, options, where) : Run(parsed, options));
        return command;
    }

    /// <summary>What the end of a program means for the command.</summary>
    /// <param name="program">The program.</param>
    /// <param name="stop">How it ended.</param>
    /// <param name="device">KVM's device, to find out why a guest may not run on it.</param>
    /// <returns>The exit status.</returns>
    /// <exception cref="CommandFailedException">It did not come to an end of its own.</exception>
    public static int StatusOf(LinuxMachine program, MachineStop stop, string device)
    {
        const int statusMask = 0xff;
        switch (stop.Reason)
        {
            case StopReason.Exit:
                return (int)(stop.Status & statusMask);
            case StopReason.Signal when program.EndedFromOutside:
                return SignalBase + program.FatalSignal;
            case StopReason.Signal:
                StandardStream.WriteMessage($"kvmsys: {Signals.NameOf(program.FatalSignal)} ended the program. {stop.Crash}");
                return SignalBase + program.FatalSignal;
            case StopReason.Debugger:
                return SignalBase + Signals.Kill;
            case StopReason.Cancelled:
                return ExitCode.Interrupted;
            case StopReason.Deadline:
                throw new CommandFailedException(
                    ExitCode.TimeOut,
                    string.Create(CultureInfo.InvariantCulture, $"the program was still running after {stop.Elapsed.TotalSeconds:N0} s. Cure: give it more with --timeout. {stop.Crash}"));
            default:
                KvmAccess.CheckGuest(device, HostEnvironment.Read());
                throw new CommandFailedException(ExitCode.CannotRunGuest, $"the guest cannot go on. {stop.Crash}");
        }
    }

    private static int Run(ParseResult parsed, ProgramOptions options)
    {
        ElfExecutable executable = options.ReadExecutable(parsed);
        ProcessOptions process = options.ProcessOf(parsed);
        string device = parsed.GetValue(options.Device)!;
        using Kvm kvm = KvmAccess.Open(device);
        using LinuxMachine program = ProgramLoading.Load(kvm, options.CpuidOf(parsed, kvm), executable, process);
        using SignalForwarding forwarding = new(program);
        int status = StatusOf(program, program.Run(options.TimeOf(parsed), CancellationToken.None), device);
        JobChild.Current?.TellEnd(status);
        return status;
    }

    private static int Debug(ParseResult parsed, ProgramOptions options, string where)
    {
        ElfExecutable executable = options.ReadExecutable(parsed);
        ProcessOptions process = options.ProcessOf(parsed);
        string device = parsed.GetValue(options.Device)!;
        using GdbEndpoint endpoint = Open(where);
        using Kvm kvm = KvmAccess.OpenForGuest(device, HostEnvironment.Read());
        using Interruption interruption = new();
        using LinuxMachine program = ProgramLoading.Load(kvm, options.CpuidOf(parsed, kvm), executable, process);
        StandardStream.WriteMessage($"kvmsys: the program waits for GDB: gdb {Quoted(process.FileName)} -ex {Quoted($"target remote {endpoint.Name}")}\n");
        Socket client;
        try
        {
            client = endpoint.Accept(interruption.Token);
        }
        catch (OperationCanceledException)
        {
            return interruption.ExitCode;
        }

        using GdbConnection connection = new(client, interruption.Token);
        GdbSession session = new(program, connection);
        MachineStop stop = program.Run(options.TimeOf(parsed), interruption.Token);
        session.End(stop);
        if (session.IsLost)
        {
            StandardStream.WriteMessage("kvmsys: GDB has gone away without detaching, and the program is ended\n");
        }

        return StatusOf(program, stop, device);
    }

    private static GdbEndpoint Open(string where)
    {
        try
        {
            return GdbEndpoint.Open(where);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(
                ExitCode.Usage,
                $"--gdb {Shown.OneLine(where)}: {Shown.Reason(exception)}. Cure: a port that nobody uses, or a path where nothing is yet.");
        }
    }

    /// <summary>A word for a shell.</summary>
    private static string Quoted(string word) => word.All(c => char.IsAsciiLetterOrDigit(c) || "/._-+:@%".Contains(c, StringComparison.Ordinal))
        ? Shown.OneLine(word)
        : $"'{Shown.OneLine(word.Replace("'", "'\\''", StringComparison.Ordinal))}'";
}
