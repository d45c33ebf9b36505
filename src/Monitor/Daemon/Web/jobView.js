// SPDX-License-Identifier: MIT
import { address, download, get, may, post } from "./api.js";
import { benchParts, hostOf } from "./bench.js";
import { count, duration, facts, h, link, more, note, preformatted, section, table, time, warning } from "./dom.js";
import { badge, progressBar, verdictBox, whatOf } from "./parts.js";

const betweenLooks = 1000;

/** One job: what was asked, its attempts, and what has come of it. */
export async function jobView(view) {
  const id = view.words[0];
  const job = await get(`jobs/${id}`, view.signal);
  const result = job.acceptedAttempt === undefined ? null : await resultOf(view, id);
  view.wantsEvent = event => event.job === job.id;
  const isLive = job.state === "queued" || job.state === "running";
  view.show(
    [`Job ${job.id}`, job.request.name === undefined ? null : `: ${job.request.name}`],
    h("p", { class: "lead" }, badge(job.state), " ", h("span", { class: "soft" }, whatOf(job)), job.reason === undefined ? null : h("span", { class: "reason" }, job.reason)),
    job.state === "running" ? h("div", { id: "progress" }, progressBar(job)) : null,
    job.cancelRequested && isLive ? warning("Somebody wants it to end; it does as soon as its process has.") : null,
    h("div", { class: "buttons" },
      isLive && !job.cancelRequested && may("submit") ? h("button", { type: "button", class: "danger", "data-key": "cancel", onclick: () => cancel(view, job) }, "Cancel this job") : null,
      result === null ? null : h("a", { class: "button", href: address(`jobs/${id}/result`), onclick: event => download(event, `jobs/${id}/result`, `job-${id}.json`).catch(error => view.fail(error)) }, "The result as JSON"),
      result !== null && job.request.kind === "bench" ? h("a", { class: "button", href: `#/compare?after=${id}` }, "Compare with another bench") : null),
    result === null ? null : partsOf(result),
    section("asked", "What was asked", facts([
      ["kind", job.request.kind],
      ["submitted", [time(job.submittedAt), ` by `, job.submittedBy]],
      ["ended", job.endedAt === undefined ? null : time(job.endedAt)],
      ["attempts", `${job.attemptsBegun} of ${job.maxAttempts}`],
      ["deadline", `${count(job.deadlineSeconds)} s an attempt`],
      ["priority", job.request.priority ? `${job.request.priority}` : null],
      ["next attempt not before", job.notBefore === undefined ? null : time(job.notBefore)],
      ...asked(job.request),
    ])),
    section("attempts", "Attempts", job.attempts.length === 0 ? note("None was begun yet.") : h("ol", { class: "attempts" }, job.attempts.map(attempt => attemptPart(view, id, attempt)))));
  if (job.state === "running") {
    view.every(betweenLooks, async () => {
      const now = await get(`jobs/${id}`, view.signal);
      if (now.state === "running") document.getElementById("progress")?.replaceChildren(progressBar(now));
      else view.again();
    });
  } else {
    view.rest();
  }
}

/** The accepted document; a problem where it was kept long enough. It never changes. */
async function resultOf(view, id) {
  try {
    return view.result ??= await get(`jobs/${id}/result`, view.signal);
  } catch (error) {
    if (error.status !== 404) throw error;
    return { gone: error.message };
  }
}

function partsOf(result) {
  if (result.gone !== undefined) return section("result", "Result", note(result.gone));
  if (result.schema?.startsWith("kvmsys.bench/")) return benchParts(result);
  if (result.schema?.startsWith("kvmsys.run/")) return runPart(result);
  return result.schema?.startsWith("kvmsys.doctor/") ? doctorParts(result) : section("result", "Result", preformatted(JSON.stringify(result, null, 2)));
}

const listed = values => (values?.length > 0 ? values.join(", ") : null);

function asked({ bench, program }) {
  return [
    ["mechanisms", bench ? listed(bench.mechanisms) ?? "all" : null],
    ["profiles", bench ? listed(bench.profiles) ?? "all guests'" : null],
    ["mitigations", listed(bench?.mitigations)],
    ["protocol", bench?.protocol],
    ["sessions", bench?.sessions?.toString()],
    ["runs", bench?.runs?.toString()],
    ["CPU", bench?.cpu?.toString()],
    ["seed", bench?.seed?.toString()],
    ["emulated figures", bench?.showEmulated ? "shown" : null],
    ["arguments", program?.arguments?.length > 0 ? h("code", null, program.arguments.map(word => JSON.stringify(word)).join(" ")) : null],
    ["environment", program?.environment?.length > 0 ? h("code", null, program.environment.join(" ")) : null],
    ["memory", program?.memoryMebibytes === undefined ? null : `${program.memoryMebibytes} MiB`],
  ];
}

const attemptPart = (view, id, attempt) => h("li", { class: "card" },
  h("h3", { class: "plain" }, `Attempt ${attempt.number} `, badge(attempt.outcome ?? "running")),
  facts([
    ["began", time(attempt.startedAt)],
    ["took", attempt.endedAt === undefined ? null : duration(attempt.startedAt, attempt.endedAt)],
    ["exit status", attempt.exitStatus?.toString()],
    ["reason", attempt.reason],
    ["measured", attempt.hasDocument ? h("a", { href: address(`jobs/${id}/attempts/${attempt.number}/document`), onclick: event => download(event, `jobs/${id}/attempts/${attempt.number}/document`, `job-${id}-attempt-${attempt.number}.json`).catch(error => view.fail(error)) }, "its JSON") : null],
  ]),
  attempt.log === undefined ? null : more(`log-${attempt.number}`, "Log", null, preformatted(attempt.log)));

async function cancel(view, job) {
  if (!confirm(`Cancel job ${job.id}?`)) return;
  try {
    await post(`jobs/${job.id}/cancel`);
    view.again();
  } catch (error) {
    view.fail(error);
  }
}

// ---- What a run and a check-up come to ----

const runPart = run => section("result", "What the program did",
  facts([["exit status", `${run.exitStatus}${run.exitStatus > 128 ? ` (signal ${run.exitStatus - 128}, or its own)` : ""}`], ["took", `${run.seconds.toFixed(2)} s`]]),
  run.output === undefined && run.outputBytes !== undefined
    ? note(`It wrote ${count(atob(run.outputBytes).length)} bytes that are no text; the JSON has them.`)
    : [h("h3", { class: "plain" }, "Output"), run.output ? preformatted(run.output) : note("It wrote nothing.")],
  run.errorOutput ? [h("h3", { class: "plain" }, "Errors"), preformatted(run.errorOutput)] : null);

const doctorParts = doctor => [
  section("result", "What this host's KVM can do",
    doctor.verdict === null ? warning(doctor.usableDevice ? "The i386 guest does not run." : `${doctor.device} cannot be used.`) : verdictBox(doctor.verdict),
    h("div", { class: "after" }, checkTable("Checks", doctor.checks))),
  section("tuning", "What a good measurement wants", checkTable("Tuning", doctor.tuning), h("div", { class: "more" }, more("host", "The host", null, facts(hostOf(doctor.host))))),
];

const checkTable = (label, checks) => table(label, ["check", ["passed", "text"], ["what was seen, and the cure", "text"]], checks.map(check => [
  check.name,
  badge(check.passed ? "yes" : "no"),
  [h("span", { class: "wrap" }, check.evidence), check.passed || check.cure === null ? null : h("span", { class: "wrap doubt" }, `Cure: ${check.cure}`), check.passed || check.command === null ? null : h("code", { class: "wrap" }, check.command)],
]), "list");
