// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;

namespace Kvmsys.Monitor.Commands;

/// <summary>--html and --svg: a bench as a page and as a chart, each in a file of its own.</summary>
internal sealed class PageOptions
{
    private readonly Option<string?> _html = FileOption("--html", "Write a page for a browser to a file, in one piece; - is standard output.");
    private readonly Option<string?> _svg = FileOption("--svg", "Write the costs as bars, an SVG, to a file; - is standard output.");

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="writesResults">What of a command line writes results to standard output, so that a page cannot be there too; null for nothing.</param>
    public void AddTo(Command command, Func<CommandResult, string?> writesResults)
    {
        command.Options.Add(_html);
        command.Options.Add(_svg);
        command.Validators.Add(result =>
        {
            string? html = PathIn(result, _html);
            string? svg = PathIn(result, _svg);
            string[] toStandardOutput =
            [
                .. writesResults(result) is string format ? [format] : Array.Empty<string>(),
                .. html == OutputFile.StandardOutput ? ["--html -"] : Array.Empty<string>(),
                .. svg == OutputFile.StandardOutput ? ["--svg -"] : Array.Empty<string>(),
            ];
            if (toStandardOutput.Length > 1)
            {
                result.AddError($"{string.Join(" and ", toStandardOutput)} exclude each other.");
            }
            else if (html?.Length == 0 || svg?.Length == 0)
            {
                result.AddError($"{(html?.Length == 0 ? _html.Name : _svg.Name)} '': a file's name is needed.");
            }
            else if (html is not null && svg is not null && html != OutputFile.StandardOutput && Path.GetFullPath(html) == Path.GetFullPath(svg))
            {
                result.AddError($"--html and --svg are both {Shown.OneLine(html)}.");
            }
        });
    }

    /// <summary>Whether a command line has one of them.</summary>
    public bool AreIn(CommandResult result) => result.GetResult(_html) is not null || result.GetResult(_svg) is not null;

    /// <summary>Makes sure that the files can be written.</summary>
    /// <exception cref="CommandFailedException">One cannot.</exception>
    public PageFiles Prepare(ParseResult parsed)
    {
        OutputFile? html = Prepare(parsed, _html);
        try
        {
            return new PageFiles(html, Prepare(parsed, _svg));
        }
        catch
        {
            html?.Dispose();
            throw;
        }
    }

    // An option without its value has none to be got, and is refused for that.
    private static string? PathIn(CommandResult result, Option<string?> option) => result.GetResult(option) is { Tokens: [Token path, ..] } ? path.Value : null;

    private static OutputFile? Prepare(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is string path ? OutputFile.Prepare(option.Name, path) : null;

    private static Option<string?> FileOption(string name, string description) => new(name) { Description = description, HelpName = "FILE" };
}
