// SPDX-License-Identifier: MIT
import { get, may, post, whoAsks } from "./api.js";
import { count, h, jobRoute, note } from "./dom.js";
import { problemBox, tokenForm } from "./parts.js";

/** A form for a job. What is wrong with it the daemon says, and it is shown at its field. */
export async function submitView(view) {
  if (!may("submit")) {
    view.show("Submit a job", note(`You are ${whoAsks().name || "not known"}, and may not submit jobs from here. A token that may, or kvmsys jobs submit over the Unix socket, does.`), tokenForm());
    return;
  }
  const choices = await get("choices", view.signal);
  view.show("Submit a job", formOf(choices));
}

const text = (name, label, attributes, hint) => h("div", { class: "field" },
  h("label", { for: name }, label), h(attributes.rows ? "textarea" : "input", { id: name, name, autocomplete: "off", "aria-describedby": hint ? `${name}-hint ${name}-error` : `${name}-error`, ...attributes }),
  hint ? h("p", { class: "note", id: `${name}-hint` }, hint) : null,
  h("p", { class: "field-error", id: `${name}-error` }));

const number = (name, label, hint) => text(name, label, { inputmode: "numeric", size: 8 }, hint);

const choice = (name, type, value, label, checked) => h("label", { class: "choice" }, h("input", { type, name, value, checked }), " ", label);

const several = (name, legend, names, hint) => h("fieldset", { id: name, tabindex: -1, "aria-describedby": `${name}-error` },
  h("legend", null, legend),
  hint ? h("p", { class: "note" }, hint) : null,
  h("div", { class: "choices" }, names.map(one => choice(name, "checkbox", one, one, false))),
  h("p", { class: "field-error", id: `${name}-error` }));

function formOf(choices) {
  // The same for all that is sent of one filling: a double click, or a second try after the network failed, is the same job.
  let key = newKey();
  let isSending = false;
  const said = h("div", { id: "summary", tabindex: -1 });
  const button = h("button", { type: "submit" }, "Submit");
  const parts = {
    bench: h("div", { class: "part" },
      several("bench.mechanisms", "Mechanisms", choices.mechanisms, "All where none is chosen."),
      several("bench.profiles", "Kernels", choices.profiles, "All guests' where none is chosen."),
      several("bench.mitigations", "Mitigations", choices.mitigations, "What the 64-bit kernel does beyond that, each measured too."),
      h("fieldset", { id: "bench.protocol", tabindex: -1 }, h("legend", null, "Protocol"), h("div", { class: "choices" }, choices.protocols.map((one, index) => choice("bench.protocol", "radio", one, one, index === 0))), h("p", { class: "field-error", id: "bench.protocol-error" })),
      h("div", { class: "row" }, number("bench.sessions", "Sessions"), number("bench.runs", "Runs"), number("bench.cpu", "CPU"), number("bench.seed", "Seed")),
      h("div", { class: "check" }, h("input", { id: "bench.showEmulated", type: "checkbox" }), h("label", { for: "bench.showEmulated" }, "Show figures that are no CPU's, each of them marked"))),
    run: h("div", { class: "part" },
      text("program.file", "Program", { type: "file" }, "A static i386 ELF file."),
      text("program.arguments", "Arguments", { rows: 3, spellcheck: "false" }, "One a line, without the program's own name."),
      text("program.environment", "Environment", { rows: 3, spellcheck: "false" }, "NAME=VALUE, one a line."),
      number("program.memoryMebibytes", "Memory in MiB")),
    doctor: h("div", { class: "part" }, note("What this host's KVM can do, as kvmsys doctor finds out.")),
  };
  const kind = () => form.elements.kind.value;
  const form = h("form", { class: "form", novalidate: true, onsubmit: send, oninput: changed },
    said,
    h("fieldset", null, h("legend", null, "Kind"), h("div", { class: "choices" },
      choice("kind", "radio", "bench", "bench", true), choice("kind", "radio", "run", "run a program", false), choice("kind", "radio", "doctor", "doctor", false))),
    Object.values(parts),
    h("fieldset", null, h("legend", null, "The job"),
      h("div", { class: "row" },
        text("name", "Name", { maxlength: 100 }), number("priority", "Priority"), number("deadlineSeconds", "Deadline in s"), number("maxAttempts", "Attempts"))),
    h("div", { class: "buttons" }, button));
  showKind();
  return form;

  function changed() {
    if (!isSending) key = newKey();
    showKind();
  }

  function showKind() {
    for (const [name, part] of Object.entries(parts)) part.hidden = name !== kind();
  }

  async function send(event) {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    button.setAttribute("aria-disabled", "true");
    forget();
    try {
      const job = await post("jobs", await requestOf(form, kind()), { "Idempotency-Key": key });
      location.hash = `#${jobRoute(job.id)}`;
    } catch (error) {
      tell(error);
    } finally {
      isSending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  function forget() {
    said.replaceChildren();
    for (const place of form.querySelectorAll(".field-error")) place.textContent = "";
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  }

  /** What is wrong, at its field where it has one, and all of it above. */
  function tell(error) {
    const errors = error.errors?.length > 0 ? error.errors : [error.message];
    let first = null;
    for (const one of errors) {
      const name = /^[\w.]+(?=: )/.exec(one)?.[0];
      const field = name === undefined ? null : document.getElementById(name);
      if (field === null || field.closest("[hidden]") !== null) continue;
      field.setAttribute("aria-invalid", "true");
      document.getElementById(`${name}-error`).textContent = one.slice(name.length + 2);
      first ??= field;
    }
    said.replaceChildren(problemBox({ message: errors.length > 1 ? `${count(errors.length)} things are wrong with it:` : errors[0], errors, wantsToken: error.wantsToken }));
    (first ?? said).focus();
  }
}

/** What the form asks for, as the daemon takes it. What is no number is sent as it is, and the daemon says so. */
async function requestOf(form, kind) {
  const value = name => form.elements[name].value.trim();
  const numberOf = name => {
    if (value(name) === "") return undefined;
    if (!/^-?\d{1,9}$/.test(value(name))) throw new FieldError(`${name}: a whole number`);
    return Number(value(name));
  };
  const chosen = name => [...form.querySelectorAll("input:checked")].filter(input => input.name === name).map(input => input.value);
  const words = name => form.elements[name].value.split("\n").map(line => line.replace(/\r$/, "")).filter(line => line !== "");
  const request = { kind, name: value("name") || undefined, priority: numberOf("priority"), deadlineSeconds: numberOf("deadlineSeconds"), maxAttempts: numberOf("maxAttempts") };
  if (kind === "bench") {
    request.bench = {
      mechanisms: chosen("bench.mechanisms"), profiles: chosen("bench.profiles"), mitigations: chosen("bench.mitigations"), protocol: chosen("bench.protocol")[0],
      sessions: numberOf("bench.sessions"), runs: numberOf("bench.runs"), cpu: numberOf("bench.cpu"), seed: numberOf("bench.seed"),
      showEmulated: document.getElementById("bench.showEmulated").checked,
    };
  } else if (kind === "run") {
    const file = form.elements["program.file"].files[0];
    if (file === undefined) throw new FieldError("program.file: a static i386 ELF file");
    request.program = { file: await base64(file), arguments: words("program.arguments"), environment: words("program.environment"), memoryMebibytes: numberOf("program.memoryMebibytes") };
  }
  return request;
}

class FieldError extends Error {}

const base64 = file => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.onerror = () => reject(new FieldError(`program.file: it cannot be read: ${reader.error.message}`));
  reader.readAsDataURL(file);
});

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
