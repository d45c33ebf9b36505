// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Host;
using Spectre.Console;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm key: whom a farm's server lets in.</summary>
internal static class FarmKeyCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "key";

    private const string AgentKeyName = "agent.nk";

    /// <summary>The command.</summary>
    public static Command Create() => new(Name, "Make a host's key, and let hosts into a farm by their public ones.")
    {
        CreateCreate(), CreateAdd(), CreateRevoke(), CreateList(),
    };

    private static Command CreateCreate()
    {
        Option<string?> file = new("--file")
        {
            Description = $"Where it is to be; /etc/kvmsys/{AgentKeyName} for root, $XDG_CONFIG_HOME/kvmsys/{AgentKeyName} or ~/.config/kvmsys/{AgentKeyName} for others, when not given.",
            HelpName = "FILE",
        };
        Command command = new("create", "On a host: make its key, which stays there, and show what the farm is told of it.") { file };
        command.SetAction(parsed => FarmCommand.Explained(() =>
        {
            string path = Path.GetFullPath(parsed.GetValue(file) ?? Prepared(FarmCommand.InConfiguration(AgentKeyName, file.Name)));
            string cpuKey = FarmNames.CpuKey(HostEnvironment.Read());
            FarmKey key = FarmKey.Create();
            key.Write(path);
            string host = Environment.MachineName.Split('.')[0].ToLowerInvariant();
            StandardStream.WriteResults($"""
                key         {Shown.OneLine(path)}
                public key  {key.PublicKey}
                CPU key     {cpuKey}

                Where the farm was set up:
                  kvmsys farm key add {(FarmNames.IsHost(host) && host != FarmDocument.ControllerName ? host : "HOST")} --public {key.PublicKey} --cpu {cpuKey}

                """);
        }));
        return command;

        static string Prepared(string path)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return path;
        }
    }

    private static Command CreateAdd()
    {
        Option<string?> folder = FarmCommand.Folder();
        Argument<string> host = Host($"What it is to be called: {FarmNames.ExpectedHost}.");
        Option<string> publicKey = new("--public") { Description = "Its public key, as kvmsys farm key create has shown it.", HelpName = "U...", Required = true };
        Option<string> cpuKey = new("--cpu") { Description = "Its CPU key, as kvmsys farm key create has shown it.", HelpName = "KEY", Required = true };
        Command command = new("add", "Let a host in.") { host, publicKey, cpuKey, folder };
        command.SetAction(parsed => FarmCommand.With(parsed.GetValue(folder), farm =>
        {
            FarmMember added = farm.Add(parsed.GetValue(host)!, parsed.GetValue(publicKey)!, parsed.GetValue(cpuKey)!, TimeProvider.System);
            StandardStream.WriteMessage($"kvmsys: {added.Name} is let in when the server has read that: {FarmCommand.ReloadOf(farm)}\n");
        }));
        return command;
    }

    private static Command CreateRevoke()
    {
        Option<string?> folder = FarmCommand.Folder();
        Argument<string> host = Host("Which it is.");
        Command command = new("revoke", "Let a host in no more.") { host, folder };
        command.SetAction(parsed => FarmCommand.With(parsed.GetValue(folder), farm =>
        {
            farm.Revoke(parsed.GetValue(host)!);
            StandardStream.WriteMessage($"kvmsys: {parsed.GetValue(host)} is let in until the server has read that, and then no more: {FarmCommand.ReloadOf(farm)}\n");
        }));
        return command;
    }

    private static Command CreateList()
    {
        Option<string?> folder = FarmCommand.Folder();
        Option<bool> json = CommonOptions.Json();
        Command command = new("list", "List whom the server lets in.") { folder, json };
        command.SetAction(parsed => FarmCommand.With(parsed.GetValue(folder), farm =>
        {
            FarmKeyListDocument list = new([.. farm.Read().Members.OrderBy(member => member.Name, StringComparer.Ordinal)]);
            if (parsed.GetValue(json))
            {
                Terminal.WriteJson(list, FarmFolderJson.Default.FarmKeyListDocument);
                return;
            }

            Table table = new Table().RoundedBorder().AddColumns("name", "role", "CPU key", "since", "public key");
            foreach (FarmMember member in list.Keys)
            {
                table.AddRow(
                    new Text(member.Name), new Text(member.Role == FarmRole.Controller ? "controller" : "host"), new Text(member.CpuKey ?? ""),
                    new Text(member.AddedAt.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), new Text(member.PublicKey));
            }

            Terminal.Write(table);
        }));
        return command;
    }

    private static Argument<string> Host(string description) => new("HOST") { Description = description };
}
