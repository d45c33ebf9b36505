// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>A farm as nats-server reads it: server.conf.</summary>
internal static class BrokerConfiguration
{
    /// <summary>The longest message, in MiB: a result with all of its samples. nats-server wants no more than 8.</summary>
    public const int LargestMessageMebibytes = 8;

    private const string FarmAccount = "FARM";

    /// <summary>
    /// A subject that no host may send to. In an account without streams that has no passage for it, the server answers whatever begins with $JS.API itself, too:
    /// a host that asks about its consumer would hear twice, from the farm and from the server, which knows of none there.
    /// </summary>
    private const string Shade = "$JS.API.INFO";

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

        Dictionary<int, FarmMember> hosts = farm.Members.Where(member => member.Role == FarmRole.Host).ToDictionary(host => host.Account);
        text.Append(CultureInfo.InvariantCulture, $$"""

            authorization {
              timeout: 10
            }

            # The farm's account has the streams. Each host has an account of its own, where there is nothing but what leads into the farm's:
            # the subject that an answer is wanted at is held against no permission, and so may reach only what is in the same account.
            # What the farm's account lets others use, it lets all of them use; which part of it a host's account has, that account says.
            accounts {
              {{Quoted(FarmAccount)}} {
                jetstream: enabled
                users: [
            {{string.Concat(farm.Members.Where(member => member.Role == FarmRole.Controller).Select(UserOf))}}    ]
                exports: [
            {{Lines(BrokerPermissions.Passages.Append((BrokerPassage.Request, Shade)).Select(ExportOf))}}
                ]
              }

            """);
        for (int account = 1; account <= farm.Hosts; account++)
        {
            FarmMember? host = hosts.GetValueOrDefault(account);
            text.Append(CultureInfo.InvariantCulture, $$"""

                  # {{(host is null ? "Nobody's yet. It is here because the server starts no passages of an account that it was not started with." : $"{host.Name}, {host.CpuKey}")}}
                  "HOST_{{account}}" {
                    users: [
                {{(host is null ? "" : UserOf(host))}}    ]
                    imports: [
                {{Lines((host is null ? [] : BrokerPermissions.PassagesOf(host)).Append((BrokerPassage.Request, Shade)).Select(ImportOf))}}
                    ]
                  }

                """);
        }

        text.Append("}\n");
        return text.ToString();
    }

    private static string KindOf(BrokerPassage passage) => passage == BrokerPassage.Broadcast ? "stream" : "service";

    private static string ExportOf((BrokerPassage Passage, string Subject) way) =>
        $"{{ {KindOf(way.Passage)}: {Quoted(way.Subject)}{(way.Passage == BrokerPassage.Requests ? ", response_type: stream" : "")} }}";

    private static string ImportOf((BrokerPassage Passage, string Subject) way) => $"{{ {KindOf(way.Passage)}: {{ account: {Quoted(FarmAccount)}, subject: {Quoted(way.Subject)} }} }}";

    private static string UserOf(FarmMember member) => $$"""
              {
                nkey: {{Quoted(member.PublicKey)}}
                permissions: {
                  publish: { allow: [{{string.Join(", ", BrokerPermissions.Of(member, BrokerVerb.Publish).Select(Quoted))}}] }
                  subscribe: { allow: [{{string.Join(", ", BrokerPermissions.Of(member, BrokerVerb.Subscribe).Select(Quoted))}}] }
                }
              }

        """;

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

    private static string Lines(IEnumerable<string> lines) => string.Join("\n", lines.Select(line => $"      {line}"));

    /// <summary>A text as NATS' configuration has it. What stands between quotes is no variable.</summary>
    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
