// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon;

namespace Kvmsys.Monitor.Commands;

/// <summary>What kvmsys farm agent and kvmsys farm controller can be told alike.</summary>
internal sealed class FarmOptions
{
    private readonly Option<string?> _configuration = new("--config") { Description = "A JSON file with settings; docs/DAEMON.md has them all.", HelpName = "FILE" };
    private readonly Option<string?> _broker = new("--broker") { Description = "The farm's NATS server: nats://HOST:PORT or tls://HOST:PORT; several of a cluster, with commas between.", HelpName = "URL" };
    private readonly Option<string?> _key = new("--key") { Description = "The file with the key that the server knows this one by.", HelpName = "FILE" };
    private readonly Option<string?> _ca = new("--ca") { Description = "The certificate that the server's is to lead to; those that this host trusts when not given.", HelpName = "FILE" };
    private readonly Option<string?> _state = new("--state") { Description = "The folder of the database.", HelpName = "FOLDER" };

    private readonly Option<string[]> _listen = new("--listen")
    {
        Description = "Where to listen: unix:PATH, http://127.0.0.1:PORT or, with a certificate, https://ADDRESS:PORT; several of them too.",
        HelpName = "WHERE",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _printUnit = new("--print-unit") { Description = "Write a unit file for systemd, and do nothing else." };

    /// <summary>Makes them options of a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="unit">Its unit file.</param>
    /// <param name="run">Runs it; returns the exit status.</param>
    public void AddTo(Command command, UnitFile unit, Func<ParseResult, int> run)
    {
        foreach (Option option in (Option[])[_broker, _key, _ca, _configuration, _listen, _state, _printUnit])
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            if (!parsed.GetValue(_printUnit))
            {
                return run(parsed);
            }

            StandardStream.WriteResults(unit.Text(Environment.ProcessPath!));
            return ExitCode.Done;
        });
    }

    /// <summary>The settings of a member.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="role">Where it has its jobs made.</param>
    /// <param name="takeOthers">Takes what else the command line says.</param>
    /// <exception cref="CommandFailedException">Something is wrong in them: all of it is told.</exception>
    public DaemonSettings SettingsOf(ParseResult parsed, DaemonRole role, Action<DaemonConfiguration> takeOthers) => DaemonCommand.SettingsOf(
        parsed.GetValue(_configuration),
        settings =>
        {
            settings.TakeOption("farmBroker", parsed.GetValue(_broker) is string broker ? [broker] : null, _broker.Name);
            settings.TakeOption("farmKeyFile", PathOf(parsed, _key), _key.Name);
            settings.TakeOption("farmCaFile", PathOf(parsed, _ca), _ca.Name);
            settings.TakeOption("stateFolder", PathOf(parsed, _state), _state.Name);
            settings.TakeOption("listen", parsed.GetValue(_listen), _listen.Name);
            takeOthers(settings);
        },
        role);

    private static string[]? PathOf(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is string path ? [Path.GetFullPath(path)] : null;
}
