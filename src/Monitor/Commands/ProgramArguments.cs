// SPDX-License-Identifier: MIT

using System.CommandLine;

namespace Kvmsys.Monitor.Commands;

/// <summary>Tells the arguments of a program from those of kvmsys: what comes behind the program's name is the program's.</summary>
internal static class ProgramArguments
{
    private const string Separator = "--";

    /// <summary>Puts "--" before the program's name, where the command is one that takes a program.</summary>
    public static string[] Separate(string[] arguments, RootCommand root)
    {
        Command? command = arguments.Length > 0 ? root.Subcommands.FirstOrDefault(command => command.Name == arguments[0]) : null;
        if (command is null || command.Arguments.Count == 0)
        {
            return arguments;
        }

        for (int i = 1; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            if (argument == Separator)
            {
                return arguments;
            }

            if (!argument.StartsWith('-') || argument.Length == 1)
            {
                return [.. arguments[..i], Separator, .. arguments[i..]];
            }

            // An option with a value of its own behind it.
            Option? option = command.Options.FirstOrDefault(option => option.Name == argument || option.Aliases.Contains(argument));
            if (option is { Arity.MinimumNumberOfValues: > 0 })
            {
                i++;
            }
        }

        return arguments;
    }
}
