// SPDX-License-Identifier: MIT

using System.Text.Json;

namespace Kvmsys.Monitor.Daemon;

/// <summary>A daemon's settings from a file, the environment and the command line; each stands above those before it. Everything that is wrong is told at once.</summary>
internal sealed class DaemonConfiguration
{
    private readonly List<string> _objections = [];

    /// <summary>Settings of which nothing is set yet.</summary>
    /// <param name="defaults">What they are then.</param>
    public DaemonConfiguration(DaemonSettings defaults) => Settings = defaults;

    /// <summary>The settings.</summary>
    public DaemonSettings Settings { get; private set; }

    /// <summary>What is wrong, each with where it was found.</summary>
    public IReadOnlyList<string> Objections => _objections;

    /// <summary>Where a daemon is that was told nothing: under systemd where that has made room for it, else the system's places for root, and a user's own.</summary>
    /// <param name="variable">The environment.</param>
    /// <param name="isRoot">Whether the process is root's.</param>
    /// <param name="role">Where it has its jobs made: a farm's controller is somewhere else than the daemon of its host.</param>
    /// <returns>The settings; null when the environment has no home.</returns>
    public static DaemonSettings? Defaults(Func<string, string?> variable, bool isRoot, DaemonRole role = DaemonRole.Host)
    {
        string name = NameOf(role);
        string? state = Folder("STATE_DIRECTORY") ?? (isRoot ? role == DaemonRole.Host ? "/var/lib/kvmsys" : "/var/lib/kvmsys-controller"
            : Folder("XDG_STATE_HOME") is string stateHome ? Path.Combine(stateHome, "kvmsys", name)
            : Folder("HOME") is string home ? Path.Combine(home, ".local", "state", "kvmsys", name)
            : null);
        int port = role == DaemonRole.Host ? DaemonEndpoint.DefaultPort : DaemonEndpoint.DefaultControllerPort;
        return state is null ? null : new()
        {
            StateFolder = state,
            Listen = [DaemonEndpoint.OfSocket(SocketOf(variable, isRoot, role) ?? Path.Combine(state, $"{name}.sock")), DaemonEndpoint.Parse($"http://127.0.0.1:{port}")!],
        };

        // Of several, separated by colons, the first.
        string? Folder(string name) => variable(name)?.Split(':')[0] is string path && Path.IsPathRooted(path) ? path : null;
    }

    /// <summary>Where the Unix socket is of a daemon that was told nothing; null when the environment has no folder for it.</summary>
    /// <param name="variable">The environment.</param>
    /// <param name="isRoot">Whether the process is root's.</param>
    /// <param name="role">Where it has its jobs made.</param>
    public static string? SocketOf(Func<string, string?> variable, bool isRoot, DaemonRole role = DaemonRole.Host)
    {
        string name = $"{NameOf(role)}.sock";
        return variable("RUNTIME_DIRECTORY")?.Split(':')[0] is string given && Path.IsPathRooted(given) ? Path.Combine(given, name)
            : isRoot ? $"/run/kvmsys/{name}"
            : variable("XDG_RUNTIME_DIR") is string runtime && Path.IsPathRooted(runtime) ? Path.Combine(runtime, "kvmsys", name)
            : null;
    }

    /// <summary>Takes what a file says: a JSON object whose names are those of <see cref="DaemonSetting.All"/>.</summary>
    /// <param name="json">What is in it.</param>
    /// <param name="path">Its path, to be told.</param>
    public void TakeFile(ReadOnlyMemory<byte> json, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                _objections.Add($"{path}: a JSON object is needed");
                return;
            }

