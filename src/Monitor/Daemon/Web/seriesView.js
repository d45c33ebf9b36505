// SPDX-License-Identifier: MIT
import { get } from "./api.js";
import { count, emulatedMark, facts, figure, h, interval, jobRoute, link, more, note, section, seriesRoute, table, time } from "./dom.js";
import { badge } from "./parts.js";
import { seriesChart, sparkline, summaryOf } from "./seriesChart.js";

const fewBenches = 20;
const lengths = [50, 200, 1000];

/** Every series that the latest benches belong to, a line each. */
export async function seriesListView(view) {
  const [{ series }, choices] = await Promise.all([get(`series?limit=${fewBenches}`, view.signal), get("choices", view.signal)]);
  view.wantsEvent = event => event.kind === "job.done";
  const rows = [];
  for (const one of [...series].sort((a, b) => a.profile.localeCompare(b.profile) || a.mechanism.localeCompare(b.mechanism) || (a.host ?? "").localeCompare(b.host ?? ""))) {
    if (rows.profile !== one.profile) rows.push({ group: one.profile });
    rows.profile = one.profile;
    const { coreCycles, emulated } = one.points.at(-1);
    rows.push([
      [link(seriesRoute(one.mechanism, one.profile, one.host), one.mechanism), one.host === undefined ? null : ` on host ${one.host}`],
      [h("b", null, figure(coreCycles)), emulatedMark(emulated)],
      interval(coreCycles),
      sparkline(one.points),
      `${one.points.length}`,
      badge(one.verdict),
      h("code", null, one.planHash.slice(0, 8)),
    ]);
  }
  view.show(
    "Series",
    h("p", { class: "lead soft" }, `What each mechanism cost in the latest ${fewBenches} benches, in core cycles.`),
    rows.length === 0
      ? note("No bench has a figure yet.")
      : table("Series", ["mechanism", "latest", ["interval", "wide"], "over time", ["benches", "wide"], ["verdict", "text"], ["plan", "wide text"]], rows),
    section("other", "Another one", picker(choices)));
}

function picker(choices) {
  const options = names => names.map(name => h("option", { value: name }, name));
  const mechanism = h("select", { id: "mechanism" }, options(choices.mechanisms));
  const mitigation = h("select", { id: "mitigation" }, h("option", { value: "" }, "none"), options(choices.mitigations));
  const profile = h("select", { id: "profile" }, options(choices.profiles));
  return h("form", {
    class: "filter",
    onsubmit: event => {
      event.preventDefault();
      location.hash = `#${seriesRoute(mechanism.value + (mitigation.value === "" ? "" : `+${mitigation.value}`), profile.value)}`;
    },
  }, h("label", { for: "mechanism" }, "Mechanism"), mechanism, h("label", { for: "mitigation" }, "with mitigation"), mitigation, h("label", { for: "profile" }, "on"), profile, h("button", { type: "submit" }, "Show"));
}

/** One mechanism on one kernel: a chart for each CPU, verdict and plan, and each host of a farm unless one is asked for, the latest first. */
export async function seriesView(view) {
  const [mechanism, profile] = view.words;
  const asked = Number(view.query.get("limit"));
  const limit = lengths.includes(asked) ? asked : lengths[1];
  const host = view.query.get("host");
  const { series } = await get(`series?mechanism=${encodeURIComponent(mechanism)}&profile=${encodeURIComponent(profile)}&limit=${limit}${host === null ? "" : `&host=${encodeURIComponent(host)}`}`, view.signal);
  const latestFirst = [...series].sort((a, b) => b.points.at(-1).id - a.points.at(-1).id);
  const drawn = latestFirst.filter(one => one.points.length > 1);
  const single = latestFirst.filter(one => one.points.length === 1);
  view.wantsEvent = event => event.kind === "job.done";
  view.show(
    [mechanism, " ", h("span", { class: "soft" }, `on ${profile}${host === null ? "" : `, host ${host}`}`)],
    h("div", { class: "filter" },
      h("label", { for: "limit" }, "Benches, the latest"),
      h("select", { id: "limit", onchange: event => { location.hash = `#${seriesRoute(mechanism, profile)}?limit=${event.target.value}${host === null ? "" : `&host=${encodeURIComponent(host)}`}`; } },
        lengths.map(length => h("option", { value: length, selected: length === limit }, count(length))))),
    latestFirst.length === 0 ? note(`No bench has a figure of ${mechanism} on ${profile}.`) : drawn.map(part),
    single.length === 0 ? null : section("single", "One bench each", table("One bench each", ["made", "core cycles", "interval", ["job", ""], ["verdict", "text"], ["CPU", "wide text"], ["plan", "wide text"]], single.map(one => {
      const [point] = one.points;
      return [time(point.time), [figure(point.coreCycles), emulatedMark(point.emulated)], interval(point.coreCycles), link(jobRoute(point.id), `${point.id}`), badge(one.verdict), h("span", { class: "wrap" }, nameOf(one)), h("code", null, one.planHash.slice(0, 8))];
    }), "list")));
}

