// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Finds the CPU models of some benches, and names each by what tells it from the others.</summary>
internal static class CpuModels
{
    private const string Unknown = "unknown";

    // What may differ between models of one brand, in the order in which people look for it. Mitigations are too long for a name: there they have a
    // number, and a note says what each has.
    private static readonly (string Name, Func<CpuIdentity, string?> Of)[] Parts =
    [
        ("", identity => identity.Brand),
        ("", identity => identity.Signature),
        ("core type", identity => identity.CoreType),
        ("microcode", identity => identity.Microcode),
        ("kernel", identity => identity.Kernel),
    ];

    /// <summary>The models, in the order in which they came.</summary>
    public static IReadOnlyList<CpuModel> Of(IReadOnlyList<(string Host, BenchDocument Bench)> benches)
    {
        IGrouping<CpuIdentity, (string Host, BenchDocument Bench)>[] models = [.. benches.GroupBy(bench => CpuIdentity.Of(bench.Bench.Host))];
        ILookup<string, CpuIdentity> brands = models.Select(model => model.Key).ToLookup(BrandOf);
        HashSet<string> names = [];
        return
        [
            .. from model in models
               let brand = BrandOf(model.Key)
               let named = new CpuModel
               {
                   Identity = model.Key,
                   Brand = brand,
                   Difference = DifferenceOf(model.Key, [.. brands[brand]]),
                   Host = model.First().Bench.Host,
                   HostNames = [.. model.Select(bench => bench.Host).Distinct()],
               }
               select Alone(named, names),
        ];
    }

    /// <summary>What each of the models has whose name has mitigations in it, a line each: only what differs between them.</summary>
    public static IEnumerable<string> MitigationNotesOf(IReadOnlyList<CpuModel> models)
    {
        foreach (IGrouping<string, CpuModel> brand in models.GroupBy(model => model.Brand))
        {
            string?[] sets = MitigationsOf(brand.Select(model => model.Identity));
            if (sets.Length < 2)
            {
                continue;
            }

            string[][] lines = [.. sets.Select(set => set?.Split('\n') ?? [])];
            HashSet<string> common = [.. lines.Aggregate((IEnumerable<string>)lines[0], (shared, set) => shared.Intersect(set))];
            for (int index = 0; index < sets.Length; index++)
            {
                string[] own = [.. lines[index].Where(line => !common.Contains(line))];
                string told = sets[index] is null ? Unknown : own.Length == 0 ? "none that the others have not" : string.Join("; ", own);
                yield return string.Create(CultureInfo.InvariantCulture, $"{brand.Key}, mitigations {index + 1}: {told}");
            }
        }
    }

    private static string BrandOf(CpuIdentity identity) => Shown.OneLine(CpuName.Short(identity.Brand, identity.Signature));

    private static string DifferenceOf(CpuIdentity identity, CpuIdentity[] sameBrand)
    {
        List<string> told = [];
        foreach ((string name, Func<CpuIdentity, string?> of) in Parts)
        {
            if (sameBrand.Select(of).Distinct().Count() > 1)
            {
                told.Add($"{name} {Shown.OneLine(of(identity) ?? Unknown)}".TrimStart());
            }
        }

        string?[] mitigations = MitigationsOf(sameBrand);
        if (mitigations.Length > 1)
        {
            told.Add(string.Create(CultureInfo.InvariantCulture, $"mitigations {Array.IndexOf(mitigations, identity.Mitigations) + 1}"));
        }

        return string.Join(", ", told);
    }

    /// <summary>Two texts that are shown as one are still two, and a brand may be whatever it likes.</summary>
    private static CpuModel Alone(CpuModel model, HashSet<string> names)
    {
        CpuModel named = model;
        for (int number = 2; !names.Add(named.Name); number++)
        {
            named = model with { Difference = string.Create(CultureInfo.InvariantCulture, $"{model.Difference} ({number})").TrimStart() };
        }

        return named;
    }

    private static string?[] MitigationsOf(IEnumerable<CpuIdentity> identities) => [.. identities.Select(identity => identity.Mitigations).Distinct()];
}
