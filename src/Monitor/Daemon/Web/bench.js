// SPDX-License-Identifier: MIT
// A bench's document, as kvmsys bench --json writes it.
import { count, decimalsOf, emulatedMark, facts, figure, h, interval, link, more, note, section, seriesRoute, table, warning } from "./dom.js";
import { badge, verdictBox } from "./parts.js";

const much = 0.05;

/** All of a bench. */
export function benchParts(bench) {
  const hasFigures = bench.results.some(result => result.coreCycles !== null);
  return [
    section("costs", "What a call costs",
      verdictBox(bench.verdict),
      bench.complete ? null : warning("Incomplete: something ended the bench early; what had been measured until then is here."),
      bench.stable ? null : warning(`Unstable: so much of ${bench.results.filter(result => !result.stable).map(nameOf).join(", ")} was discarded that the rest is not to be trusted.`),
      h("div", { class: "after" }, hasFigures ? costs(bench) : counts(bench)),
      bench.plan.absent.map(absent => note(`absent: ${absent.mechanism} on ${absent.profile}: ${absent.reason}`))),
    hasFigures ? distributions(bench) : null,
    bench.differences.length === 0 ? null : differences(bench),
    section("evidence", "What the verdict rests on", evidence(bench), h("div", { class: "more" },
      more("measured", "How it was measured", null, facts(measuredOf(bench))),
      more("host", "The host that measured", null, facts(hostOf(bench.host))))),
  ];
}

const nameOf = result => `${result.mechanism} on ${result.profile}`;

/** Rows below a row each for a kernel. */
function byProfile(results, cellsOf) {
  const rows = [];
  for (const result of results) {
    if (rows.length === 0 || rows.profile !== result.profile) rows.push({ group: result.profile });
    rows.profile = result.profile;
    rows.push([link(seriesRoute(result.mechanism, result.profile), result.mechanism), ...cellsOf(result)]);
  }
  return rows;
}

const costs = bench => [
  table(
    "What a call costs",
    ["mechanism", "core cycles", "95 % interval", "ns", ["speed-up to int80", "wide"], ["counted", "wide"], ["verdict", "text"]],
    byProfile(bench.results, result => [
      h("b", null, costText(result.coreCycles)),
      result.coreCycles === null ? "" : [interval(result.coreCycles), emulatedMark(result.coreCycles.emulated)],
      result.coreCycles === null ? "" : costText(result.ns),
      result.speedUp === null ? "" : [result.speedUp.toFixed(2), emulatedMark(result.coreCycles?.emulated)],
      countedOf(result),
      [badge(result.verdict), result.stable ? null : [" ", badge("unstable")]],
    ])),
  note("The cost is the median of the sessions' medians. The interval assumes no distribution."),
];

function costText(cost) {
  return cost === null ? "unknown" : [figure(cost), emulatedMark(cost.emulated)];
}

function countedOf(result) {
  const discarded = result.pairs === 0 ? 0 : result.discardedPairs / result.pairs;
  const text = `${(100 * (1 - discarded)).toFixed(1)}%`;
  return discarded > much ? h("span", { class: "doubt" }, text) : text;
}

const counts = bench => [
  table(
    "What was counted",
    ["mechanism", "runs", "calls timed", "exits", ["by host interrupts", "wide"], ["emulated instructions", "wide"], ["verdict", "text"]],
    byProfile(bench.results, result => [count(result.runs), count(result.calls), known(result.exits), known(result.irqExits), known(result.emulatedInstructions), badge(result.verdict)])),
  note("No cost is shown, for it would be no CPU's: a job with showEmulated shows it, and marks it."),
];

const known = value => (value === null ? "unknown" : count(value));

// ---- Distributions ----

const distributions = bench => section("distributions", "How the costs are distributed",
  h("ul", { class: "key" },
    [["session", "median of a session"], ["estimate", "the cost: the median of those"], ["interval", "its interval"], ["mode", "where pairs crowd"], ["half", "half of all pairs"], ["most", "90 % of all pairs"]]
      .map(([kind, text]) => h("li", null, h("i", { class: kind }), text))),
  h("div", { class: "cards" }, bench.results.filter(result => result.coreCycles !== null).map(card)));