            HashSet<string> seen = [];
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (!seen.Add(property.Name))
                {
                    _objections.Add($"{path}: {property.Name} is there twice");
                }
                else
                {
                    Take(property.Name, ValuesOf(property.Value), $"{path}: {property.Name}");
                }
            }
        }
        catch (JsonException exception)
        {
            _objections.Add($"{path}: no JSON: {exception.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Takes what the environment says. A list's values are separated by spaces.</summary>
    public void TakeEnvironment(IEnumerable<KeyValuePair<string, string>> variables)
    {
        foreach ((string variable, string value) in variables.Where(variable => DaemonSetting.IsVariable(variable.Key)).OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            DaemonSetting? setting = DaemonSetting.All.FirstOrDefault(setting => setting.Variable == variable);
            Take(setting?.Name, value.Split(' ', StringSplitOptions.RemoveEmptyEntries), variable);
        }
    }

    /// <summary>Takes what the command line says; null for nothing.</summary>
    /// <param name="name">The setting's name.</param>
    /// <param name="values">Its values.</param>
    /// <param name="option">The option, to be told.</param>
    public void TakeOption(string name, IReadOnlyList<string>? values, string option)
    {
        if (values is { Count: > 0 })
        {
            Take(name, values, option);
        }
    }

    /// <summary>Looks at what was set, all together.</summary>
    /// <param name="role">Where it has its jobs made.</param>
    public void Check(DaemonRole role = DaemonRole.Host)
    {
        foreach (DaemonEndpoint endpoint in Settings.Listen.Where(endpoint => !endpoint.IsLocal && !endpoint.IsEncrypted))
        {
            _objections.Add($"listen: {endpoint}: whoever is on the way could read along; https://, a Unix socket or an address of this host alone (127.0.0.1) is needed");
        }

        if (Settings.Webhooks.Count > 0 && Settings.WebhookSecretFile is null)
        {
            _objections.Add("webhooks: webhookSecretFile is needed with them");
        }

        if (role == DaemonRole.Controller && Settings.FarmBroker is null)
        {
            _objections.Add("farmBroker: a controller needs it (--broker)");
        }

        if (role == DaemonRole.Host && (Settings.FarmBroker is null) != (Settings.FarmHost is null))
        {
            _objections.Add("farmBroker and farmHost: one needs the other (--broker, --host)");
        }

        if (role == DaemonRole.Host && Settings.FarmLedger is not null)
        {
            _objections.Add("farmLedger: only a farm's controller has one; a host's results are in its state folder");
        }

        bool isEncrypted = Settings.Listen.Any(endpoint => endpoint.IsEncrypted);
        if ((Settings.TlsCertificate is null) != (Settings.TlsKey is null) || (isEncrypted && Settings.TlsCertificate is null))
        {
            _objections.Add($"tlsCertificate and tlsKey: {(isEncrypted ? "an https:// address needs both" : "one needs the other")}");
        }
    }

    private static string NameOf(DaemonRole role) => role == DaemonRole.Host ? "daemon" : "controller";

    private void Take(string? name, IReadOnlyList<string> values, string where)
    {
        if (DaemonSetting.All.FirstOrDefault(setting => setting.Name == name) is not DaemonSetting setting)
        {
            _objections.Add($"{where}: there is no such setting; there are {string.Join(", ", DaemonSetting.All.Select(known => where == known.Variable || DaemonSetting.IsVariable(where) ? known.Variable : known.Name))}");
        }
        else if (setting.Apply(Settings, values) is DaemonSettings settings)
        {
            Settings = settings;
        }
        else
        {
            _objections.Add($"{where}: {setting.Expected} is needed, and not {string.Join(' ', values.Select(WithoutPassword))}");
        }
    }

    /// <summary>A value, to be told: a URL that should have no password may have one, before its host or behind its path.</summary>
    private static string WithoutPassword(string value)
    {
        int scheme = value.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return value;
        }

        int query = value.IndexOf('?', StringComparison.Ordinal);
        string shown = query < 0 ? value : $"{value[..query]}?...";
        int colon = shown.IndexOf(':', scheme + "://".Length);
        int at = shown.LastIndexOf('@');
        return colon >= 0 && at > colon ? $"{shown[..colon]}:...{shown[at..]}" : shown;
    }

    private static IReadOnlyList<string> ValuesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(ValuesOf)],
        JsonValueKind.String => [value.GetString()!],
        _ => [value.GetRawText()],
    };
}
