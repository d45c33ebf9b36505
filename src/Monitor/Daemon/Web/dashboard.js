// SPDX-License-Identifier: MIT
// Which page is shown, and when it is drawn anew: at another route, and when something has happened that it shows.
import { findCaller, get, listen, Problem, unanswered, whoAsks } from "./api.js";
import { h } from "./dom.js";
import { problemBox } from "./parts.js";
import { hostView } from "./hostView.js";

const betweenDrawings = 1000;

// The first page waits for no other one.
const from = (file, name) => async view => {
  const module = await import(file).catch(() => {
    throw unanswered();
  });
  await module[name](view);
};

// A farm's controller has hosts; a daemon is of one.
let isFarm = false;
const hostsView = from("./hostsView.js", "hostsView");

const routes = [
  [/^\/?$/, view => (isFarm ? hostsView : hostView)(view)],
  [/^\/jobs$/, from("./jobsView.js", "jobsView")],
  [/^\/jobs\/(\d{1,18})$/, from("./jobView.js", "jobView")],
  [/^\/series$/, from("./seriesView.js", "seriesListView")],
  [/^\/series\/([^/]+)\/([^/]+)$/, from("./seriesView.js", "seriesView")],
  [/^\/compare$/, from("./compareView.js", "compareView")],
  [/^\/submit$/, from("./submitView.js", "submitView")],
  [/^\/access$/, from("./accessView.js", "accessView")],
];

const main = document.getElementById("main");
let current = null;

// What draws charts is loaded when there is one to draw: words and figures wait for nothing.
const script = file => new Promise((resolve, reject) => {
  const element = h("script", { src: file, onload: resolve, onerror: () => reject(unanswered()) });
  element.async = false;
  document.head.append(element);
});
let drawing = null;
const loadDrawing = () => drawing ??= Promise.all(["web/uPlot.js", "web/distribution.js"].map(script)).catch(error => {
  drawing = null;
  throw error;
});

/** One visit of a page. What it gives to show() is shown, as long as it is the page that is visited. */
class View {
  constructor(kind, words, query, isFirst) {
    [this.kind, this.words, this.query] = [kind, words, query];
    this.leaving = new AbortController();
    this.signal = this.leaving.signal;
    this.isFirst = isFirst;
    this.wantsEvent = () => false;
  }

  /** Draws it, and tells what went wrong with that. */
  async draw() {
    this.drawn = performance.now();
    main.setAttribute("aria-busy", "true");
    try {
      await this.kind(this);
    } catch (error) {
      if (!this.signal.aborted && error.name !== "AbortError") this.fail(error);
    }
    if (!this.signal.aborted) main.setAttribute("aria-busy", "false");
  }

  /** Draws it anew, though not too often. */
  again() {
    if (this.timer !== undefined || this.signal.aborted) return;
    const wait = Math.max(0, this.drawn + betweenDrawings - performance.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!this.signal.aborted) this.draw();
    }, wait);
  }

  /** Does something every so often, as long as the page can be seen and is visited. */
  every(milliseconds, action) {
    clearInterval(this.interval);
    this.interval = setInterval(() => {
      if (this.signal.aborted) clearInterval(this.interval);
      else if (!document.hidden) action().catch(() => this.again());
    }, milliseconds);
  }

  rest() {
    clearInterval(this.interval);
  }

  fail(error) {
    const problem = error instanceof Problem ? error : new Problem(0, `This page has a fault: ${error.message}`);
    this.show("Not shown", problemBox(problem));
    if (!(error instanceof Problem)) console.error(error);
  }

  leave() {
    this.leaving.abort();
    clearInterval(this.interval);
    clearTimeout(this.timer);
  }

  /** Shows a page: its title, and what is below. */
  show(title, ...content) {
    if (this.signal.aborted) return;
    const isNew = main.dataset.visit !== String(this.visit);
    const kept = stateOf(main);
    const heading = h("h1", { tabindex: -1 }, title);
    main.replaceChildren(heading, ...content.flat(Infinity).filter(part => part));
    main.dataset.visit = this.visit;
    document.title = `${heading.textContent} - kvmsys`;
    if (!isNew) {
      restore(kept);
    } else if (!this.isFirst) {
      // Somebody who goes through a list by its filter stays there.
      if (!focusOn(kept.focus)) {
        heading.focus({ preventScroll: true });
        scrollTo(0, 0);
      }
    }
    this.drawCharts().catch(error => {
      if (!this.signal.aborted) this.fail(error);
    });
  }

  /** Draws the charts of what is shown: each box that has one knows how. */
  async drawCharts() {
    const boxes = [...main.querySelectorAll(".plot, .series-plot")];
    if (boxes.length > 0) await loadDrawing();
    if (this.signal.aborted) return;
    this.charts = (this.charts ?? []).filter(chart => chart.root.isConnected);
    for (const box of boxes.filter(box => box.isConnected)) {
      if (box.childElementCount === 0) this.charts.push(box.draw());
    }
  }
}

