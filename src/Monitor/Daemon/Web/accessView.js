// SPDX-License-Identifier: MIT
import { findCaller, hasToken } from "./api.js";
import { facts, h } from "./dom.js";
import { tokenForm } from "./parts.js";

const meanings = {
  none: "nothing",
  read: "see everything, and change nothing",
  submit: "see everything, submit jobs and cancel them",
  admin: "everything",
};

/** Who asks, what that caller may do, and a place for a token that may do more. */
export async function accessView(view) {
  const { name, scope } = await findCaller();
  view.show(
    "Access",
    facts([["You are", name], ["and may", meanings[scope] ?? scope], ["known by", hasToken() ? "a token" : "where you ask from"]]),
    h("section", { "aria-labelledby": "token-title" }, h("h2", { id: "token-title" }, "A token that may do more"), tokenForm()));
}
