// SPDX-License-Identifier: MIT
// Elements, and how values look. What is from elsewhere becomes text, and never markup.

// What shows nothing, or turns the direction of writing.
const unseen = /[\p{Cc}\p{Cf}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A text for a line. */
export const oneLine = text => String(text).replace(unseen, "\ufffd");

/** A text that may have lines. */
export const lines = text => String(text).replaceAll("\r\n", "\n").replace(unseen, c => (c === "\n" || c === "\t" ? c : "\ufffd"));

/** An element with attributes, listeners (onclick and the like), and what is in it: elements, and texts. What is null or false is left out. */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity)
    .filter(child => child !== null && child !== undefined && child !== false)
    .map(child => (child instanceof Node ? child : oneLine(child))));
  return element;
}

/** A text with its own lines and spaces. */
export const preformatted = text => h("pre", { tabindex: 0 }, new Text(lines(text)));

const two = value => String(value).padStart(2, "0");

/** A time of the daemon's as this reader's clock has it. */
export function timeText(iso) {
  const at = new Date(iso);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export const time = iso => h("time", { datetime: iso, title: new Date(iso).toISOString() }, timeText(iso));

/** How long it was between two times. */
export function duration(from, to) {
  const seconds = Math.max(0, (new Date(to) - new Date(from)) / 1000);
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

export const count = value => value.toLocaleString("en-GB");

/** How many decimals of an estimate mean something: down to the first that its interval makes uncertain. */
export const decimalsOf = estimate => (estimate.coverage === 0 ? 0 : Math.min(3, Math.max(0, -Math.floor(Math.log10((estimate.high - estimate.low) / 2)))));

/** A value with as many decimals as its estimate has. */
export const figure = (estimate, value = estimate.value) => value.toFixed(decimalsOf(estimate));

/** An estimate's interval; nothing for a single value, whose interval says nothing. */
export const interval = estimate => (estimate.coverage === 0 ? "" : `${figure(estimate, estimate.low)} to ${figure(estimate, estimate.high)}`);

/** Marks a figure that is no CPU's. */
export const emulatedMark = emulated => (emulated ? [" ", h("small", { class: "emulated" }, "emulated")] : null);

/** A link within this page. */
export const link = (route, ...children) => h("a", { href: `#${route}` }, children);

/** The route of one job, of a mechanism's series, of a comparison. */
export const jobRoute = id => `/jobs/${id}`;
export const seriesRoute = (mechanism, profile, host) => `/series/${encodeURIComponent(mechanism)}/${encodeURIComponent(profile)}${host === undefined ? "" : `?host=${encodeURIComponent(host)}`}`;

/** Names and values. Each fact is a name and a value; one whose value is null or nothing is left out. */
export const facts = (list, kind = "facts") => h("dl", { class: kind }, list.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));

/** What can be unfolded; its key lets it stay so when it is drawn anew. */
export const more = (key, title, number, ...children) => h("details", { "data-key": key }, h("summary", null, title, number === null ? null : [" ", h("span", { class: "count" }, number)]), children);

/**
 * A table. Columns are titles, or [title, class]; a row is its cells, of which the first is its header, or { group: title } for one that
 * heads those below it.
 */
export function table(label, columns, rows, kind = "") {
  const classes = columns.map(column => (Array.isArray(column) ? column[1] : null));
  const bodies = [];
  for (const row of rows) {
    if (row.group !== undefined || bodies.length === 0) bodies.push([]);
    bodies.at(-1).push(row.group === undefined
      ? h("tr", null, row.map((cell, index) => h(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null, class: classes[index] }, cell)))
      : h("tr", { class: "profile" }, h("th", { scope: "rowgroup", colspan: columns.length }, h("span", null, row.group))));
  }
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": label },
    h("table", { class: kind },
      h("thead", null, h("tr", null, columns.map((column, index) => h("th", { scope: "col", class: classes[index] }, Array.isArray(column) ? column[0] : column)))),
      bodies.map(body => h("tbody", null, body))));
}

export const section = (id, title, ...children) => h("section", { "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), children);

export const note = (...children) => h("p", { class: "note" }, children);
export const warning = (...children) => h("p", { class: "warning" }, children);
