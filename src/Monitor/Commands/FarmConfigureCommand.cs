// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Farm.Broker;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm configure: server.conf anew, for another nats-server or for more hosts.</summary>
internal static class FarmConfigureCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "configure";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string?> folder = FarmCommand.Folder();
        Option<BrokerVersion?> version = FarmCommand.ServerVersion();
        Option<int?> hosts = FarmCommand.Hosts("Hosts that there are to be accounts for; as many as before when not given.");
        Command command = new(Name, "Write server.conf anew, when nats-server has become another one, or for more hosts.") { folder, hosts, version };
        command.SetAction(parsed => FarmCommand.With(parsed.GetValue(folder), farm =>
        {
            BrokerVersion? server = parsed.GetValue(version) ?? BrokerVersion.OfHost(Environment.GetEnvironmentVariable("PATH"));
            farm.Configure(server, parsed.GetValue(hosts));
            StandardStream.WriteMessage($"kvmsys: {farm.ConfigurationPath} is for {(server is BrokerVersion known ? $"nats-server {known}" : "any nats-server")}. Start the server anew: it reads no such change while it runs.\n");
        }));
        return command;
    }
}
