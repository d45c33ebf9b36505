// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys gather.</summary>
internal static class GatherCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        Argument<string[]> words = new("FILE")
        {
            Description = "What kvmsys bench --json wrote, called as its host is; or HOST=FILE. Of a host there may be several.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> skipBad = new("--skip-bad") { Description = "Leave out what is no bench, and say so; without it nothing is written then." };
        FleetOptions options = new();
        Command command = new("gather", "Compare the benches of many hosts: what each CPU model costs.") { words };
        options.AddTo(command);
        command.Options.Add(skipBad);
        command.SetAction(parsed =>
        {
            using FleetFiles files = options.Prepare(parsed);
            GatherInput[] inputs = [.. parsed.GetValue(words)!.Select(GatherInput.Parse)];
            files.Write(options.Compare(Read(inputs, parsed.GetValue(skipBad)), parsed));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Reads the files, all of them, and tells of each that is no bench what is wrong with it.</summary>
    /// <exception cref="CommandFailedException">One is none, and was not to be left out; or all are.</exception>
    private static List<(string Host, BenchDocument Bench)> Read(GatherInput[] inputs, bool skipBad)
    {
        RefuseTwice(inputs);
        List<(string Host, BenchDocument Bench)> benches = [];
        foreach (GatherInput input in inputs)
        {
            try
            {
                benches.Add((input.Host, BenchFile.Read(input.Path)));
            }
            catch (CommandFailedException exception)
            {
                StandardStream.WriteMessage($"kvmsys: {(skipBad ? "left out: " : "")}{exception.Message}\n");
            }
        }

        int bad = inputs.Length - benches.Count;
        return bad == 0 || (skipBad && benches.Count > 0)
            ? benches
            : throw new CommandFailedException(
                ExitCode.Usage,
                $"{bad} of {inputs.Length} files cannot be used, and nothing was written. Cure: {(benches.Count > 0 ? "name the others alone, or say --skip-bad" : "name what kvmsys bench --json wrote")}.");
    }

    private static void RefuseTwice(GatherInput[] inputs)
    {
        if (inputs.GroupBy(input => Path.GetFullPath(input.Path.Length > 0 ? input.Path : ".")).FirstOrDefault(file => file.Count() > 1) is IGrouping<string, GatherInput> same)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{Shown.OneLine(same.First().Path)} is named {same.Count()} times, and would count as often. Cure: name each file once.");
        }
    }
}
