// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Farm.Broker;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm init: the folder that a farm's server is set up by.</summary>
internal static class FarmInitCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "init";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string?> folder = FarmCommand.Folder();
        Option<BrokerAddress?> listen = new("--listen")
        {
            Description = "Where the server listens; at 127.0.0.1:4222, with TLS at 0.0.0.0:4222, when not given.",
            HelpName = "ADDRESS:PORT",
            CustomParser = result =>
            {
                BrokerAddress? address = BrokerAddress.Parse(result.Tokens[0].Value);
                if (address is null)
                {
                    result.AddError($"--listen {Shown.OneLine(result.Tokens[0].Value)}: {BrokerAddress.Expected} is needed.");
                }

                return address;
            },
        };
        Option<string?> tls = new("--tls")
        {
            Description = "Speak TLS, with a certificate that is made for these names and addresses of this host, and an issuer of the farm's own.",
            HelpName = "NAME[,ADDRESS...]",
        };
        Option<string?> certificate = new("--tls-certificate") { Description = "Speak TLS, with this certificate (PEM, and those that lead to its issuer).", HelpName = "FILE" };
        Option<string?> key = new("--tls-key") { Description = "The certificate's private key (PEM).", HelpName = "FILE" };
        Option<string?> store = new("--store") { Description = "The folder of the server's streams.", HelpName = "FOLDER" };
        Option<int?> hosts = FarmCommand.Hosts($"Hosts that may be let in without a new start of the server; {FarmDocument.UsualHosts} when not given.");
        Option<BrokerVersion?> version = FarmCommand.ServerVersion();
        Command command = new(Name, "Set a farm's NATS server up: its configuration, the controller's key and, with --tls, certificates; and tell what to do next.")
        {
            folder, listen, tls, certificate, key, store, hosts, version,
        };
        command.SetAction(parsed => FarmCommand.With(parsed.GetValue(folder), farm =>
        {
            BrokerTls? own = Own(parsed.GetValue(certificate), parsed.GetValue(key));
            string? names = parsed.GetValue(tls);
            if (names is not null && own is not null)
            {
                throw BrokerException.Refusal("--tls makes a certificate, and --tls-certificate has one", "leave one of them out");
            }

            bool speaksTls = names is not null || own is not null;
            FarmSetup setup = new()
            {
                Listen = parsed.GetValue(listen) ?? BrokerAddress.Parse($"{(speaksTls ? "0.0.0.0" : "127.0.0.1")}:{BrokerAddress.DefaultPort}")!,
                Store = parsed.GetValue(store) is string path ? Path.GetFullPath(path) : parsed.GetValue(folder) is null ? FarmCommand.StreamFolder() : null,
                Hosts = parsed.GetValue(hosts) ?? FarmDocument.UsualHosts,
                ServerVersion = parsed.GetValue(version) ?? BrokerVersion.OfHost(Environment.GetEnvironmentVariable("PATH")),
                TlsNames = names?.Split(','),
                OwnTls = own,
            };
            FarmDocument made = farm.Create(setup, TimeProvider.System);
            StandardStream.WriteResults(NextSteps(farm, made, setup.Listen));
        }));
        return command;
    }

    private static BrokerTls? Own(string? certificate, string? key) => (certificate, key) switch
    {
        (null, null) => null,
        ({ Length: > 0 }, { Length: > 0 }) => new() { Certificate = Path.GetFullPath(certificate), Key = Path.GetFullPath(key) },
        _ => throw BrokerException.Refusal("a certificate and its key belong together", "give both --tls-certificate and --tls-key"),
    };

    private static string NextSteps(FarmFolder farm, FarmDocument made, BrokerAddress listen)
    {
        string issuer = made.Tls?.Issuer is string path ? $" --ca {FarmCommand.Quoted(path)}" : "";
        string issuerOnHost = made.Tls?.Issuer is string file ? $" --ca {Path.GetFileName(file)}" : "";
        string url = listen.UrlOf(made.Tls?.Name, made.Tls is not null);
        return $"""
            The farm is set up in {farm.Location}, whose owner runs its server.

            1. Start the server:
                 nats-server -c {FarmCommand.Quoted(farm.ConfigurationPath)}
            2. Make a key on each host, where it stays:
                 kvmsys farm key create
            3. Let each of them in, here, by the line that this has shown:
                 kvmsys farm key add HOST --public U... --cpu KEY{(IsUsual(farm) ? "" : $" --folder {FarmCommand.Quoted(farm.Location)}")}
            4. Tell the server; under systemd by systemctl reload, too:
                 {FarmCommand.ReloadOf(farm)}
            5. Start the controller, here:
                 kvmsys farm controller --broker {url} --key {FarmCommand.Quoted(farm.ControllerKeyPath)}{issuer}
            6. Start the agent on each host{(issuer.Length == 0 ? "" : $", where a copy of {Path.GetFileName(made.Tls!.Issuer)} is")}:
                 kvmsys farm agent --broker {url} --host HOST --key FILE{issuerOnHost}

            """;
    }

    private static bool IsUsual(FarmFolder farm) => farm.Location == FarmCommand.InConfiguration("farm", "--folder");
}
