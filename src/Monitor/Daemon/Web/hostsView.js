// SPDX-License-Identifier: MIT
import { get, may, post } from "./api.js";
import { count, emulatedMark, facts, figure, h, jobRoute, link, more, note, section, seriesRoute, table, time, warning } from "./dom.js";
import { days, fleetChanges } from "./fleetChanges.js";
import { badge, progressBar, states } from "./parts.js";

const betweenLooks = 5000;
const fewBenches = 200;
const betweenChanges = 60_000;

/** A farm: its hosts by CPU model, and what each mechanism costs on each of those. */
export async function hostsView(view) {
  // What a bench cost does not change while hosts go on.
  view.series ??= get(`series?limit=${fewBenches}`, view.signal).catch(error => {
    view.series = undefined;
    throw error;
  });
  if (!(performance.now() - view.changesAt < betweenChanges)) {
    view.changesAt = performance.now();
    view.changes = get(`regressions/by-change?days=${days}`, view.signal).catch(error => {
      view.changesAt = undefined;
      throw error;
    });
  }
  const [state, { hosts }, { series }, { results: aside }, changes] = await Promise.all(
    [get("host", view.signal), get("hosts", view.signal), view.series, get("aside", view.signal), view.changes]);
  view.wantsEvent = event => {
    if (event.kind === "regression.found" || event.kind === "improvement.found") view.changesAt = undefined;
    if (event.kind === "job.done") view.series = undefined;
    return true;
  };
  const kinds = Map.groupBy(hosts, host => host.cpuKey);
  view.show(
    "Farm",
    state.diskFull ? h("p", { class: "problem", role: "alert" }, h("strong", null, "The disk is full. "), "Results wait in the stream. Cure: make room.") : null,
    aside.length === 0 ? null : warning(h("strong", null, `${count(aside.length)} set aside. `), `What came last at ${aside[0].subject} is no result: ${aside[0].reason}`),
    h("ul", { class: "counts", "aria-label": "Jobs by state" }, states.map(name => h("li", null, link(`/jobs?state=${name}`, h("b", null, count(state.jobs[name])), " ", h("span", null, name))))),
    hosts.length === 0 ? null : fleetChanges(changes),
    hosts.length === 0 ? note("No host has joined yet. kvmsys farm agent lets one join.") : null,
    [...kinds].map(([kind, members], index) => section(
      `kind-${index}`,
      [members[0].labels.cpu || kind, " ", h("span", { class: "soft" }, `${kind}, ${count(members.length)} ${members.length === 1 ? "host" : "hosts"}`)],
      h("ul", { class: "hosts" }, members.map(host => h("li", { class: host.there ? "card host" : "card host gone" }, hostCard(view, host)))))),
    costs(series),
    h("p", { class: "after note" }, "Controller: kvmsys ", state.version, ", since ", time(state.startedAt)));
  view.every(betweenLooks, async () => view.again());
}

/** How a host is, in a word; what it says last of itself counts only while it is there. */
const stateOf = host => (!host.there ? "gone" : host.cordoned ? "cordoned" : host.readiness);

function hostCard(view, host) {
  const reason = [host.reason, host.skew].filter(text => text !== undefined).join("; ");
  return [
    h("h3", { class: "plain" }, host.name, " ", badge(stateOf(host))),
    host.job === undefined ? null : h("div", null, link(jobRoute(host.job), `Job ${host.job}`), progressBar({ id: host.job, progress: host.progress })),
    reason === "" ? null : h("span", { class: "reason" }, reason),
    h("p", { class: "soft" }, "kernel ", host.labels.kernel ?? "unknown", ", microcode ", host.labels.microcode ?? "unknown"),
    host.there ? null : h("p", { class: "soft" }, "heard of last ", time(host.seenAt)),
    more(`labels-${host.name}`, "Labels", null, facts(Object.entries(host.labels))),
    may("admin") ? h("div", { class: "buttons" }, h("button", { type: "button", class: "quiet", "data-key": `cordon-${host.name}`, onclick: () => cordon(view, host) }, host.cordoned ? "Begin jobs again" : "Begin no further job", h("span", { class: "unseen" }, ` on ${host.name}`))) : null,
  ];
}

async function cordon(view, host) {
  try {
    await post(`hosts/${encodeURIComponent(host.name)}/${host.cordoned ? "uncordon" : "cordon"}`);
    view.again();
  } catch (error) {
    view.fail(error);
  }
}

/** The latest figure of each mechanism on each CPU model, side by side. */
function costs(series) {
  const latest = new Map();
  const brands = [...new Set(series.map(one => one.cpuBrand))].sort();
  for (const one of series) {
    const key = `${one.profile}\n${one.mechanism}`;
    const cells = latest.get(key) ?? new Map();
    const point = one.points.at(-1);
    const before = cells.get(one.cpuBrand);
    if (before === undefined || before.id < point.id) cells.set(one.cpuBrand, point);
    latest.set(key, cells);
  }
  if (latest.size === 0) return null;
  const rows = [];
  let profile = null;
  for (const [key, cells] of [...latest].sort(([a], [b]) => a.localeCompare(b))) {
    const [ofProfile, mechanism] = key.split("\n");
    if (profile !== ofProfile) rows.push({ group: ofProfile });
    profile = ofProfile;
    rows.push([
      link(seriesRoute(mechanism, ofProfile), mechanism),
      ...brands.map(brand => {
        const point = cells.get(brand);
        return point === undefined ? null : [link(jobRoute(point.id), h("b", null, figure(point.coreCycles))), emulatedMark(point.emulated)];
      }),
    ]);
  }
  return section("costs", "What each costs, in core cycles", table("What each mechanism costs on each CPU model", ["mechanism", ...brands], rows),
    h("p", { class: "after" }, "kvmsys farm gather compares the benches of a batch, with intervals, as a page, CSV or Parquet."));
}
