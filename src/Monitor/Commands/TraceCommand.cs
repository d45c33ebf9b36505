// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text;
using Kvmsys.Guest.Elf;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Tracing;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys trace.</summary>
internal static class TraceCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        ProgramOptions options = new();
        Option<long?> limit = new("--limit", "-n")
        {
            Description = "End the trace and the program after that many instructions.",
            HelpName = "N",
            CustomParser = result => CommonOptions.ParseNumber(result, 1L, long.MaxValue),
        };
        Option<bool> user = new("--user", "-u") { Description = "Show the program's own instructions only, and where it enters the kernel." };
        Option<string?> output = new("--output", "-o") { Description = "Write the trace to a file, not to standard error.", HelpName = "FILE" };
        Command command = new("trace", "Run a static i386 Linux program as run does, and show each instruction: the program's, the vsyscall page's and the kernel's.");
        foreach (Option option in new Option[] { limit, user, output })
        {
            command.Options.Add(option);
        }

        options.AddTo(command);
        command.SetAction(parsed => Trace(
            parsed,
            options,
            new TraceOptions { Limit = parsed.GetValue(limit), UserOnly = parsed.GetValue(user) },
            parsed.GetValue(output)));
        return command;
    }

    private static int Trace(ParseResult parsed, ProgramOptions options, TraceOptions traceOptions, string? outputPath)
    {
        ElfExecutable executable = options.ReadExecutable(parsed);
        ProcessOptions process = options.ProcessOf(parsed);
        using FileStream? output = outputPath is null ? null : Create(outputPath);
        using Kvm kvm = KvmAccess.OpenForGuest(parsed.GetValue(options.Device)!, HostEnvironment.Read());
        using Interruption interruption = new();
        using LinuxMachine program = ProgramLoading.Load(kvm, options.CpuidOf(parsed, kvm), executable, process);
        InstructionTrace trace = new(program, traceOptions, output is null ? StandardStream.WriteMessage : text => Write(output, text));
        MachineStop stop = program.Run(options.TimeOf(parsed), interruption.Token);
        trace.Finish();
        return stop.Reason == StopReason.Debugger ? ExitCode.Done : RunCommand.StatusOf(program, stop, parsed.GetValue(options.Device)!);
    }

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--output {Shown.OneLine(path)}: {exception.Message}");
        }
    }

    private static void Write(FileStream output, string text)
    {
        try
        {
            output.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException exception)
        {
            throw new CommandFailedException(ExitCode.CannotWrite, $"the trace cannot be written: {exception.Message}. Cure: keep its disk from being full.");
        }
    }
}
