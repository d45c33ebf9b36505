// SPDX-License-Identifier: MIT
// What several pages show in the same way.
import { findCaller, hasToken, setToken } from "./api.js";
import { count, h, jobRoute, link, oneLine, table, time } from "./dom.js";

export const states = ["queued", "running", "done", "failed", "cancelled"];

const explanations = {
  "emulated": "not proved that a CPU executed the program: what it did is right, what it cost is no CPU's figure",
  "hardware-nested": "the CPU executed the program, under another hypervisor: entries cost what they cost on the CPU, VM exits do not",
  "hardware": "the CPU executed the program",
};

/** A job's state, or an attempt's outcome. */
export const badge = state => h("span", { class: `badge ${oneLine(state)}` }, state);

/** What a verdict is worth. */
export const verdictBox = (verdict, ...more) => h("p", { class: `verdict ${verdict === "emulated" ? "doubtful" : "good"}` },
  h("strong", null, verdict), " ", h("span", null, explanations[verdict] ?? "", more));

/** How far a job is; its element stays where it is when that changes. */
export function progressBar(job) {
  const known = job.progress !== undefined;
  const text = known ? `${Math.floor(100 * job.progress)} %` : "how far is not known";
  return h("div", { class: "progress" }, h("progress", { max: 1, value: known ? job.progress : null, "aria-label": `Progress of job ${job.id}` }), " ", h("span", null, text));
}

/** What a job is, in a few words. */
export function whatOf(job) {
  const { kind, bench, program } = job.request;
  if (kind === "bench") {
    const all = [...(bench?.mechanisms ?? []), ...(bench?.profiles ?? [])];
    return `bench${bench?.protocol === "full" ? ", full" : ""}${all.length > 0 ? `: ${all.join(", ")}` : ""}`;
  }
  return kind === "run" ? `run ${(program?.arguments ?? []).join(" ")}` : kind;
}

/** Jobs as a table. */
export const jobTable = (label, jobs) => table(
  label,
  ["job", "state", ["what", "text"], ["submitted", "wide"], ["by", "wide text"], ["attempts", "wide"]],
  jobs.map(job => [
    link(jobRoute(job.id), `${job.id}`),
    [badge(job.state), job.state === "running" ? progressBar(job) : null],
    [job.request.name === undefined ? null : [h("b", null, job.request.name), " "], h("span", { class: "soft" }, whatOf(job)), job.reason === undefined ? null : h("span", { class: "reason" }, job.reason)],
    time(job.submittedAt),
    h("span", { class: "wrap" }, job.submittedBy),
    `${count(job.attemptsBegun)} of ${count(job.maxAttempts)}`,
  ]),
  "list");

/** Something that went wrong: said at once, and with a place for a token where another one would do. */
export const problemBox = problem => h("div", null,
  h("div", { class: "problem", role: "alert" }, h("p", null, problem.message), problem.errors?.length > 1 ? h("ul", null, problem.errors.map(error => h("li", null, error))) : null),
  problem.wantsToken ? tokenForm() : null);

/** A place for a token. It is kept as long as this tab. That who asks has changed, is an event of the document. */
export function tokenForm() {
  const said = h("p", { class: "field-error", role: "alert" });
  const input = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-note" });
  const use = async event => {
    event.preventDefault();
    const token = input.value.trim();
    // A header has no other characters.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      said.textContent = "A token has letters, digits and signs, and no space.";
      return;
    }
    setToken(token);
    try {
      await findCaller();
      document.dispatchEvent(new Event("caller"));
    } catch (error) {
      said.textContent = oneLine(error.message);
      setToken(null);
    }
  };
  const forget = () => {
    setToken(null);
    document.dispatchEvent(new Event("caller"));
  };
  return h("form", { class: "form token", onsubmit: use },
    h("div", { class: "field" },
      h("label", { for: "token" }, "Token"),
      input,
      h("p", { class: "note", id: "token-note" }, "It is kept until this tab is closed, and goes to this daemon only."),
      said),
    h("div", { class: "buttons" },
      h("button", { type: "submit" }, "Use this token"),
      hasToken() ? h("button", { type: "button", class: "quiet", onclick: forget }, "Forget the one that is used") : null));
}
