// SPDX-License-Identifier: MIT
import { get } from "./api.js";
import { h, link, note } from "./dom.js";
import { jobTable, progressBar, states } from "./parts.js";

const pageSize = 25;
const betweenLooks = 2000;

/** Jobs, the latest first: in one state or in all, a page at a time. */
export async function jobsView(view) {
  const state = states.includes(view.query.get("state")) ? view.query.get("state") : null;
  const before = /^[1-9]\d{0,17}$/.test(view.query.get("before") ?? "") ? view.query.get("before") : null;
  const { jobs, next } = await get(`jobs?limit=${pageSize}${state === null ? "" : `&state=${state}`}${before === null ? "" : `&before=${before}`}`, view.signal);
  const older = next === undefined ? null : new URL(next, location.href).searchParams.get("before");
  view.wantsEvent = event => event.job !== undefined && (before === null || event.job < Number(before));
  view.show(
    "Jobs",
    h("div", { class: "filter" },
      h("label", { for: "state" }, "State"),
      h("select", { id: "state", onchange: event => { location.hash = `#${route(event.target.value, null)}`; } },
        h("option", { value: "" }, "all"),
        states.map(name => h("option", { value: name, selected: name === state }, name)))),
    jobs.length === 0 ? note(state === null ? "There is no job." : `No job is ${state}.`) : jobTable("Jobs", jobs),
    before === null && older === null ? null : h("nav", { class: "pages", "aria-label": "Pages of jobs" },
      before === null ? null : link(route(state, null), "Latest"),
      older === null ? null : link(route(state, older), "Older")));
  const running = jobs.find(job => job.state === "running");
  if (running === undefined) view.rest();
  else {
    view.every(betweenLooks, async () => {
      const now = await get(`jobs/${running.id}`, view.signal);
      if (now.state === "running") document.querySelector("main .progress")?.replaceWith(progressBar(now));
      else view.again();
    });
  }
}

function route(state, before) {
  const words = [state ? `state=${state}` : null, before === null ? null : `before=${before}`].filter(word => word !== null);
  return words.length === 0 ? "/jobs" : `/jobs?${words.join("&")}`;
}
