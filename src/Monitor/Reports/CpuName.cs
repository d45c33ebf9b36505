// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;

namespace Kvmsys.Monitor.Reports;

/// <summary>What a CPU is called where there is not much room.</summary>
internal static partial class CpuName
{
    /// <summary>A CPU's brand without what every CPU has in it; a CPU without one is called by its numbers.</summary>
    /// <param name="brand">Its brand string.</param>
    /// <param name="signature">Its numbers, as <see cref="SignatureOf"/> has them.</param>
    public static string Short(string brand, string signature) =>
        Filler().Replace(brand, "").Trim() is { Length: > 0 } name ? Blanks().Replace(name, " ") : signature;

    /// <summary>A CPU's numbers, for example "AuthenticAMD 25/1/2": vendor, family, model and stepping.</summary>
    public static string SignatureOf(HostDocument host) =>
        string.Create(CultureInfo.InvariantCulture, $"{host.CpuVendor} {host.CpuFamily}/{host.CpuModel}/{host.CpuStepping}");

    [GeneratedRegex(@"\((R|TM|tm)\)|\b(CPU|Processor|\d+-Core)\b|@.*$", RegexOptions.CultureInvariant)]
    private static partial Regex Filler();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Blanks();
}
