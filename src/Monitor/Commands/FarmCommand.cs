// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm: many hosts that measure for one controller, over a NATS server.</summary>
internal static class FarmCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "farm";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new(Name, "Let many hosts measure: a NATS server hands out the jobs.")
        {
            FarmInitCommand.Create(), FarmKeyCommand.Create(), FarmConfigureCommand.Create(), FarmAgentCommand.Create(), FarmControllerCommand.Create(),
        };
        foreach (Command verb in FarmClientCommands.Create())
        {
            command.Add(verb);
        }

        return command;
    }

    /// <summary>--folder: where the farm is set up.</summary>
    public static Option<string?> Folder() => new("--folder")
    {
        Description = "The farm's folder; /etc/kvmsys/farm for root, $XDG_CONFIG_HOME/kvmsys/farm or ~/.config/kvmsys/farm for others, when not given.",
        HelpName = "FOLDER",
    };

    /// <summary>--hosts: how many there may be.</summary>
    public static Option<int?> Hosts(string description) => new("--hosts")
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => CommonOptions.ParseNumber(result, 1, FarmDocument.MostHosts),
    };

    /// <summary>--server-version: which nats-server it is.</summary>
    public static Option<BrokerVersion?> ServerVersion() => new("--server-version")
    {
        Description = "Which nats-server reads server.conf; the one of this host's PATH when not given.",
        HelpName = "X.Y",
        CustomParser = result =>
        {
            BrokerVersion? version = BrokerVersion.Parse(result.Tokens[0].Value);
            if (version is null)
            {
                result.AddError($"--server-version {Shown.OneLine(result.Tokens[0].Value)}: a version is needed, for example 2.11.");
            }

            return version;
        },
    };

    /// <summary>A file or folder of kvmsys' configuration, where it is when nobody says.</summary>
    /// <param name="name">What it is called there.</param>
    /// <param name="option">The option that says otherwise, to be told.</param>
    /// <exception cref="CommandFailedException">There is no place for it.</exception>
    public static string InConfiguration(string name, string option) => Path.Combine(
        UserIdentity.Uid == 0 ? "/etc"
            : Rooted("XDG_CONFIG_HOME") is string configuration ? configuration
            : Rooted("HOME") is string home ? Path.Combine(home, ".config")
            : throw new CommandFailedException(ExitCode.Usage, $"there is no place for {name}: neither XDG_CONFIG_HOME nor HOME has a path. Cure: name one with {option}."),
        "kvmsys",
        name);

    /// <summary>The folder of a server's streams, beside a farm's folder that nobody has named.</summary>
    public static string StreamFolder() => UserIdentity.Uid == 0 ? "/var/lib/kvmsys-farm"
        : Path.Combine(Rooted("XDG_STATE_HOME") ?? Path.Combine(Rooted("HOME") ?? InConfiguration("farm", "--folder"), ".local", "state"), "kvmsys", "farm");

    /// <summary>Does something with a farm's folder.</summary>
    /// <param name="folder">Its path; null for the usual one.</param>
    /// <param name="act">Does it.</param>
    /// <returns>The exit status.</returns>
    /// <exception cref="CommandFailedException">It cannot be done.</exception>
    public static int With(string? folder, Action<FarmFolder> act) => Explained(() => act(new FarmFolder(folder ?? InConfiguration("farm", "--folder"))));

    /// <summary>Does something with farms and keys, and says what is wrong as a command does.</summary>
    /// <returns>The exit status.</returns>
    /// <exception cref="CommandFailedException">It cannot be done.</exception>
    public static int Explained(Action act)
    {
        try
        {
            act();
            return ExitCode.Done;
        }
        catch (BrokerException exception)
        {
            throw new CommandFailedException(exception.IsRefusal ? ExitCode.Usage : ExitCode.NoResources, exception.Message);
        }
        catch (AccessException exception)
        {
            throw new CommandFailedException(ExitCode.NoResources, exception.Message);
        }
    }

    /// <summary>A path as a shell takes it.</summary>
    public static string Quoted(string path) => path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or ':' or '=' or '[' or ']' or '+' or '@' or '%')
        ? path
        : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>How a server that runs is told to read its configuration anew.</summary>
    public static string ReloadOf(FarmFolder farm) => $"nats-server --signal {Quoted($"reload={farm.ProcessPath}")}";

    private static string? Rooted(string variable) => Environment.GetEnvironmentVariable(variable) is string path && Path.IsPathRooted(path) ? path : null;
}
