// SPDX-License-Identifier: MIT

using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Farm.Agent;

/// <summary>What jobs may choose hosts by.</summary>
internal static class HostLabels
{
    private const string Unknown = "unknown";

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The labels of a host: what it is, and what its doctor says, who is asked in a process of its own.</summary>
    /// <param name="host">The host.</param>
    /// <param name="settings">How its daemon is set.</param>
    /// <param name="cancellation">Ends the check-up.</param>
    public static async Task<IReadOnlyDictionary<string, string>> Of(HostEnvironment host, DaemonSettings settings, CancellationToken cancellation)
    {
        JobProcess doctor = new(settings.Executable, ["doctor", "--json", "--device", settings.Device], settings.JobMemoryMebibytes, Path.Combine(settings.StateFolder, "checkup.status"));
        JobProcessEnd end = await doctor.Run(Longest, Patience, cancellation).ConfigureAwait(false);
        (string guest, string verdict) = Judge(end);
        Dictionary<string, string> labels = new(StringComparer.Ordinal)
        {
            ["cpuKey"] = FarmNames.CpuKey(host),
            ["cpu"] = host.Cpu.Brand,
            ["vendor"] = host.Cpu.Vendor,
            ["family"] = host.Cpu.Family.ToString(CultureInfo.InvariantCulture),
            ["model"] = host.Cpu.Model.ToString(CultureInfo.InvariantCulture),
            ["stepping"] = host.Cpu.Stepping.ToString(CultureInfo.InvariantCulture),
            ["kernel"] = host.Kernel,
            ["kvm"] = host.BackEnd.Module ?? "none",
            ["hypervisor"] = host.Cpu.Hypervisor is null ? "none" : host.Cpu.Hypervisor.Length == 0 ? Unknown : host.Cpu.Hypervisor,
            ["microcode"] = host.Microcode ?? Unknown,
            ["mitigations"] = MitigationsOf(host.Tuning.Vulnerabilities),
            ["version"] = host.Version,
            ["guest"] = guest,
            ["verdict"] = verdict,
        };
        return labels;
    }

    /// <summary>Eight digits that are the same where the kernel says the same of each vulnerability.</summary>
    private static string MitigationsOf(IReadOnlyDictionary<string, string> vulnerabilities) => vulnerabilities.Count == 0
        ? Unknown
        : XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(BenchFigures.MitigationsOf(vulnerabilities)!)).ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>Whether the i386 guest runs, and what a figure would be worth.</summary>
    private static (string Guest, string Verdict) Judge(JobProcessEnd end)
    {
        try
        {
            JsonNode? document = end.Output.Length > 0 ? JsonNode.Parse(end.Output) : null;
            return ((bool?)document?["canRunGuest"] is bool can ? can ? "yes" : "no" : Unknown, (string?)document?["verdict"] ?? "none");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return (Unknown, "none");
        }
    }
}