let visits = 0;

function visit() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?", 2);
  const route = routes.map(([pattern, kind]) => [kind, pattern.exec(path)]).find(([, match]) => match !== null);
  const [kind, match] = route ?? [unknownView, [path]];
  const words = match.slice(1).map(word => {
    try {
      return decodeURIComponent(word);
    } catch {
      return word;
    }
  });
  current?.leave();
  if (current !== null && current.kind !== kind) document.activeElement?.blur();
  const isFirst = current === null;
  current = new View(kind, words, new URLSearchParams(query), isFirst);
  current.visit = ++visits;
  for (const anchor of document.querySelectorAll("nav a")) {
    const part = anchor.getAttribute("href").slice(1);
    const isHere = part === "/" ? path === "/" || path === "" : path.startsWith(part);
    if (isHere) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  return current.draw();
}

const unknownView = async view => view.show("There is no such page", h("p", null, "The pages that there are stand above."));

/** What a reader has done to a page: where the focus is, what is unfolded, how far a box was scrolled. */
const stateOf = box => ({
  focus: box.contains(document.activeElement) ? document.activeElement.id || document.activeElement.getAttribute("href") || document.activeElement.dataset.key : null,
  open: new Map([...box.querySelectorAll("details[data-key]")].map(details => [details.dataset.key, details.open])),
  scrolled: [...box.querySelectorAll(".scroll")].map(scroll => scroll.scrollLeft),
});

function restore(kept) {
  for (const details of main.querySelectorAll("details[data-key]")) details.open = kept.open.get(details.dataset.key) ?? details.open;
  [...main.querySelectorAll(".scroll")].forEach((scroll, index) => { scroll.scrollLeft = kept.scrolled[index] ?? 0; });
  focusOn(kept.focus);
}

function focusOn(key) {
  if (!key) return false;
  const again = [...main.querySelectorAll("[id], a[href], [data-key]")].find(element => element.id === key || element.getAttribute("href") === key || element.dataset.key === key);
  again?.focus({ preventScroll: true });
  return again !== undefined;
}

// ---- Around the page ----

const connection = document.getElementById("connection");
const access = document.getElementById("access");
const said = document.getElementById("said");

function showCaller() {
  const { name, scope } = whoAsks();
  access.textContent = scope === "none" ? "access" : `${name}: ${scope}`;
  access.setAttribute("aria-label", scope === "none" ? "Access" : `Access: you are ${name}, and may ${scope}`);
}

function showConnection(isThere) {
  connection.textContent = isThere ? "live" : "no connection";
  connection.className = isThere ? "live" : "lost";
}

function heard(event) {
  if (["job.done", "job.failed", "job.cancelled"].includes(event.kind)) said.textContent = `Job ${event.job} is ${event.kind.slice(4)}`;
  if (current?.wantsEvent(event)) current.again();
}

let listens = false;

/** Begins, or begins anew with another token: who asks, what the latest event is, and then the page, so that nothing is missed in between. */
async function begin() {
  let host = null;
  try {
    [host] = await Promise.all([get("host"), findCaller()]);
    isFarm = host.farm === true;
    if (isFarm) document.querySelector("nav a").textContent = "Hosts";
  } catch {
    // The page asks too, and tells.
  }
  showCaller();
  await visit();
  if (!listens && host !== null) {
    listens = true;
    listen(host.latestEvent, heard, showConnection, async () => {
      const { latestEvent } = await get("host");
      await findCaller();
      showCaller();
      current?.again();
      return latestEvent;
    });
  }
}

addEventListener("hashchange", visit);
document.addEventListener("caller", begin);
document.querySelector(".skip").addEventListener("click", event => {
  event.preventDefault();
  main.focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => current?.charts?.forEach(chart => chart.redraw()));
await begin();
