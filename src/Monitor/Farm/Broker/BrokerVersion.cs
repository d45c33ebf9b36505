// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>Which nats-server it is, as far as its configuration depends on that.</summary>
/// <param name="Major">The first number.</param>
/// <param name="Minor">The second.</param>
internal readonly partial record struct BrokerVersion(int Major, int Minor)
{
    private const string Program = "nats-server";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The first that can be told to sync each message to the disk.</summary>
    public static BrokerVersion FirstWithSyncInterval { get; } = new(2, 10);

    /// <summary>Whether it can be told to sync each message to the disk; one that cannot refuses a configuration that says so.</summary>
    public bool HasSyncInterval => (Major, Minor).CompareTo((FirstWithSyncInterval.Major, FirstWithSyncInterval.Minor)) >= 0;

    /// <summary>Reads a version.</summary>
    /// <param name="text">2.11, 2.11.4, v2.11.4 or what --version says.</param>
    /// <returns>The version; null when it is none.</returns>
    public static BrokerVersion? Parse(string text) => Written().Match(text) is { Success: true } match
        ? new(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture))
        : null;

    /// <summary>Asks the nats-server of this host.</summary>
    /// <param name="searchPath">Folders, separated by colons: PATH.</param>
    /// <returns>Its version; null when there is none, or it does not say.</returns>
    public static BrokerVersion? OfHost(string? searchPath)
    {
        // A user's PATH often lacks the folders of the programs that an administrator starts.
        string? program = $"{searchPath}:/usr/local/sbin:/usr/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists);
        if (program is null)
        {
            return null;
        }

        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                return null;
            }

            // Since 2.0 it says so on standard output, before on standard error.
            return Parse($"{output.Result}{error.Result}".Trim());
        }
        catch (Exception exception) when (exception is Win32Exception or IOException)
        {
            // A file that is no program, or that this user may not run. Which version it is then is not known, and server.conf says so.
            return null;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    [GeneratedRegex(@"\A(?:nats-server: )?v?([0-9]{1,4})\.([0-9]{1,4})(?:[.-][0-9A-Za-z.+-]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Written();
}
