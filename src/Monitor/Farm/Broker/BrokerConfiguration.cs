// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>A farm as nats-server reads it: server.conf.</summary>
internal static class BrokerConfiguration
{
    /// <summary>The longest message, in MiB: a result with all of its samples. nats-server wants no more than 8.</summary>
    public const int LargestMessageMebibytes = 8;

    /// <summary>The text.</summary>
    /// <param name="farm">What it is made of.</param>
    /// <param name="processFile">Where the server keeps its process' number, by which it is told to read this anew.</param>
    public static string Text(FarmDocument farm, string processFile)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $$"""
            # Written by kvmsys farm, from farm.json beside it; the next kvmsys farm key add or revoke writes it anew.
            # To read it anew, and to let nobody in any more whose key is gone: nats-server --signal reload={{processFile}}
            server_name: "kvmsys-farm"
            listen: {{Quoted(farm.Listen)}}
            pid_file: {{Quoted(processFile)}}
            max_payload: {{LargestMessageMebibytes}}MB

            jetstream {
              store_dir: {{Quoted(farm.Store)}}
            {{SyncOf(farm.ServerVersion is string version ? BrokerVersion.Parse(version) : null)}}
            }

            """);
        if (farm.Tls is BrokerTls tls)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""

                tls {
                  cert_file: {{Quoted(tls.Certificate)}}
                  key_file: {{Quoted(tls.Key)}}
                  timeout: 5
                }

                """);
        }

        text.Append("""

            authorization {
              timeout: 10
              users: [

            """);
        foreach (FarmMember member in farm.Members)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                    # {{(member.Role == FarmRole.Controller ? "the controller" : $"host {member.Name}, {member.CpuKey}")}}
                    {
                      nkey: {{Quoted(member.PublicKey)}}
                      permissions: {
                        publish: { allow: [
                {{Lines(BrokerPermissions.Of(member, BrokerVerb.Publish))}}
                        ] }
                        subscribe: { allow: [
                {{Lines(BrokerPermissions.Of(member, BrokerVerb.Subscribe))}}
                        ] }
                        allow_responses: {{BrokerPermissions.Answers}}
                      }
                    }

                """);
        }

        text.Append("""
              ]
            }

            """);
        return text.ToString();
    }

    private static string SyncOf(BrokerVersion? version) => version switch
    {
        { HasSyncInterval: true } => "  # Each message is on the disk before its sender hears that it is kept.\n  sync_interval: always",
        BrokerVersion old => $"  # Without sync_interval: always, which nats-server {old} does not know ({BrokerVersion.FirstWithSyncInterval} does).\n{Consequence}",
        null => $"  # Without sync_interval: always, since it is not known which nats-server reads this, and one before {BrokerVersion.FirstWithSyncInterval} would refuse it.\n{Consequence}",
    };

    private const string Consequence = """
          # Streams are synced to the disk every 2 minutes: what a power failure takes of them, the controller's ledger and
          # the hosts' spools make up for. With a newer server: kvmsys farm configure, and start the server anew.
        """;

    private static string Lines(IEnumerable<string> subjects) => string.Join("\n", subjects.Select(subject => $"          {Quoted(subject)}"));

    /// <summary>A text as NATS' configuration has it. What stands between quotes is no variable.</summary>
    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
