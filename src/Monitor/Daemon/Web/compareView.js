// SPDX-License-Identifier: MIT
import { get } from "./api.js";
import { count, emulatedMark, facts, figure, h, jobRoute, link, note, section, table, timeText, warning } from "./dom.js";
import { badge, problemBox } from "./parts.js";

const mostListed = 50;
const leastP = 0.001;

/** Two benches side by side. */
export async function compareView(view) {
  const number = name => (/^[1-9]\d{0,17}$/.test(view.query.get(name) ?? "") ? view.query.get(name) : null);
  const differentHosts = view.query.get("differentHosts") === "true";
  const { results } = await get(`results?limit=${mostListed}`, view.signal);
  const after = number("after") ?? (results[0] === undefined ? null : `${results[0].id}`);
  const before = number("before") ?? earlierThan(results, after);
  let outcome = note(results.length < 2 ? "There are no two benches yet." : "Choose two benches.");
  if (before !== null && after !== null) {
    try {
      const comparison = await get(`compare?before=${before}&after=${after}${differentHosts ? "&differentHosts=true" : ""}`, view.signal);
      outcome = parts(comparison, before, after);
    } catch (error) {
      if (error.status !== 404 && error.status !== 409) throw error;
      outcome = problemBox(error);
    }
  }
  view.show("Compare", chooser(results, before, after, differentHosts), outcome);
}

/** Of the benches that are listed the latest before one that it can be compared with; null for none. */
function earlierThan(results, after) {
  const newer = results.find(bench => `${bench.id}` === after);
  const found = results.find(bench => bench.id < newer?.id && ["planHash", "cpuSignature", "verdict"].every(name => bench[name] === newer[name]));
  return found === undefined ? null : `${found.id}`;
}

function chooser(results, before, after, differentHosts) {
  const select = (id, chosen) => h("select", { id },
    chosen === null ? h("option", { value: "" }, "choose one") : null,
    [...(chosen === null || results.some(bench => `${bench.id}` === chosen) ? [] : [{ id: chosen }]), ...results].map(bench => h("option", { value: bench.id, selected: `${bench.id}` === chosen },
      bench.time === undefined ? `job ${bench.id}` : `job ${bench.id}, ${timeText(bench.time)}, ${bench.verdict}, plan ${bench.planHash.slice(0, 8)}`)));
  const [older, newer] = [select("before", before), select("after", after)];
  const hosts = h("input", { id: "differentHosts", type: "checkbox", checked: differentHosts });
  return h("form", {
    class: "form choose",
    onsubmit: event => {
      event.preventDefault();
      location.hash = `#/compare?before=${older.value}&after=${newer.value}${hosts.checked ? "&differentHosts=true" : ""}`;
    },
  },
  h("div", { class: "field" }, h("label", { for: "before" }, "Base"), older),
  h("div", { class: "field" }, h("label", { for: "after" }, "New"), newer),
  h("div", { class: "buttons whole" }, h("button", { type: "submit" }, "Compare"), h("div", { class: "check" }, hosts, h("label", { for: "differentHosts" }, "They may be from different hosts"))));
}

function parts(comparison, before, after) {
  const changed = comparison.results.filter(result => result.finding === "slower" || result.finding === "faster").length;
  return section("comparison", "What became of the cost",
    h("p", { class: `verdict ${comparison.regression ? "doubtful" : "good"}` }, h("strong", null, comparison.regression ? "slower" : "no regression"), " ", h("span", null, `${count(changed)} of ${count(comparison.results.length)} changed; changes up to ${comparison.thresholdPercent} % or ${comparison.thresholdCycles} core ${comparison.thresholdCycles === 1 ? "cycle" : "cycles"} do not matter`)),
    comparison.warnings.map(text => warning(text, ".")),
    h("div", { class: "after" }, table(
      "What became of the cost",
      ["mechanism", ["finding", "text"], "base", "new", "shift", ["its interval", "wide"], "ratio", ["its interval", "wide"], ["p", "wide"]],
      byProfile(comparison.results, result => {
        const emulated = result.verdict === "emulated";
        const signed = value => `${value > 0 ? "+" : ""}${figure(result.shift, value)}`;
        return [
          badge(result.finding),
          [figure(result.base), emulatedMark(emulated)],
          [figure(result.new), emulatedMark(emulated)],
          [h("b", null, signed(result.shift.value)), emulatedMark(emulated)],
          `${signed(result.shift.low)} to ${signed(result.shift.high)}`,
          result.ratio === null ? "" : result.ratio.value.toFixed(3),
          result.ratio === null ? "" : `${result.ratio.low.toFixed(3)} to ${result.ratio.high.toFixed(3)}`,
          result.pValue < leastP ? `<${leastP}` : result.pValue.toFixed(3),
        ];
      }))),
    note(`Shift and ratio are the median over all pairs of sessions, and its ${100 * (1 - comparison.significance)} % interval; p is Mann and Whitney's.`),
    [["only in the base", comparison.onlyInBase], ["only in the new one", comparison.onlyInNew], ["without a figure in one of them", comparison.withoutFigure]]
      .filter(([, names]) => names.length > 0).map(([what, names]) => note(`${what}: ${names.join(", ")}`)),
    h("div", { class: "sides" }, side("Base", before, comparison.base), side("New", after, comparison.new)));
}

function byProfile(results, cellsOf) {
  const rows = [];
  for (const result of results) {
    if (rows.profile !== result.profile) rows.push({ group: result.profile });
    rows.profile = result.profile;
    rows.push([result.mechanism, ...cellsOf(result)]);
  }
  return rows;
}

const side = (title, job, bench) => h("div", { class: "card" },
  h("h3", { class: "plain" }, `${title}: `, link(jobRoute(job), `job ${job}`)),
  facts([["CPU", bench.host.cpuBrand], ["kernel", bench.host.kernel], ["microcode", bench.host.microcode ?? "unknown"], ["verdict", bench.verdict], ["plan", bench.planHash], ["kvmsys", bench.version]]));