const nameOf = series => (series.host === undefined ? series.cpuBrand : `${series.host}: ${series.cpuBrand}`);

function part(series, index) {
  const { points } = series;
  const changes = [
    ...series.hostChanges.map(change => ({ time: change.time, id: change.from, isCost: false, what: change.what.join("; ") })),
    ...series.changes.map(change => ({ time: change.time, id: change.from, isCost: true, what: costText(change) })),
  ].sort((a, b) => a.id - b.id);

  // What changed at the same bench has one mark.
  const ids = [...new Set(changes.map(change => change.id))];
  const marks = changes.map(change => ({ ...change, number: `${ids.indexOf(change.id) + 1}` }));
  const summary = summaryOf(points);
  const box = h("div", { class: "series-plot", role: "img", "aria-label": `${series.mechanism} on ${series.profile}. ${summary}. ${ids.length} marks; the table below has them.` });
  const readout = h("p", { class: "readout note" }, summary);
  box.draw = () => seriesChart(box, readout, points, marks);
  return section(`series-${index}`, [nameOf(series), " ", badge(series.verdict)],
    facts([["signature", series.cpuSignature], ["plan", h("code", null, series.planHash)], ["benches", count(points.length)]]),
    h("ul", { class: "key" },
      [["session", "median"], ["half", "its interval"], ["changed", "the cost changed"], ["mode", "the host changed"], ["untrusted", "not to be trusted"]].map(([kind, text]) => h("li", null, h("i", { class: kind }), text))),
    h("div", { class: "card" }, box, readout),
    marks.length === 0 ? note("Neither the cost nor the host changed.") : h("div", { class: "after" }, table("What changed", ["mark", ["what, and since when", "text"], "job"], marks.map(mark => [
      mark.number, [badge(mark.isCost ? "cost" : "host"), " ", h("span", { class: "wrap" }, mark.what), " ", h("span", { class: "soft" }, time(mark.time))], link(jobRoute(mark.id), `${mark.id}`),
    ]), "list")),
    h("div", { class: "more" }, more(`figures-${index}`, "The figures", count(points.length), table("Figures", ["made", "core cycles", "interval", ["job", ""], ["", "text"]], [...points].reverse().map(point => [
      time(point.time), [figure(point.coreCycles), emulatedMark(point.emulated)], interval(point.coreCycles), link(jobRoute(point.id), `${point.id}`), point.complete ? (point.stable ? "" : badge("unstable")) : badge("incomplete"),
    ]), "list"))));
}

function costText(change) {
  const signed = value => `${value > 0 ? "+" : ""}${figure(change.shift, value)}`;
  const ratio = change.ratio == null ? "" : `, ${change.ratio.value.toFixed(3)} times as much`;
  const also = change.alsoChanged.length === 0 ? "" : `; also changed: ${change.alsoChanged.join("; ")}`;
  return `${signed(change.shift.value)} core cycles (${signed(change.shift.low)} to ${signed(change.shift.high)})${ratio}${also}${change.emulated ? "; emulated" : ""}`;
}
