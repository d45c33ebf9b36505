// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text;

namespace Kvmsys.Monitor.Commands;

/// <summary>Tells the arguments of a program from those of kvmsys: what comes behind the program's name is the program's.</summary>
internal static class ProgramArguments
{
    private const string Separator = "--";

    /// <summary>Puts "--" before the program's name, where the command is one that takes a program and whatever comes behind it.</summary>
    public static string[] Separate(string[] arguments, RootCommand root)
    {
        Command? command = arguments.Length > 0 ? root.Subcommands.FirstOrDefault(command => command.Name == arguments[0]) : null;
        if (command is null || !command.Arguments.Any(argument => argument.Arity is { MinimumNumberOfValues: 0, MaximumNumberOfValues: > 1 }))
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

    /// <summary>The last arguments of this process as they were given: as text they have lost what is no UTF-8, and the kernel has it still.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Bytes(string[] arguments)
    {
        List<ReadOnlyMemory<byte>> given = [];
        ReadOnlyMemory<byte> rest = File.ReadAllBytes("/proc/self/cmdline");
        while (rest.Span.IndexOf((byte)0) is >= 0 and int end)
        {
            given.Add(rest[..end]);
            rest = rest[(end + 1)..];
        }

        int first = given.Count - arguments.Length;
        return [.. arguments.Select((text, i) => first >= 0 && Encoding.UTF8.GetString(given[first + i].Span) == text ? given[first + i] : Encoding.UTF8.GetBytes(text))];
    }
}
