// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys compare.</summary>
internal static class CompareCommand
{
    private const string InHistory = "history:";
    private const double MostPercent = 1000;
    private const double MostCycles = 1e9;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Argument<string> before = new("BASE") { Description = "What kvmsys bench --json wrote before, or history:ID for a bench of the history." };
        Argument<string> after = new("NEW") { Description = "What it wrote afterwards." };
        Option<double> percent = Threshold("--threshold-percent", "A change of this part of the base's cost does not matter.", "PERCENT", MostPercent);
        Option<double> cycles = Threshold("--threshold-cycles", "Nor does a change of so many core cycles.", "CYCLES", MostCycles);
        Option<bool> differentHosts = new("--different-hosts") { Description = "Compare what is from two CPUs, or from bare metal and a virtual machine." };
        Option<bool> fail = new("--fail-on-regression") { Description = "Exit with 1 when anything is found slower." };
        Option<string?> history = BenchHistory.Option();
        Option<bool> json = CommonOptions.Json();
        Command command = new("compare", "Compare two benches: what became slower or faster, and how sure that is.")
        {
            before, after, percent, cycles, differentHosts, fail, history, json,
        };
        command.SetAction(parsed =>
        {
            BenchComparison comparison = Compare(
                Read(parsed.GetValue(before)!, parsed.GetValue(history)),
                Read(parsed.GetValue(after)!, parsed.GetValue(history)),
                parsed.GetValue(percent),
                parsed.GetValue(cycles),
                parsed.GetValue(differentHosts));
            Report(comparison, parsed.GetValue(json));
            return parsed.GetValue(fail) && comparison.Slower.Any() ? throw Regression(comparison) : ExitCode.Done;
        });
        return command;
    }

    /// <summary>Compares two benches, where that makes sense.</summary>
    /// <param name="before">The old one.</param>
    /// <param name="after">The new one.</param>
    /// <param name="percent">A change of so many per cent of the old cost does not matter.</param>
    /// <param name="cycles">Nor does a change of so many core cycles.</param>
    /// <param name="differentHosts">Whether they may be from different hosts.</param>
    /// <exception cref="CommandFailedException">It makes none.</exception>
    public static BenchComparison Compare(BenchDocument before, BenchDocument after, double percent, double cycles, bool differentHosts)
    {
        if (BenchComparison.ObjectionTo(before, after, differentHosts, "--different-hosts") is (string reason, string cure))
        {
            throw new CommandFailedException(ExitCode.Usage, $"{reason}. Cure: {cure}.");
        }

        return BenchComparison.Of(before, after, percent / 100, cycles);
    }

    private static BenchDocument Read(string name, string? history)
    {
        if (!name.StartsWith(InHistory, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(InHistory.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long id))
        {
            return BenchFile.Read(name);
        }

        try
        {
            return BenchHistory.Read(history, id, out _);
        }
        catch (HistoryException exception)
        {
            throw new CommandFailedException(ExitCode.Usage, exception.Message);
        }
    }

    private static void Report(BenchComparison comparison, bool json)
    {
        if (json)
        {
            Terminal.WriteJson(CompareDocument.Of(comparison), KvmsysJson.Default.CompareDocument);
        }
        else
        {
            Terminal.Write(CompareTable.Render(comparison));
        }
    }

    private static CommandFailedException Regression(BenchComparison comparison) => new(
        ExitCode.Regression,
        $"regression: {string.Join(", ", comparison.Slower.Select(result => result.Name))} became slower. Cure: find what changed; both benches name their host's kernel, microcode and KVM.");

    private static Option<double> Threshold(string name, string description, string unit, double most) => new(name)
    {
        Description = description,
        HelpName = unit,
        DefaultValueFactory = _ => 1,
        CustomParser = result => ParseThreshold(result, most),
    };

    private static double ParseThreshold(ArgumentResult result, double most)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value <= most)
        {
            return value;
        }

        string option = (result.Parent as OptionResult)?.IdentifierToken?.Value ?? "";
        result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option} {text}: a number from 0 to {most} is needed."));
        return default;
    }
}
