// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>How hosts and kinds of hosts are called in a farm: words of a subject, so that neither dots nor spaces nor wildcards may be in them.</summary>
internal static partial class FarmNames
{
    /// <summary>What a host may be called, for people.</summary>
    public const string ExpectedHost = "1 to 40 of the characters a-z, 0-9 and -, the first no -";

    /// <summary>What a <see cref="CpuKey"/> looks like, for people.</summary>
    public const string ExpectedCpuKey = "VENDOR-FAMILY-MODEL-STEPPING-KVM, for example GenuineIntel-6-143-8-kvm_intel";

    /// <summary>Whether a host may be called so.</summary>
    public static bool IsHost(string name) => Host().IsMatch(name);

    /// <summary>Whether a text is the name of a kind of hosts.</summary>
    public static bool IsCpuKey(string text) => Key().IsMatch(text);

    /// <summary>
    /// What hosts have in common of which one is as good as another: the CPU model by its CPUID signature, and the module behind /dev/kvm.
    /// </summary>
    public static string CpuKey(HostEnvironment host)
    {
        string vendor = string.Concat(host.Cpu.Vendor.Where(char.IsAsciiLetterOrDigit));
        return $"{(vendor.Length == 0 ? "unknown" : vendor)}-{host.Cpu.Family}-{host.Cpu.Model}-{host.Cpu.Stepping}-{host.BackEnd.Module ?? "none"}";
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,39}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Host();

    [GeneratedRegex(@"\A[A-Za-z0-9]{1,16}-[0-9]{1,5}-[0-9]{1,5}-[0-9]{1,3}-[a-z_]{1,16}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Key();
}
