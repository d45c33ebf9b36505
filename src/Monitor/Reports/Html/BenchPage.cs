// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;
using static Kvmsys.Monitor.Reports.Html.PagePart;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>A bench as a page for a browser: one file that asks for nothing else, can be read without a script, and has the bench's JSON in it.</summary>
internal static class BenchPage
{
    private const string Yes = "yes";
    private const string No = "no";
    private const string Unknown = "unknown";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    private static readonly string Script = $"/*\n{EmbeddedFile.Read("uPlot/LICENSE")}\n*/\n{EmbeddedFile.Read("uPlot/uPlot.iife.min.js")}{EmbeddedFile.Read("distribution.js")}{EmbeddedFile.Read("page.js")}";
    private static readonly string Style = EmbeddedFile.Read("uPlot/uPlot.min.css") + "\n" + EmbeddedFile.Read("chart.css") + EmbeddedFile.Read("base.css") + EmbeddedFile.Read("page.css");

    /// <summary>The page of a bench.</summary>
    public static string Render(BenchDocument bench)
    {
        bool figures = bench.Results.Any(result => result.HasFigures);
        Fragment[] sections =
        [
            Section("costs", "What a call costs", figures ? Costs(bench) : Counts(bench)),
            .. BenchChart.OfDifferences(bench) is BarChart added ? [Section("added", "What mitigations and the host's Linux add", Differences(bench, added))] : Array.Empty<Fragment>(),
            .. bench.Results.Any(result => result.CoreCycles is not null) ? [Section("distributions", "How the costs are distributed", Distributions(bench))] : Array.Empty<Fragment>(),
            Section("evidence", "What the verdict rests on", Evidence(bench.Weakest)),
        ];

        // A page says which of what is in it may act, by a number that nobody knows before: anything else that got into it could not. Hashes would do
        // as well, and need OpenSSL.
        string nonce = Guid.NewGuid().ToString("N");
        string policy = $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'";

        // The JSON's encoder writes no <, so that nothing in it can end the element that it is in.
        return Fragment.Of(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{policy}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>kvmsys bench: {bench.Host.CpuBrand}</title>
            <style nonce="{nonce}">{Fragment.Verbatim(Style)}</style>
            </head>
            <body>
            <main>
            {Head(bench)}
            {sections}
            <footer>kvmsys {bench.Version}. The bench's JSON is in this page, in the element <code>bench</code>. Charts by uPlot, whose licence is in the page's script.</footer>
            </main>
            <script type="application/json" id="bench">{Fragment.Verbatim(JsonSerializer.Serialize(bench, KvmsysJson.Default.BenchDocument))}</script>
            <script nonce="{nonce}">{Fragment.Verbatim(Script)}</script>
            </body>
            </html>

            """).ToString();
    }

    // ---- What it is worth, and where it is from ----

    private static Fragment Head(BenchDocument bench)
    {
        Verdict verdict = Spelling.VerdictOf(bench.Weakest.Verdict);
        string[] doubts =
        [
            .. bench.Complete ? Array.Empty<string>() : ["incomplete: something ended the bench early; what had been measured until then is here."],
            .. bench.Stable ? Array.Empty<string>() : [$"unstable: so much of {string.Join(", ", bench.Results.Where(result => !result.Stable).Select(result => result.Name))} was discarded that the rest is not to be trusted."],
        ];
        return Fragment.Of(
            $"""
            <header>
            <p class="tool">kvmsys bench</p>
            <h1>Entering a kernel and coming back</h1>
            <p class="verdict {(verdict == Verdict.Emulated ? "doubtful" : "good")}"><strong>{bench.Weakest.Verdict}</strong> <span>{Spelling.Explain(verdict)}</span></p>
            {doubts.Select(Warning)}
            {Facts(FingerprintOf(bench))}
            <div class="more">
            {More("KVM's parameters", bench.Host.KvmParameters)}
            {More("The host's tuning", TuningOf(bench.Host.Tuning))}
            {More("Vulnerabilities and mitigations", bench.Host.Tuning.Vulnerabilities)}
            </div>
            </header>
            """);
    }

    private static KeyValuePair<string, string>[] FingerprintOf(BenchDocument bench)
    {
        HostDocument host = bench.Host;
        PlanDocument plan = bench.Plan;
        return
        [
            new("CPU", host.CpuBrand),
            new("signature", string.Create(Invariant, $"{host.CpuVendor}, family {host.CpuFamily}, model {host.CpuModel}, stepping {host.CpuStepping}")),
            new("microcode", host.Microcode ?? Unknown),
            new("hypervisor", host.Hypervisor switch { null => "none: bare metal", "" => "one that does not name itself", string name => name }),
            new("kernel", host.Kernel),
            new("KVM module", host.KvmModule ?? Unknown),
            new("placement", string.Create(
                Invariant,
                $"{(bench.Placement.Cpu is int cpu ? $"CPU {cpu}" : "any CPU")}; SCHED_FIFO {Said(bench.Placement.Fifo)}, locked memory {Said(bench.Placement.Locked)}, huge pages {(bench.Placement.HugePageBytes is long bytes ? $"{bytes >> 10} KiB" : Said(bench.Placement.HugePages))}")),
            new("protocol", string.Create(Invariant, $"{plan.Sessions} sessions of {plan.RunsPerSession} runs at {plan.Alignments.Count} alignments")),
            new("plan", plan.Hash),
            new("seed", plan.Seed.ToString(Invariant)),
            new("kvmsys", bench.Version),
        ];
    }

    private static Dictionary<string, string> TuningOf(HostTuning tuning) => new KeyValuePair<string, string?>[]
    {
        new("measured CPU", tuning.Cpu?.ToString(Invariant)),
        new("scaling governor", tuning.ScalingGovernor),
        new("scaling driver", tuning.ScalingDriver),
        new("intel_pstate no_turbo", tuning.NoTurbo),
        new("boost", tuning.Boost),
        new("SMT active", tuning.SmtActive),
        new("SMT control", tuning.SmtControl),
        new("threads of the core", tuning.ThreadSiblings),
        new("core type", tuning.CoreType),
        new("performance cores", tuning.CoreCpus),
        new("efficient cores", tuning.AtomCpus),
        new("isolated CPUs", tuning.Isolated),
        new("CPUs without a tick", tuning.NohzFull),
        new("clock source", tuning.ClockSource),
        new("transparent huge pages", tuning.TransparentHugePages),
        new("KSM", tuning.Ksm),
        new("NUMA balancing", tuning.NumaBalancing),
        new("NMI watchdog", tuning.NmiWatchdog),
    }.Where(fact => fact.Value is not null).ToDictionary(fact => fact.Key, fact => fact.Value!.Length == 0 ? "none" : fact.Value);

    private static string Said(bool value) => value ? Yes : No;

    // ---- The tables ----

    private static Fragment Costs(BenchDocument bench) => Fragment.Of(
        $"""
        {Table(bench.Results, BenchColumns.Costs, CostCells)}
        {Note(BenchColumns.CostsNote)}
        {Remarks(bench)}
        <div class="scroll" tabindex="0" role="group" aria-label="the costs as bars">{BenchChart.Of(bench).ToPart()}</div>
        """);

    private static Fragment Counts(BenchDocument bench) => Fragment.Of(
        $"""
        {Table(bench.Results, BenchColumns.Counts, result => BenchColumns.CountsOf(result).Select(cell => Cell(cell)))}
        {BenchColumns.CountsNotes.Select(Note)}
        {Remarks(bench)}
        """);

    private static Fragment Remarks(BenchDocument bench) =>
        Fragment.Of($"{BenchColumns.DiscardsOf(bench.Results).Select(Warning)}{BenchColumns.AbsencesOf(bench.Plan.Absent).Select(Note)}");

    private static Fragment Table(IReadOnlyList<MechanismDocument> results, IReadOnlyList<string> columns, Func<MechanismDocument, IEnumerable<Fragment>> cellsOf) => Fragment.Of(
        $"""
        <div class="scroll" tabindex="0" role="group" aria-label="table of results">
        <table>
        <thead><tr><th scope="col">mechanism</th>{columns.Select(column => Fragment.Of($"""<th scope="col">{column.Replace('\n', ' ')}</th>"""))}</tr></thead>
        {results.GroupBy(result => result.Profile).Select(profile => Fragment.Of(
            $"""
            <tbody>
            <tr class="profile"><th scope="rowgroup" colspan="{columns.Count + 1}"><span>{profile.Key}</span></th></tr>
            {profile.Select(result => Fragment.Of($"""<tr><th scope="row">{result.Mechanism}</th>{cellsOf(result)}</tr>"""))}
            </tbody>
            """))}
        </table>
        </div>
        """);

    private static IEnumerable<Fragment> CostCells(MechanismDocument result)
    {
        IReadOnlyList<string> cells = BenchColumns.CostsOf(result);
        bool emulated = result.CoreCycles?.Emulated == true;
        return
        [
            result.CoreCycles is null ? Cell(cells[0], "none") : Figure(cells[0], "cost"),
            .. cells.Skip(1).SkipLast(1).Select(cell => Figure(cell)),
            Cell(cells[^1], result.DiscardedShare > Discards.Warning ? "doubtful" : ""),
        ];

        Fragment Figure(string text, string kind = "") => Fragment.Of($"""<td class="{kind}">{Marked(text, emulated)}</td>""");
    }

    private static Fragment Differences(BenchDocument bench, BarChart chart) => Fragment.Of(
        $"""
        <div class="scroll" tabindex="0" role="group" aria-label="what is added">
        <table>
        <thead><tr><th scope="col">what</th><th scope="col">adds to</th>{BenchColumns.Differences.Select(column => Fragment.Of($"""<th scope="col">{column}</th>"""))}</tr></thead>
        <tbody>
        {bench.Differences.Select(difference => Fragment.Of(
            $"""<tr><th scope="row">{difference.What}</th><td>{difference.BaseName}</td>{BenchColumns.CellsOf(difference).Select(cell => Cell(cell))}</tr>"""))}
        </tbody>
        </table>
        </div>
        {BenchColumns.DifferenceNotesOf(bench.Differences).Select(Note)}
        <div class="scroll" tabindex="0" role="group" aria-label="what is added as bars">{chart.ToPart()}</div>
        """);

    // ---- The distributions ----

    private static Fragment Distributions(BenchDocument bench) => Fragment.Of(
        $"""
        <ul class="key">
        <li><i class="session"></i>median of a session</li>
        <li><i class="estimate"></i>the cost: the median of those</li>
        <li><i class="interval"></i>its 95 % interval</li>
        <li><i class="mode"></i>where pairs crowd</li>
        <li><i class="half"></i>half of all pairs</li>
        <li><i class="most"></i>90 % of all pairs</li>
        </ul>
        <noscript><p class="warning">The charts need JavaScript; the figures under each of them do not.</p></noscript>
        <div class="cards">
        {bench.Results.Select((result, index) => result.CoreCycles is CostDocument cost ? Card(result, cost, index) : default)}
        </div>
        """);

    private static Fragment Card(MechanismDocument result, CostDocument cost, int index)
    {
        bool emulated = cost.Emulated == true;
        int decimals = Digits.Decimals(cost.Estimate);
        Distribution all = cost.Distribution;
        (string Name, double Value)[] figures =
        [
            ("least", all.Minimum), ("5 %", all.Percentile5), ("25 %", all.Percentile25), ("median", all.Median),
            ("75 %", all.Percentile75), ("95 %", all.Percentile95), ("99 %", all.Percentile99), ("greatest", all.Maximum),
        ];
        string halfWidth = Digits.FormatHalfWidth(cost.Estimate);
        return Fragment.Of(
            $"""
            <article class="card" id="{result.Profile}-{result.Mechanism}">
            <h3>{result.Mechanism} <span>on {result.Profile}</span></h3>
            <p class="headline"><b>{Digits.Format(cost.Estimate)}</b>{(halfWidth.Length > 0 ? $" +- {halfWidth}" : "")} {Marked("core cycles", emulated)}</p>
            <div class="plot" data-result="{index}" data-decimals="{decimals}" role="img" aria-label="Medians of {cost.Sessions.Count} sessions, and where all pairs lie"></div>
            <p class="readout note" aria-live="off">{cost.Sessions.Count} sessions, {all.Count.ToString("N0", Invariant)} pairs</p>
            <dl class="figures">
            {figures.Select(figure => Fragment.Of($"<div><dt>{figure.Name}</dt><dd>{Marked(Rounded(figure.Value), emulated)}</dd></div>"))}
            </dl>
            <p class="note">{(all.Modes.Count == 1 ? "Pairs crowd at" : $"Pairs crowd at {all.Modes.Count} places:")} {Modes()}</p>
            </article>
            """);

        string Rounded(double value) => value.ToString($"F{decimals}", Invariant);

        Fragment Modes() => Fragment.Of($"{all.Modes.Select((mode, place) => Fragment.Of($"{Marked(Rounded(mode), emulated)}{(place < all.Modes.Count - 1 ? "," : ".")}"))}");
    }

    // ---- The evidence ----

    private static Fragment Evidence(MechanismDocument result) => Fragment.Of(
        $"""
        {Note($"Of {result.Name}, the first whose verdict is {result.Verdict}.")}
        <div class="scroll" tabindex="0" role="group" aria-label="table of observations">
        <table class="evidence">
        <thead><tr><th scope="col">observation</th><th scope="col">a CPU's?</th><th scope="col">seen</th><th scope="col">a CPU shows</th></tr></thead>
        <tbody>
        {result.Evidence.Select(seen => Fragment.Of(
            $"""<tr><th scope="row">{seen.Name}</th><td class="{(seen.ForHardware ? "good" : "doubtful")}">{Said(seen.ForHardware)}</td><td>{seen.Value}</td><td>{seen.Expected}</td></tr>"""))}
        </tbody>
        </table>
        </div>
        """);
}
