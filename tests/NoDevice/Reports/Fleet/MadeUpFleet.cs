// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;

namespace Kvmsys.Tests.NoDevice.Reports.Fleet;

/// <summary>Benches of hosts that nobody has.</summary>
internal static class MadeUpFleet
{
    public const string Epyc = "AMD EPYC 7763 64-Core Processor";
    public const string Xeon = "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz";

    private static int _lastSeed;

    /// <summary>INT 0x80 and SYSENTER on the bare kernel.</summary>
    public static BenchDocument Bench(string brand = Epyc, double int80 = 600, double sysenter = 90, Verdict verdict = Verdict.Hardware) => On(
        brand,
        MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(int80), verdict),
        MadeUpBench.Result(EntryMechanism.Sysenter, MadeUpBench.Around(sysenter), verdict));

    /// <summary>Some results on a CPU; each bench has a seed of its own.</summary>
    public static BenchDocument On(string brand, params IReadOnlyList<MechanismResult> results) => Of(brand, MadeUpBench.Of(results) with { ShowEmulated = true });

    /// <summary>A report as if it were of another CPU.</summary>
    public static BenchDocument Of(string brand, BenchReport report)
    {
        BenchDocument bench = BenchDocument.Of(report);
        bool isIntel = brand.StartsWith("Intel", StringComparison.Ordinal);
        return Parsed(bench with
        {
            Host = bench.Host with { CpuBrand = brand, CpuVendor = isIntel ? "GenuineIntel" : "AuthenticAMD", CpuFamily = isIntel ? 6 : 25, CpuModel = isIntel ? 106 : 1 },
            Plan = bench.Plan with { Seed = Interlocked.Increment(ref _lastSeed) },
        });
    }

    /// <summary>A bench of a host that is set differently.</summary>
    public static BenchDocument With(this BenchDocument bench, string? microcode = null, string? kernel = null, string? meltdown = null, string? coreType = null) => bench with
    {
        Host = bench.Host with
        {
            Microcode = microcode ?? bench.Host.Microcode,
            Kernel = kernel ?? bench.Host.Kernel,
            Tuning = bench.Host.Tuning with
            {
                CoreType = coreType,
                Vulnerabilities = meltdown is null
                    ? bench.Host.Tuning.Vulnerabilities
                    : new Dictionary<string, string> { ["l1tf"] = "Not affected", ["meltdown"] = meltdown },
            },
        },
    };

    /// <summary>As it comes from a file.</summary>
    public static BenchDocument Parsed(BenchDocument bench) => BenchFile.Parse(MadeUpBench.Bytes(Json(bench)), "bench.json");

    public static string Json(BenchDocument bench) => JsonSerializer.Serialize(bench, KvmsysJson.Default.BenchDocument);

    /// <summary>Compares benches; the hosts are called a, b, c and so on.</summary>
    public static FleetComparison Compare(params IReadOnlyList<BenchDocument> benches) => FleetComparison.Of(Named(benches));

    public static (string Host, BenchDocument Bench)[] Named(params IReadOnlyList<BenchDocument> benches) =>
        [.. benches.Select((bench, index) => ($"{(char)('a' + index)}", bench))];

    /// <summary>Two CPUs, one of them on bare metal and in a virtual machine, hosts that disagree, an emulator, and what only one CPU has.</summary>
    public static (string Host, BenchDocument Bench)[] Varied() =>
    [
        ("db1", Bench(Epyc)),
        ("db2", Bench(Epyc, int80: 640)),
        ("web1", On(
            Xeon,
            MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(300)),
            MadeUpBench.Result(EntryMechanism.Syscall, MadeUpBench.Around(70)),
            MadeUpBench.Result(EntryMechanism.Vsyscall, null))),
        ("guest", Bench(Xeon, int80: 310, verdict: Verdict.HardwareNested)),
        ("lab", Bench("QEMU Virtual CPU version 2.5+", int80: 9_000, verdict: Verdict.Emulated)),
    ];

    /// <summary>What a mechanism costs on a CPU.</summary>
    public static FleetRow Row(this FleetComparison comparison, string mechanism, string cpu) =>
        comparison.Mechanisms.Single(one => one.Name == mechanism).Rows.Single(row => row.Name == cpu);
}
