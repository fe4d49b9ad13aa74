// Keys: names and who uses them.  A value goes to the server and never comes back.
import { call, get } from "../parts/api.js";
import { confirmed, dialog, toast } from "../parts/dialog.js";
import { button, foreign, make } from "../parts/dom.js";
import { textField } from "../parts/forms.js";
import { empty, lead, table, title } from "../parts/show.js";
import { say } from "../parts/words.js";

export async function view({ again, params }) {
  const env = await get("/api/env");
  const put = (name) => setKey(name, again);
  const list = env.variables.length ? make("section", { class: "card" }, keysTable(env, put, again)) : empty(say("keys.none"), say("keys.none_text"), button(say("keys.add"), () => put(""), { class: "primary" }));
  const node = make("div", {}, title(say("nav.keys"), env.variables.length ? button(say("keys.add"), () => put(""), { class: "primary" }) : null), make("p", { class: "lead spaced" }, say("keys.lead"), " ", make("code", {}, env.path)), env.problem ? make("section", { class: "card bad" }, make("p", {}, foreign(env.problem)), make("p", { class: "hint" }, say("keys.by_environment"))) : null, list);
  const asked = params.get("name");
  if (asked && env.variables.some((variable) => variable.name === asked && variable.editable)) {
    history.replaceState(null, "", "/keys"); // else the dialog would be there again after each change
    setTimeout(() => put(asked));
  }
  return { title: say("nav.keys"), node };
}

function keysTable(env, put, again) {
  const source = (row) => (!row.set ? make("span", { class: "pill fair" }, say("keys.missing")) : make("span", { class: "pill good" }, say(row.source === "env" ? "keys.env" : "keys.file")));
  const drop = (name) => confirmed(say("keys.delete_of", { name }), say("keys.delete_text", { name }), say("delete"), async () => { await call("DELETE", `/api/env/${encodeURIComponent(name)}`); toast(say("keys.deleted", { name })); await again(); });
  const acts = (row) => (row.editable ? make("div", { class: "row end" }, button(say(row.set ? "keys.replace" : "keys.set"), () => put(row.name), { "aria-label": `${say(row.set ? "keys.replace" : "keys.set")} ${row.name}` }), row.source === "file" ? button(say("delete"), () => drop(row.name), { class: "danger", "aria-label": `${say("delete")} ${row.name}` }) : null) : make("small", {}, say("keys.not_here")));
  const columns = [
    { label: say("keys.name"), value: (row) => row.name, text: true, show: (row) => make("code", {}, row.name) },
    { label: say("keys.state"), value: (row) => Number(row.set), text: true, show: source },
    { label: say("keys.masked"), value: (row) => row.masked, text: true, show: (row) => make("code", {}, row.masked || "–") },
    { label: say("keys.used_by"), value: (row) => row.used_by.join(", "), text: true, wide: true, show: (row) => foreign(row.used_by.join(", ") || "–") },
    { label: say("actions"), value: () => "", plain: true, show: acts },
  ];
  return table(columns, env.variables, { caption: say("keys.caption"), stack: true });
}

function setKey(name, again) {
  const named = textField(say("keys.name"), name, { placeholder: "OPENAI_API_KEY", name: "name", readonly: Boolean(name) });
  const value = textField(say("keys.value"), "", { type: "password", autocomplete: "new-password", hint: say("keys.value_hint"), name: "value" });
  const saved = dialog(name ? say("keys.set_of", { name }) : say("keys.add"), make("div", {}, named, value), [[say("save"), async () => {
    const into = named.control.value.trim();
    await call("PUT", `/api/env/${encodeURIComponent(into)}`, { body: { value: value.control.value } });
    value.control.value = "";
    toast(say("keys.saved", { name: into }));
    await again();
  }, "primary"]]);
  if (name) value.control.focus();
  return saved;
}
