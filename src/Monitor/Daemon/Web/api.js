// SPDX-License-Identifier: MIT
// The daemon's interface: requests, who asks, and events. A token is kept as long as this tab, and is sent with each request; there are no cookies.

const root = "api/v1/";
const tokenKey = "kvmsys.token";
const silence = 45_000;
const longestPause = 30_000;

/** What the daemon has answered that is no success, or that it has not answered at all (status 0). */
export class Problem extends Error {
  constructor(status, detail, errors = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }

  /** Whether another token would do. */
  get wantsToken() {
    return this.status === 401 || this.status === 403;
  }
}

/** That nobody has answered. */
export const unanswered = () => new Problem(0, "The daemon does not answer. Cure: see whether it runs, and that the network is there.");

export const hasToken = () => sessionStorage.getItem(tokenKey) !== null;

/** Takes a token, or forgets the one that there was; whoever listens to events begins anew. */
export function setToken(token) {
  if (token === null) sessionStorage.removeItem(tokenKey);
  else sessionStorage.setItem(tokenKey, token);
  restart();
}

async function request(path, { method = "GET", body, headers = {}, signal } = {}) {
  const token = sessionStorage.getItem(tokenKey);
  let response;
  try {
    response = await fetch(root + path, {
      method, body, signal, credentials: "omit", redirect: "error",
      headers: { ...headers, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unanswered();
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw new Problem(response.status, problem?.detail ?? `The daemon answered ${response.status}.`, problem?.errors ?? []);
}

/** What is at a path below /api/v1. */
export const get = async (path, signal) => (await request(path, { signal })).json();

/** Asks for something to be done. */
export const post = async (path, document, headers = {}) => (await request(path, {
  method: "POST",
  body: document === undefined ? undefined : JSON.stringify(document),
  headers: document === undefined ? headers : { ...headers, "Content-Type": "application/json" },
})).json();

/** A link to a document. With a token it is fetched first, for a link carries none. */
export async function download(event, path, name) {
  if (!hasToken()) return;
  event.preventDefault();
  const url = URL.createObjectURL(await (await request(path)).blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const address = path => root + path;

// ---- Who asks ----

const scopes = ["none", "read", "submit", "admin"];
let caller = { name: "", scope: "none" };

/** Finds out who asks. */
export async function findCaller() {
  caller = { name: "", scope: "none" };
  caller = await get("caller");
  return caller;
}

export const whoAsks = () => caller;

/** Whether who asks may do what needs a scope. */
export const may = scope => scopes.indexOf(caller.scope) >= scopes.indexOf(scope);

// ---- Events ----

let last = 0;
let connection = null;
let isHidden = false;

/** Ends the stream, which then begins anew where it was. */
const restart = () => connection?.abort();

/**
 * Listens to events as long as this page can be seen, and tells each.
 * @param after The number of the latest event that is known.
 * @param heard Called with each event.
 * @param changed Called with whether there is a connection.
 * @param recover Called after a failure, when the daemon answers again: says the latest event's number.
 */
export async function listen(after, heard, changed, recover) {
  last = after;
  document.addEventListener("visibilitychange", () => {
    isHidden = document.hidden;
    if (isHidden) restart();
  });
  isHidden = document.hidden;
  for (let failures = 0; ;) {
    if (isHidden) await new Promise(resolve => document.addEventListener("visibilitychange", resolve, { once: true }));
    if (document.hidden) continue;
    connection = new AbortController();
    const { signal } = connection;
    try {
      if (failures > 0) last = await recover();
      const response = await request("events", { signal, headers: { "Last-Event-ID": String(last) } });
      changed(true);
      failures = 0;
      await read(response.body.getReader(), heard);
    } catch (error) {
      if (!signal.aborted) {
        failures++;
        changed(false);
      }
    }
    if (!signal.aborted) await pause(Math.min(longestPause, 1000 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
  }
}

const pause = (milliseconds, signal) => new Promise(resolve => {
  setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", resolve, { once: true });
});

async function read(reader, heard) {
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    // The daemon says something every 15 s, if only that it is there.
    const watch = setTimeout(() => reader.cancel(), silence);
    const { done, value } = await reader.read();
    clearTimeout(watch);
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter(line => line.startsWith("data: ")).map(line => line.slice(6)).join("\n");
      if (data === "") continue;
      const event = JSON.parse(data);
      last = event.id;
      heard(event);
    }
  }
}
