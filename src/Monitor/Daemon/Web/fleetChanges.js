// SPDX-License-Identifier: MIT
// What a kernel, a microcode or a version that has changed has done to costs on the hosts of a farm.
import { h, jobRoute, link, more, note, section, seriesRoute, table, time, warning } from "./dom.js";
import { badge } from "./parts.js";

export const days = 7;

/** A card for each change. */
export const fleetChanges = ({ changes, more: isCut }) => section("changes", "What changed",
  changes.length === 0 ? note(`In the last ${days} days nothing has become dearer or cheaper on any host by more than its own noise.`) : changes.map(card),
  isCut ? warning("There are more, and the oldest are left out.") : null);

function card(change, index) {
  const { what, slowerOn, fasterOn, unchangedOn, undecidedOn } = change;
  const all = unchangedOn === undefined ? null : new Set([...slowerOn, ...fasterOn, ...unchangedOn, ...undecidedOn]).size;
  const findings = [...change.slower.map(finding => ["slower", finding]), ...change.faster.map(finding => ["faster", finding])];
  return h("article", { class: "card change" },
    h("h3", { class: "plain" }, what.length === 0 ? "Nothing that is known changed" : what.join("; ")),
    h("ul", { class: "on" }, [["slower", slowerOn, all], ["faster", fasterOn, all], ["unchanged", unchangedOn ?? [], null], ["undecided", undecidedOn ?? [], null]]
      .filter(([, hosts]) => hosts.length > 0)
      .map(([word, hosts, of]) => h("li", null, badge(word), " on ", h("b", null, hostCount(hosts.length, of)), h("span", { class: "soft" }, `: ${names(hosts)}${word === "undecided" ? "; too little measured to tell" : ""}`)))),
    h("p", { class: "soft" }, change.cpus.join(", "), "; ", time(change.firstAt), change.lastAt === change.firstAt ? null : [" to ", time(change.lastAt)]),
    table(`What became of costs, change ${index + 1}`, ["mechanism", ["finding", "text"], "hosts", "times as much", ["core cycles more", "wide"], ["since", "text"]],
      findings.map(([word, finding]) => [
        [link(seriesRoute(finding.mechanism, finding.profile), finding.mechanism), ` on ${finding.profile}`],
        badge(word),
        finding.of === undefined ? `${finding.hosts.length}` : `${finding.hosts.length} of ${finding.of}`,
        finding.ratio === undefined ? "" : range(finding.ratio, value => value.toFixed(3)),
        range(finding.shift, value => `${value > 0 ? "+" : ""}${value.toFixed(1)}`),
        jobs(finding, `${index}-${finding.profile}-${finding.mechanism}-${word}`),
      ]),
      "list"));
}

function names(hosts) {
  const few = 8;
  return hosts.length <= few ? hosts.join(", ") : `${hosts.slice(0, few).join(", ")} and ${hosts.length - few} more`;
}

const hostCount = (count, of) => (of === null ? `${count} ${count === 1 ? "host" : "hosts"}` : `${count} of ${of} ${of === 1 ? "host" : "hosts"}`);

/** The median, and where hosts differ, from where to where. */
const range = ({ least, median, greatest }, text) => [h("b", null, text(median)), least === greatest ? null : [" ", h("span", { class: "soft" }, `${text(least)} to ${text(greatest)}`)]];

/** The first bench of the new level of each host; behind a fold where there are many. */
function jobs({ mechanism, profile, hosts }, key) {
  const few = 3;
  const links = hosts.map(({ host, job }) => h("li", null, link(jobRoute(job), `job ${job}`), " of ", link(seriesRoute(mechanism, profile, host), host)));
  return links.length <= few ? h("ul", { class: "since" }, links) : more(`since-${key}`, "Jobs", `${links.length}`, h("ul", { class: "since" }, links));
}
