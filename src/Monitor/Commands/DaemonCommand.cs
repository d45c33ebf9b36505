// SPDX-License-Identifier: MIT

using System.Collections;
using System.CommandLine;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys daemon.</summary>
internal static class DaemonCommand
{
    private const uint MostConfigurationBytes = 1 << 20;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string?> configuration = new("--config") { Description = "A JSON file with settings; docs/DAEMON.md has them all.", HelpName = "FILE", Recursive = true };
        Option<string[]> listen = new("--listen")
        {
            Description = "Where to listen: unix:PATH, http://127.0.0.1:PORT or, with a certificate, https://ADDRESS:PORT; several of them too.",
            HelpName = "WHERE",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string?> state = new("--state") { Description = "The folder of the database.", HelpName = "FOLDER", Recursive = true };
        Option<string?> device = new("--device") { Description = "KVM's device.", HelpName = "PATH" };
        Option<bool> printUnit = new("--print-unit") { Description = "Write a unit file for systemd, and do nothing else." };
        Command command = new("daemon", "Take jobs from people and scripts, and measure one after the other: kvmsys jobs is its client.")
        {
            configuration, listen, state, device, printUnit,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(printUnit))
            {
                StandardStream.WriteResults(UnitFile.Daemon.Text(Environment.ProcessPath!));
                return ExitCode.Done;
            }

            return Run(Settings(parsed), DaemonRole.Host);
        });
        command.Add(DaemonTokenCommand.Create(parsed => Settings(parsed).StateFolder));
        command.Add(DaemonBackupCommand.Create(parsed => Settings(parsed).StateFolder));
        return command;

        DaemonSettings Settings(ParseResult parsed) => SettingsOf(parsed.GetValue(configuration), daemon =>
        {
            daemon.TakeOption("listen", parsed.GetValue(listen), listen.Name);
            daemon.TakeOption("stateFolder", parsed.GetValue(state) is string folder ? [Path.GetFullPath(folder)] : null, state.Name);
            daemon.TakeOption("device", parsed.GetValue(device) is string path ? [path] : null, device.Name);
        }, DaemonRole.Host);
    }

    /// <summary>The settings of a daemon: of a file, of the environment, and of the command line, which stands above them.</summary>
    /// <param name="file">The file; null for none.</param>
    /// <param name="takeOptions">Takes what the command line says.</param>
    /// <param name="role">Where it has its jobs made.</param>
    /// <exception cref="CommandFailedException">Something is wrong in them: all of it is told.</exception>
    public static DaemonSettings SettingsOf(string? file, Action<DaemonConfiguration> takeOptions, DaemonRole role)
    {
        DaemonSettings defaults = DaemonConfiguration.Defaults(Environment.GetEnvironmentVariable, UserIdentity.Uid == 0, role)
            ?? throw new CommandFailedException(ExitCode.Usage, "there is no place for the daemon's database: neither XDG_STATE_HOME nor HOME has a path. Cure: name a folder with --state.");
        DaemonConfiguration configuration = new(defaults);
        if (file is not null)
        {
            configuration.TakeFile(InputFile.Read(file, "configuration", MostConfigurationBytes), file);
        }

        configuration.TakeEnvironment(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? "")));
        takeOptions(configuration);
        configuration.Check(role);
        return configuration.Objections.Count == 0
            ? configuration.Settings
            : throw new CommandFailedException(
                ExitCode.Usage, $"the daemon cannot be set so: {string.Join("; ", configuration.Objections.Select(Shown.OneLine))}. Cure: docs/DAEMON.md has all settings.");
    }

    /// <summary>Runs a daemon until it is asked to stop.</summary>
    /// <param name="settings">How it is set.</param>
    /// <param name="role">Where it has its jobs made.</param>
    /// <param name="opened">Its database, where that is open already.</param>
    /// <returns>The exit status.</returns>
    /// <exception cref="CommandFailedException">It cannot run.</exception>
    public static int Run(DaemonSettings settings, DaemonRole role, StoreDatabase? opened = null)
    {
        try
        {
            RunToItsEnd().GetAwaiter().GetResult();
            return ExitCode.Done;
        }
        catch (Exception exception) when (exception is StoreException or StoreFullException or AccessException or BrokerException)
        {
            throw new CommandFailedException(ExitCode.NoResources, exception.Message);
        }

        async Task RunToItsEnd()
        {
            await using DaemonHost daemon = DaemonHost.Create(settings, HostEnvironment.Read(), ReadBench, TimeProvider.System, role, opened);
            await daemon.Start(CancellationToken.None);
            await daemon.WaitForShutdown(CancellationToken.None);
        }
    }

    /// <summary>Waits until no daemon uses a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Whether that is so; it was cancelled otherwise.</returns>
    /// <exception cref="CommandFailedException">The folder cannot be used.</exception>
    public static bool WaitForFolder(string folder, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(folder);
            FileLock.Take(
                folder,
                holder => StandardStream.WriteMessage($"kvmsys: another one{(holder is int process ? $", process {process}," : "")} uses {Shown.OneLine(folder)}; standing by\n"),
                cancellation).Dispose();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or KvmException)
        {
            throw new CommandFailedException(ExitCode.NoResources, $"the folder {Shown.OneLine(folder)} cannot be used: {exception.Message.TrimEnd('.')}. Cure: name another folder with --state.");
        }
    }

    private static BenchDocument? ReadBench(ReadOnlyMemory<byte> json, out string? objection)
    {
        try
        {
            objection = null;
            return BenchFile.Parse(json, "of this job");
        }
        catch (CommandFailedException exception)
        {
            objection = exception.Message;
            return null;
        }
    }
}
