// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Paging;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Commands;

/// <summary>What the commands that run a program of the user's are given, and the program that comes of it.</summary>
internal sealed class ProgramOptions
{
    private const uint MiB = 1 << 20;

    private readonly Argument<string> _file = new("FILE") { Description = "A static i386 program: gcc -m32 -static." };
    private readonly Argument<string[]> _arguments = new("ARGS") { Description = "Its arguments.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<uint> _memory = new("--memory", "-m")
    {
        Description = "Guest memory in MiB, rounded up to a multiple of 4; the host gives only what is touched.",
        HelpName = "MIB",
        DefaultValueFactory = _ => ProcessOptions.DefaultMemorySize / MiB,
        CustomParser = result => CommonOptions.ParseNumber(result, I386GuestOptions.MinMemorySize / MiB, I386GuestOptions.MaxMemorySize / MiB),
    };

    private readonly Option<string[]> _environment = new("--env", "-e")
    {
        Description = "A variable of its environment, which is empty else; a NAME alone takes the value that kvmsys has.",
        HelpName = "NAME[=VALUE]",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string[]> _readOnly = new("--ro")
    {
        Description = "Let it read files below this folder, under the same path. It can open no other.",
        HelpName = "DIR",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string[]> _fixmap = new("--fixmap")
    {
        Description = "Map a file's bytes as the next page or pages below the vsyscall page: the first at 0xffffd000.",
        HelpName = "NAME=FILE",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _mechanism = CommonOptions.Mechanism();
    private readonly Option<string?> _cpuid = CommonOptions.Cpuid();
    private readonly Option<int?> _seed = CommonOptions.Seed();

    /// <summary>--device.</summary>
    public Option<string> Device { get; } = CommonOptions.Device();

    /// <summary>--timeout.</summary>
    public Option<int?> Timeout { get; } = CommonOptions.ProgramTimeout();

    /// <summary>Adds everything to a command.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_file);
        command.Arguments.Add(_arguments);
        foreach (Option option in new Option[] { Timeout, _memory, _environment, _readOnly, _fixmap, _mechanism, _cpuid, _seed, Device })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>How long the program may run.</summary>
    public TimeSpan TimeOf(ParseResult parsed) => parsed.GetValue(Timeout) is int seconds ? TimeSpan.FromSeconds(seconds) : VirtualMachine.MaxTime;

    /// <summary>The CPU's table, as the options want it.</summary>
    public GuestCpuid CpuidOf(ParseResult parsed, Native.Kvm kvm) => CommonOptions.CpuidOf(parsed.GetValue(_cpuid), kvm);

    /// <summary>Reads the program.</summary>
    /// <exception cref="CommandFailedException">It cannot be read, or is none that can run.</exception>
    public ElfExecutable ReadExecutable(ParseResult parsed)
    {
        string path = parsed.GetValue(_file)!;

        // An option that there is not stands where the program is looked for.
        if (path.StartsWith('-') && !File.Exists(path))
        {
            throw new CommandFailedException(
                ExitCode.Usage, $"{Shown.OneLine(path)} is no option and no file here. Cure: see kvmsys {parsed.CommandResult.Command.Name} --help");
        }

        byte[] file = InputFile.Read(path, "program", MemorySizeOf(parsed));
        try
        {
            return ElfExecutable.Parse(file, MemorySizeOf(parsed));
        }
        catch (ElfFormatException exception)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{Shown.OneLine(path)}: {exception.Message}");
        }
    }

    /// <summary>How the program is run.</summary>
    /// <exception cref="CommandFailedException">An option names what is not there.</exception>
    public ProcessOptions ProcessOf(ParseResult parsed)
    {
        string path = parsed.GetValue(_file)!;
        return new ProcessOptions
        {
            FileName = path,
            FullPath = Path.GetFullPath(path),
            Arguments = ProgramArguments.Bytes(parsed.GetValue(_arguments) ?? []),
            Environment = [.. (parsed.GetValue(_environment) ?? []).Select(Variable).OfType<string>()],
            ReadOnlyFolders = [.. (parsed.GetValue(_readOnly) ?? []).Select(Folder)],
            WorkingDirectory = Directory.GetCurrentDirectory(),
            MemorySize = MemorySizeOf(parsed),
            Vsyscall = CommonOptions.VariantOf(parsed.GetValue(_mechanism)),
            Fixmap = [.. (parsed.GetValue(_fixmap) ?? []).Select(FixmapOf)],
            Seed = CommonOptions.SeedOrRandom(parsed.GetValue(_seed)),
            Warn = message => StandardStream.WriteMessage($"kvmsys: {message}\n"),
        };
    }

    private static string? Variable(string given)
    {
        if (given.Contains('=', StringComparison.Ordinal))
        {
            return given[0] != '=' ? given : throw new CommandFailedException(ExitCode.Usage, $"--env {Shown.OneLine(given)}: NAME=VALUE or NAME is needed.");
        }

        return Environment.GetEnvironmentVariable(given) is string value ? $"{given}={value}" : null;
    }

    private static string Folder(string given) => Directory.Exists(given)
        ? given
        : throw new CommandFailedException(ExitCode.Usage, $"--ro {Shown.OneLine(given)}: there is no such folder.");

    private static FixmapContents FixmapOf(string given)
    {
        int separator = given.IndexOf('=', StringComparison.Ordinal);
        if (separator <= 0 || separator == given.Length - 1)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--fixmap {Shown.OneLine(given)}: NAME=FILE is needed.");
        }

        const uint most = (uint)(Fixmap.Last - Fixmap.Vsyscall) * PageTableBuilder.PageSize;
        return new FixmapContents(given[..separator], InputFile.Read(given[(separator + 1)..], "file of --fixmap", most));
    }

    private uint MemorySizeOf(ParseResult parsed)
    {
        uint size = parsed.GetValue(_memory) * MiB;
        uint largePage = PagingMode.ThirtyTwoBit.LargePageSize;
        return (size + largePage - 1) & ~(largePage - 1);
    }
}
