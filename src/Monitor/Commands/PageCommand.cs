// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys page.</summary>
internal static class PageCommand
{
    /// <summary>The verb that writes the bytes.</summary>
    public const string Dump = "dump";

    /// <summary>The verb that disassembles.</summary>
    public const string Disassemble = "disasm";

    /// <summary>The verb that lists the symbols.</summary>
    public const string Symbols = "symbols";

    /// <summary>The command.</summary>
    public static Command Create() => new("page", "Look at the vsyscall page as a program sees it: it copies the 4096 bytes at 0xffffe000, in the guest, and writes them.")
    {
        CreateDump(),
        CreateDisassemble(),
        CreateSymbols(),
    };

    private static Command CreateDump()
    {
        Options options = new();
        Option<bool> hex = new("--hex") { Description = "Write a hexdump with virtual addresses, for people." };
        Option<string?> output = new("--output", "-o") { Description = "Write to this file, not to standard output.", HelpName = "FILE" };
        Command command = new(Dump, "Write the page's bytes: a shared object, for file, readelf and objdump.") { hex, output };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(output);
            bool isText = parsed.GetValue(hex);
            if (file is null && !isText && FileDescriptor.IsTerminal(FileDescriptor.StandardOutput))
            {
                throw new CommandFailedException(
                    ExitCode.Usage,
                    "standard output is a terminal, and the page is no text. Cure: kvmsys page dump > page.so, or --hex to look at it.");
            }

            PageReport page = options.ReadPage(parsed);
            byte[] bytes = isText ? System.Text.Encoding.ASCII.GetBytes(page.Hexdump) : page.Bytes.ToArray();
            if (file is null)
            {
                StandardStream.WriteResults(bytes);
            }
            else
            {
                WriteFile(file, bytes);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateDisassemble()
    {
        Options options = new();
        Command command = new(Disassemble, "Show the page's code as objdump -d does.");
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            StandardStream.WriteResults(options.ReadPage(parsed).Disassembly);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateSymbols()
    {
        Options options = new();
        Option<bool> json = CommonOptions.Json();
        Command command = new(Symbols, "List the page's symbols: the entry points, and the version that they belong to.") { json };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            PageReport page = options.ReadPage(parsed);
            if (parsed.GetValue(json))
            {
                Terminal.WriteJson(PageSymbolsDocument.Of(page, HostEnvironment.Read().Version), KvmsysJson.Default.PageSymbolsDocument);
            }
            else
            {
                Terminal.Write(PageSymbolsTable.Render(page));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteFile(string path, byte[] bytes)
    {
        try
        {
            File.WriteAllBytes(path, bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.CannotWrite, $"{Shown.OneLine(path)} cannot be written: {Shown.OneLine(exception.Message)}");
        }
    }

    /// <summary>The options of every verb, and the page that comes of them.</summary>
    private sealed class Options
    {
        private readonly Option<string?> _mechanism = CommonOptions.Mechanism();
        private readonly Option<string?> _cpuid = CommonOptions.Cpuid();
        private readonly Option<int?> _seed = CommonOptions.Seed();
        private readonly Option<int> _timeout = CommonOptions.Timeout();
        private readonly Option<string> _device = CommonOptions.Device();

        public void AddTo(Command command)
        {
            foreach (Option option in new Option[] { _mechanism, _cpuid, _seed, _timeout, _device })
            {
                command.Options.Add(option);
            }
        }

        public PageReport ReadPage(ParseResult parsed)
        {
            using Kvm kvm = KvmAccess.OpenForGuest(parsed.GetValue(_device)!, HostEnvironment.Read());
            using Interruption interruption = new();
            GuestCpuid cpuid = CommonOptions.CpuidOf(parsed.GetValue(_cpuid), kvm);
            VsyscallVariant? variant = CommonOptions.VariantOf(parsed.GetValue(_mechanism));
            CommonOptions.CheckVariant(variant, cpuid);
            ArticlePrograms programs = new(
                kvm,
                cpuid,
                CommonOptions.SeedOrRandom(parsed.GetValue(_seed)),
                variant,
                TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
                interruption.Token);
            try
            {
                return Report(programs.DumpPage());
            }
            catch (GuestStoppedException exception)
            {
                throw KvmAccess.Explain(exception, interruption, cure: "give it more with --timeout");
            }
        }
    }

    /// <summary>What was dumped, as a report.</summary>
    /// <exception cref="CommandFailedException">It is not the page.</exception>
    public static PageReport Report(ProgramOutput dump)
    {
        try
        {
            return new PageReport(dump.Bytes, dump.Guest);
        }
        catch (ElfFormatException exception)
        {
            throw new CommandFailedException(ExitCode.InternalFault, $"the program in the guest wrote {dump.Bytes.Length} bytes: {exception.Message}");
        }
    }
}
