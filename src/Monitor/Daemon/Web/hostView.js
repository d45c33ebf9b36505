// SPDX-License-Identifier: MIT
import { get, may, post } from "./api.js";
import { count, facts, figure, h, jobRoute, link, more, note, section, seriesRoute, table, time, warning } from "./dom.js";
import { badge, jobTable, progressBar, states, verdictBox, whatOf } from "./parts.js";

const betweenLooks = 2000;

/** The host: what it is, what its daemon does, and what the last bench was worth. */
export async function hostView(view) {
  const [state, queue, { results }, { regressions }, { schedules }] = await Promise.all(
    ["host", "jobs?state=queued&limit=5", "results?limit=8", "regressions?limit=5", "schedules"].map(path => get(path, view.signal)));
  const { host, running } = state;
  view.wantsEvent = () => true;
  view.show(
    host.cpuBrand,
    conditionsOf(state),
    results.length > 0
      ? verdictBox(results[0].verdict, ": the last bench, ", link(jobRoute(results[0].id), `job ${results[0].id}`), " of ", time(results[0].time))
      : note("No bench was made yet. What this host's figures are worth, the first one tells."),
    h("ul", { class: "counts", "aria-label": "Jobs by state" }, states.map(name => h("li", null, link(`/jobs?state=${name}`, h("b", null, count(state.jobs[name])), " ", h("span", null, name))))),
    section("now", "Now",
      running === undefined ? note(state.cordoned ? "Nothing runs, and nothing is begun." : "Nothing runs.") : runningBox(view, running),
      queue.jobs.length === 0 ? null : [h("h3", { class: "plain" }, "Waiting"), jobTable("Jobs that wait", queue.jobs)],
      queue.next === undefined ? null : h("p", { class: "after" }, link("/jobs?state=queued", "All that wait"))),
    results.length === 0 ? null : section("latest", "Latest benches", benchTable(results), h("p", { class: "after" }, link("/series", "What each mechanism cost over time"))),
    regressions.length === 0 ? null : section("changes", "What costs more, or less, than it did", changeTable(regressions)),
    schedules.length === 0 ? null : section("schedules", "Schedules", scheduleTable(schedules)),
    section("host", "This host",
      facts([
        ["CPU", host.cpuBrand],
        ["signature", `${host.cpuVendor}, family ${host.cpuFamily}, model ${host.cpuModel}, stepping ${host.cpuStepping}`],
        ["microcode", host.microcode ?? "unknown"],
        ["kernel", host.kernel],
        ["KVM module", host.kvmModule ?? "none"],
        ["hypervisor", host.hypervisor == null ? "none: bare metal" : host.hypervisor || "one that does not name itself"],
        ["kvmsys", state.version],
        ["daemon since", time(state.startedAt)],
      ]),
      h("div", { class: "more" }, folded("vulnerabilities", "Vulnerabilities and mitigations", host.tuning.vulnerabilities, text => /^vulnerable/i.test(text)), folded("kvm", "KVM's parameters", host.kvmParameters), folded("tuning", "The host's tuning", tuningOf(host.tuning))),
      may("admin") ? h("div", { class: "buttons" }, h("button", { type: "button", class: "quiet", "data-key": "cordon", onclick: () => cordon(view, !state.cordoned) }, state.cordoned ? "Begin jobs again" : "Begin no further job")) : null));
  if (running === undefined) view.rest();
  else look(view, running);
}

/** What is not as it should be, and what to do. */
const conditionsOf = state => [
  state.diskFull ? h("p", { class: "problem", role: "alert" }, h("strong", null, "The disk is full. "), "A result waits for room, and nothing is measured before. Cure: make room.") : null,
  state.cordoned ? warning(h("strong", null, "Cordoned. "), state.running === undefined ? "No job is begun until somebody allows it again; the host is drained." : "No job is begun until somebody allows it again; the one that runs goes on.") : null,
  state.databaseSetAside === undefined ? null : warning(h("strong", null, "The database was damaged. "), "A new one was begun at the daemon's start; the old one lies, as it was, in ", h("code", null, state.databaseSetAside)),
];

const runningBox = (view, job) => h("div", { class: "card running" },
  h("h3", { class: "plain" }, link(jobRoute(job.id), `Job ${job.id}`), job.request.name === undefined ? null : `: ${job.request.name}`),
  h("p", { class: "soft" }, whatOf(job), `; attempt ${job.attemptsBegun} of ${job.maxAttempts}`),
  h("div", { id: "progress" }, progressBar(job)));

function look(view, job) {
  view.every(betweenLooks, async () => {
    const now = await get(`jobs/${job.id}`, view.signal);
    if (now.state === "running") document.getElementById("progress")?.replaceChildren(progressBar(now));
    else view.again();
  });
}

const benchTable = results => table(
  "Latest benches",
  ["job", ["verdict", "text"], ["mechanisms", "wide"], ["made", ""], ["kernel", "wide text"], ["microcode", "wide"], ["plan", "wide text"]],
  results.map(bench => [
    link(jobRoute(bench.id), `${bench.id}`),
    [badge(bench.verdict), bench.complete ? null : [" ", badge("incomplete")], bench.stable ? null : [" ", badge("unstable")]],
    `${bench.mechanisms}`,
    time(bench.time),
    bench.kernel,
    bench.microcode ?? "unknown",
    h("code", null, bench.planHash.slice(0, 8)),
  ]),
  "list");

const changeTable = found => table(
  "Changes by more than the host's own noise, the latest first",
  [["since job", ""], ["mechanism", "text"], ["finding", "text"], ["core cycles", "text"], ["noise", "wide"], ["also changed", "wide text"]],
  found.map(({ regression: change }) => [
    link(jobRoute(change.from), `${change.from}`),
    [link(seriesRoute(change.mechanism, change.profile), change.mechanism), ` on ${change.profile}`],
    badge(change.finding),
    `${figure(change.before)} -> ${figure(change.after)}`,
    change.noise.coreCycles.toFixed(1),
    change.alsoChanged.join(", "),
  ]),
  "list");

const scheduleTable = schedules => table(
  "Schedules",
  [["name", "text"], ["when", "text"], ["next", ""], ["last job", ""], ["skipped", "wide"]],
  schedules.map(schedule => [
    schedule.name,
    [h("code", null, schedule.cron), ` ${schedule.timeZone}`],
    schedule.paused ? badge("paused") : schedule.nextAt === undefined ? "never" : time(schedule.nextAt),
    schedule.lastJob === undefined ? "none yet" : [link(jobRoute(schedule.lastJob), `${schedule.lastJob}`), " ", badge(schedule.lastJobState)],
    count(schedule.skipped),
  ]),
  "list");

function folded(key, title, values, doubtful = () => false) {
  const list = Object.entries(values);
  const doubts = list.filter(([, text]) => doubtful(text)).length;
  return list.length === 0 ? null : more(key, title, doubts > 0 ? `${list.length}, ${doubts} of them vulnerable` : `${list.length}`,
    facts(list.map(([name, text]) => [name, doubtful(text) ? h("span", { class: "doubt" }, text) : text])));
}

const tuningOf = tuning => Object.fromEntries(Object.entries(tuning)
  .filter(([name, value]) => name !== "vulnerabilities" && value !== null)
  .map(([name, value]) => [name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`), value === "" ? "none" : `${value}`]));

async function cordon(view, wanted) {
  try {
    await post(wanted ? "host/cordon" : "host/uncordon");
    view.again();
  } catch (error) {
    view.fail(error);
  }
}
