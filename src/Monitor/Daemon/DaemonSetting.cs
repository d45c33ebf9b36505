// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Monitor.Daemon;

/// <summary>One thing that can be set: in the configuration file under its name, in the environment, and for some on the command line.</summary>
/// <param name="Name">Its name in the file, for example stateFolder.</param>
/// <param name="Expected">What its value has to be, for people.</param>
/// <param name="Meaning">What it does, for people.</param>
/// <param name="Apply">Sets it; null when the values are none for it. What is no list has one.</param>
internal sealed record DaemonSetting(string Name, string Expected, string Meaning, Func<DaemonSettings, IReadOnlyList<string>, DaemonSettings?> Apply)
{
    private const string EnvironmentPrefix = "KVMSYS_DAEMON_";
    private const int MostWebhooks = 10;

    /// <summary>Everything that can be set.</summary>
    public static IReadOnlyList<DaemonSetting> All { get; } =
    [
        new(
            "listen",
            "a list of unix:PATH, http://ADDRESS:PORT and https://ADDRESS:PORT",
            "where it listens",
            (settings, values) => values.Count > 0 && values.Select(DaemonEndpoint.Parse).ToArray() is var endpoints && Array.TrueForAll(endpoints, endpoint => endpoint is not null)
                ? settings with { Listen = endpoints! }
                : null),
        Text("stateFolder", "the absolute path of a folder", "where its database is", (settings, value) => Path.IsPathRooted(value) ? settings with { StateFolder = value } : null),
        Text("tlsCertificate", "the absolute path of a file", "the certificate for https:// addresses, with those that lead to its issuer, PEM", (settings, value) => Path.IsPathRooted(value) ? settings with { TlsCertificate = value } : null),
        Text("tlsKey", "the absolute path of a file", "the certificate's private key, PEM", (settings, value) => Path.IsPathRooted(value) ? settings with { TlsKey = value } : null),
        Text("device", "the path of a device", "KVM's device", (settings, value) => value.Length > 0 ? settings with { Device = value } : null),
        Number("deadlineSeconds", 1, Jobs.JobRequest.LongestDeadlineSeconds, "seconds that an attempt may take where its job does not say", (settings, value) => settings with { DeadlineSeconds = value }),
        Number("maxAttempts", 1, Jobs.JobRequest.MostAttempts, "attempts of a job that does not say how many", (settings, value) => settings with { MaxAttempts = value }),
        Number("jobMemoryMebibytes", 64, 1 << 20, "the most memory that a job's process may write, in MiB", (settings, value) => settings with { JobMemoryMebibytes = value }),
        Number("longestQueue", 1, 1_000_000, "jobs that may wait", (settings, value) => settings with { LongestQueue = value }),
        Number("largestBodyMebibytes", 1, 256, "the largest body of a request, in MiB", (settings, value) => settings with { LargestBodyMebibytes = value }),
        Number("requestsPerSecond", 1, 1_000_000, "requests of one client in a second, over a while", (settings, value) => settings with { RequestsPerSecond = value }),
        Number("keepDays", 1, 36_500, "days that documents and logs are kept; figures are kept for ever", (settings, value) => settings with { KeepDays = value }),
        new(
            "webhooks",
            $"a list of at most {MostWebhooks} http:// and https:// URLs",
            "whom to tell what has happened",
            (settings, values) => values.Count <= MostWebhooks && values.All(IsUrl) ? settings with { Webhooks = values } : null),
        new(
            "webhookEvents",
            $"a list of {string.Join(", ", Jobs.EventKinds.All.Where(CanBeTold))}",
            "what to tell them",
            (settings, values) => values.Count > 0 && values.All(value => CanBeTold(value) && Jobs.EventKinds.All.Contains(value)) ? settings with { WebhookEvents = values } : null),
        Text("webhookSecretFile", "the absolute path of a file", "the secret that they know the daemon by", (settings, value) => Path.IsPathRooted(value) ? settings with { WebhookSecretFile = value } : null),
        new(
            "farmBroker",
            "one or several nats:// and tls:// URLs of a server and its port, with commas between",
            "the NATS server of the farm that it belongs to",
            (settings, values) => values is [string value] && value.Split(',').All(IsBroker) ? settings with { FarmBroker = value } : null),
        Text("farmHost", FarmNames.ExpectedHost, "what this host is called in the farm", (settings, value) => FarmNames.IsHost(value) ? settings with { FarmHost = value } : null),
        Text("farmKeyFile", "the absolute path of a file", "the key that the farm's server knows it by", (settings, value) => Path.IsPathRooted(value) ? settings with { FarmKeyFile = value } : null),
        Text("farmCaFile", "the absolute path of a file", "the certificate that the farm's server's is to lead to, PEM", (settings, value) => Path.IsPathRooted(value) ? settings with { FarmCaFile = value } : null),
        Number("farmAckWaitSeconds", 2, 3600, "of a controller: seconds that a host which has a job may say nothing of it, until another one gets it", (settings, value) => settings with { FarmAckWaitSeconds = value }),
        Number("farmReconcileSeconds", 1, 3600, "of a controller: seconds between two looks whether every job is where a host gets it", (settings, value) => settings with { FarmReconcileSeconds = value }),
        Number("farmReplicas", 1, 5, "of a controller: servers of a NATS cluster that keep a copy each", (settings, value) => settings with { FarmReplicas = value }),
        Text("farmLedger", PostgresAddress.Expected, "of a controller: the PostgreSQL database that has the ledger, instead of one in the state folder", (settings, value) => PostgresAddress.TryParse(value, out PostgresAddress? ledger) ? settings with { FarmLedger = ledger } : null),
        Number("farmQuietPercent", 1, 100, "how busy its CPUs may be, in percent, for it to take a job of the farm", (settings, value) => settings with { FarmQuietPercent = value }),
        Number("stopSeconds", 1, 3600, "seconds that a job may go on when the daemon is asked to stop", (settings, value) => settings with { StopSeconds = value }),
    ];

    /// <summary>Its name in the environment, for example KVMSYS_DAEMON_STATE_FOLDER.</summary>
    public string Variable => EnvironmentPrefix + string.Concat(Name.Select(c => char.IsAsciiLetterUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString()));

    /// <summary>Whether a variable of the environment is meant for the daemon.</summary>
    public static bool IsVariable(string name) => name.StartsWith(EnvironmentPrefix, StringComparison.Ordinal);

    private static bool IsUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.UserInfo.Length == 0;

    private static bool IsBroker(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url is { Scheme: "nats" or "tls", UserInfo: "", PathAndQuery: "" or "/", Host.Length: > 0 };

    // Each that was given up would be one more to tell.
    private static bool CanBeTold(string kind) => kind != Jobs.EventKinds.WebhookGivenUp;

    private static DaemonSetting Text(string name, string expected, string meaning, Func<DaemonSettings, string, DaemonSettings?> apply) =>
        new(name, expected, meaning, (settings, values) => values is [string value] ? apply(settings, value) : null);

    private static DaemonSetting Number(string name, int least, int most, string meaning, Func<DaemonSettings, int, DaemonSettings> apply) => Text(
        name,
        $"a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}",
        meaning,
        (settings, value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? apply(settings, number) : null);
}
