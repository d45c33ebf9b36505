// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>How a command reaches a daemon.</summary>
/// <param name="what">What it is, for people.</param>
/// <param name="role">Where it has its jobs made: they listen at different places.</param>
internal sealed class DaemonAccess(string what, DaemonRole role)
{
    private const string TokenVariable = "KVMSYS_TOKEN";

    /// <summary>The option that says where it listens.</summary>
    public Option<string?> Connect { get; } = new("--connect")
    {
        Description = $"Where {what} listens: unix:PATH, https://HOST:PORT or http://127.0.0.1:PORT; its usual socket when not given. A token is taken from {TokenVariable}.",
        HelpName = "WHERE",
        Recursive = true,
    };

    /// <summary>Asks it something, and says what is wrong as a command does.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="act">Asks; returns the exit status.</param>
    /// <returns>The exit status.</returns>
    /// <exception cref="CommandFailedException">It refuses, or does not answer.</exception>
    public int With(ParseResult parsed, Func<DaemonClient, CancellationToken, Task<int>> act)
    {
        using Interruption interruption = new();
        try
        {
            using DaemonClient client = new(EndpointOf(parsed.GetValue(Connect)), Environment.GetEnvironmentVariable(TokenVariable));
            return act(client, interruption.Token).GetAwaiter().GetResult();
        }
        catch (DaemonClientException exception)
        {
            const int notFound = 404;
            int exitCode = exception.Status switch
            {
                null => ExitCode.NoDaemon,
                400 or notFound or 409 or 413 => ExitCode.Usage,
                _ => ExitCode.NoResources,
            };
            throw new CommandFailedException(exitCode, Shown.OneLine(exception.Message));
        }
        catch (AccessException exception)
        {
            throw new CommandFailedException(ExitCode.NoResources, exception.Message);
        }
        catch (OperationCanceledException)
        {
            return interruption.ExitCode;
        }
    }

    private DaemonEndpoint EndpointOf(string? given)
    {
        if (given is not null)
        {
            return DaemonEndpoint.ParseForClient(given)
                ?? throw new CommandFailedException(ExitCode.Usage, $"--connect {Shown.OneLine(given)}: unix:PATH, https://HOST:PORT or, on this host, http://127.0.0.1:PORT is needed. Cure: see --help");
        }

        // Without a folder for sockets, it is where the database is.
        DaemonSettings? defaults = DaemonConfiguration.Defaults(Environment.GetEnvironmentVariable, UserIdentity.Uid == 0, role);
        return defaults?.Listen[0]
            ?? throw new CommandFailedException(ExitCode.Usage, "there is no usual place for a daemon's socket: neither XDG_RUNTIME_DIR nor HOME has a path. Cure: say where it listens with --connect.");
    }
}