function card(result) {
  const cost = result.coreCycles;
  const all = cost.distribution;
  const decimals = decimalsOf(cost);
  const rounded = value => [value.toFixed(decimals), emulatedMark(cost.emulated)];
  const modes = all.modes.map(mode => mode.toFixed(decimals)).join(", ");
  const box = h("div", {
    class: "plot", role: "img",
    "aria-label": `${nameOf(result)}: medians of ${cost.sessions.length} sessions between ${Math.min(...cost.sessions).toFixed(decimals)} and ${Math.max(...cost.sessions).toFixed(decimals)} core cycles${cost.emulated ? ", emulated" : ""}; half of all pairs between ${all.percentile25.toFixed(decimals)} and ${all.percentile75.toFixed(decimals)}`,
  });
  const readout = h("p", { class: "readout note" }, `${cost.sessions.length} sessions, ${count(all.count)} pairs`);
  box.draw = () => distributionChart(box, readout, cost, decimals);
  return h("article", { class: "card" },
    h("h3", null, result.mechanism, " ", h("span", null, `on ${result.profile}`)),
    h("p", { class: "headline" }, h("b", null, figure(cost)), cost.coverage === 0 ? "" : ` \u00b1 ${((cost.high - cost.low) / 2).toFixed(decimals)}`, " core cycles", emulatedMark(cost.emulated)),
    box,
    readout,
    facts([
      ["least", rounded(all.minimum)], ["5 %", rounded(all.percentile5)], ["25 %", rounded(all.percentile25)], ["median", rounded(all.median)],
      ["75 %", rounded(all.percentile75)], ["95 %", rounded(all.percentile95)], ["99 %", rounded(all.percentile99)], ["greatest", rounded(all.maximum)],
    ], "figures"),
    note(all.modes.length === 1 ? "Pairs crowd at " : `Pairs crowd at ${all.modes.length} places: `, modes, emulatedMark(cost.emulated)));
}

// ---- The rest ----

const differences = bench => section("added", "What mitigations and the host's Linux add",
  table("What is added", ["what", ["to", "text"], "core cycles", "interval"], bench.differences.map(difference => {
    const estimate = { ...difference, value: difference.coreCycles };
    const plus = difference.mechanism.indexOf("+");
    return [
      plus > 0 ? difference.mechanism.slice(plus + 1) + (difference.inflatedByNestedPaging ? "*" : "") : `this host's Linux (${nameOf(difference)})`,
      `${difference.baseMechanism} on ${difference.baseProfile}`,
      [h("b", null, figure(estimate)), emulatedMark(difference.emulated)],
      interval(estimate),
    ];
  })),
  bench.differences.some(difference => difference.inflatedByNestedPaging) ? note("*: dearer than on bare metal: with EPT or NPT what the TLB has lost is looked up through two levels of page tables.") : null);

function evidence(bench) {
  const weakest = bench.results.find(result => result.verdict === bench.verdict) ?? bench.results[0];
  return [
    note(`Of ${nameOf(weakest)}, the first whose verdict is ${weakest.verdict}.`),
    h("div", { class: "after" }, table("What was observed", ["observation", ["seen", "text"], ["what a CPU shows", "wide text"], ["for a CPU", "text"]], weakest.evidence.map(seen => [
      seen.name, h("span", { class: "wrap" }, seen.value), h("span", { class: "wrap" }, seen.expected), seen.forHardware ? "yes" : h("span", { class: "doubt" }, `no. ${seen.cure}`),
    ]), "list")),
  ];
}

const yes = value => (value ? "yes" : "no");

const measuredOf = ({ plan, placement, seconds, version }) => [
  ["protocol", `${plan.sessions} sessions of ${plan.runsPerSession} runs at ${plan.alignments.length} alignments`],
  ["plan", plan.hash],
  ["seed", `${plan.seed}`],
  ["placement", `${placement.cpu === null ? "any CPU" : `CPU ${placement.cpu}`}; SCHED_FIFO ${yes(placement.fifo)}, locked memory ${yes(placement.locked)}, huge pages ${yes(placement.hugePages)}`],
  ["took", `${seconds.all?.toFixed(1)} s`],
  ["kvmsys", version],
];

/** What a host is, of any document that has one. */
export const hostOf = host => [
  ["CPU", host.cpuBrand],
  ["signature", `${host.cpuVendor}, family ${host.cpuFamily}, model ${host.cpuModel}, stepping ${host.cpuStepping}`],
  ["microcode", host.microcode ?? "unknown"],
  ["kernel", host.kernel],
  ["KVM module", host.kvmModule ?? "none"],
  ["hypervisor", host.hypervisor == null ? "none: bare metal" : host.hypervisor || "one that does not name itself"],
  ...Object.entries(host.tuning.vulnerabilities),
];
