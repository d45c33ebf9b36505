// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Reports.Html;

namespace Kvmsys.Monitor.Commands;

/// <summary>How many hosts' benches are compared and written, wherever they are from.</summary>
internal sealed class FleetOptions
{
    private readonly Option<string?> _base = new("--base")
    {
        Description = "A part of the name of the CPU that the others are compared with, or the name of a host that has it; the first CPU when not given.",
        HelpName = "TEXT",
    };

    private readonly Option<bool> _showEmulated = CommonOptions.ShowEmulated();
    private readonly Option<bool> _json = CommonOptions.Json();

    private readonly (Option<string?> Option, Func<FleetComparison, byte[]> Render)[] _files =
    [
        (FileOption("--csv", "Write a line for each host, mechanism and profile to a file, as comma-separated values; - is standard output."),
            comparison => Encoding.UTF8.GetBytes(FleetCsv.Render(comparison))),
        (FileOption("--html", "Write a page for a browser to a file, in one piece; - is standard output."),
            comparison => Encoding.UTF8.GetBytes(FleetPage.Render(comparison))),
        (FileOption("--parquet", "Write a row for each session to a file, as Apache Parquet; - is standard output."),
            comparison => FleetParquet.Render(comparison).GetAwaiter().GetResult()),
    ];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_base);
        command.Options.Add(_showEmulated);
        command.Options.Add(_json);
        foreach ((Option<string?> option, _) in _files)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            (string Option, string Path)[] paths =
                [.. from file in _files let tokens = result.GetResult(file.Option)?.Tokens where tokens?.Count > 0 select (file.Option.Name, tokens[0].Value)];
            string[] toStandardOutput =
            [
                .. result.GetResult(_json) is null ? Array.Empty<string>() : [_json.Name],
                .. paths.Where(path => path.Path == OutputFile.StandardOutput).Select(path => $"{path.Option} {path.Path}"),
            ];
            string[][] same =
            [
                .. paths.Where(path => path.Path.Length > 0 && path.Path != OutputFile.StandardOutput)
                    .GroupBy(path => Path.GetFullPath(path.Path), path => path.Option)
                    .Where(group => group.Count() > 1)
                    .Select(group => group.Append(group.Key).ToArray()),
            ];
            if (toStandardOutput.Length > 1)
            {
                result.AddError($"{string.Join(" and ", toStandardOutput)} exclude each other.");
            }
            else if (paths.FirstOrDefault(path => path.Path.Length == 0).Option is string empty)
            {
                result.AddError($"{empty} '': a file's name is needed.");
            }
            else if (same.Length > 0)
            {
                result.AddError($"{string.Join(" and ", same[0][..^1])} are both {Shown.OneLine(same[0][^1])}.");
            }
        });
    }

    /// <summary>Makes sure that the files can be written.</summary>
    /// <exception cref="CommandFailedException">One cannot.</exception>
    public FleetFiles Prepare(ParseResult parsed)
    {
        List<(OutputFile File, Func<FleetComparison, byte[]> Render)> files = [];
        try
        {
            foreach ((Option<string?> option, Func<FleetComparison, byte[]> render) in _files)
            {
                if (parsed.GetValue(option) is string path)
                {
                    files.Add((OutputFile.Prepare(option.Name, path), render));
                }
            }
        }
        catch
        {
            files.ForEach(file => file.File.Dispose());
            throw;
        }

        return new(parsed.GetValue(_json), files);
    }

    /// <summary>Compares benches as the command line says.</summary>
    /// <exception cref="CommandFailedException">They cannot be compared.</exception>
    public FleetComparison Compare(IReadOnlyList<(string Host, BenchDocument Bench)> benches, ParseResult parsed)
    {
        string? given = parsed.GetValue(_base);
        return FleetComparison.ObjectionTo(benches, given) is (string reason, string cure)
            ? throw new CommandFailedException(ExitCode.Usage, $"{reason}. Cure: {cure}.")
            : FleetComparison.Of(benches, given, parsed.GetValue(_showEmulated));
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { Description = description, HelpName = "FILE" };
}
