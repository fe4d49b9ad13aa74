// The dialogs that change config.yaml: a form, then what the file will look like, and only then is it written.
import { Refusal, call, get, post } from "../parts/api.js";
import { dialog, differenceView, problem, toast } from "../parts/dialog.js";
import { button, fill, foreign, make } from "../parts/dom.js";
import { numberField, numberOf, selectField, textField, tick } from "../parts/forms.js";
import { whole } from "../parts/format.js";
import { state } from "../parts/session.js";
import { say } from "../parts/words.js";

// Where the servers of these names listen unless told otherwise.
export const LOCAL = [
  { key: "lm_studio", display_name: "LM Studio", api_base: "http://localhost:1234/v1" },
  { key: "ollama", display_name: "Ollama", api_base: "http://localhost:11434", format: "ollama" },
  { key: "vllm", display_name: "vLLM", api_base: "http://localhost:8000/v1" },
  { key: "local", display_name: "OpenAI-compatible", api_base: "http://localhost:8080/v1" },
];
export const WITH_KEY = [
  { key: "openai", display_name: "OpenAI", api_base: "https://api.openai.com/v1", api_key_env: "OPENAI_API_KEY" },
  { key: "anthropic", display_name: "Anthropic", model_prefix: "anthropic", api_key_env: "ANTHROPIC_API_KEY" },
  { key: "gemini", display_name: "Gemini", model_prefix: "gemini", api_key_env: "GEMINI_API_KEY" },
  { key: "deepseek", display_name: "DeepSeek", model_prefix: "deepseek", api_key_env: "DEEPSEEK_API_KEY" },
  { key: "dashscope", display_name: "DashScope", model_prefix: "dashscope", api_key_env: "DASHSCOPE_API_KEY" },
  { key: "moonshot", display_name: "Moonshot", model_prefix: "moonshot", api_key_env: "MOONSHOT_API_KEY" },
  { key: "zai", display_name: "Z.ai", model_prefix: "zai", api_key_env: "ZAI_API_KEY" },
  { key: "openrouter", display_name: "OpenRouter", model_prefix: "openrouter", api_key_env: "OPENROUTER_API_KEY" },
  { key: "provider", display_name: "…" },
];

// The variable that holds the key of a provider when nobody has named one.
export const variableOf = (key) => `${key.toUpperCase().replace(/\W+/g, "_").replace(/^(?=\d)/, "_")}_API_KEY`;

// Shows what a change would do to the file and makes it when confirmed.  `path` without query; resolves to whether it was made.
export async function changeConfig({ method, path, body, etag, done, title }) {
  const separator = path.includes("?") ? "&" : "?";
  const preview = (more = {}) => call(method, `${path}${separator}preview=true`, { body: body && { ...body, ...more }, etag });
  let more = {};
  let found;
  try {
    found = await preview();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "key_would_move") throw error;
    more = { confirm_key_move: true };
    const moved = error.message;
    found = await preview(more);
    found.moved = moved;
  }
  const lost = found.lost?.length ? make("div", { class: "problem" }, make("p", {}, say("config.lost")), make("pre", {}, found.lost.join("\n"))) : null;
  const moved = found.moved ? make("p", { class: "problem" }, found.moved) : null;
  const content = make("div", {}, make("p", {}, say("config.will_change")), moved, lost, differenceView(found.diff));
  let made = false;
  await dialog(title, content, [[say("config.write"), async () => {
    try {
      await call(method, path, { body: body && { ...body, ...more }, etag });
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) error.hint = say("config.changed_hint");
      throw error;
    }
    made = true;
    toast(say("config.written"));
  }, "primary"]]);
  if (made) await done();
  return made;
}

const text = (value) => (String(value ?? "").trim() === "" ? null : String(value).trim());

// The fields of a provider; `values` is changed as one types.
function providerFields(values, { fresh }) {
  const set = (name) => (value) => { values[name] = value; };
  return {
    key: fresh ? textField(say("provider.key"), values.key, { hint: say("provider.key_hint"), change: set("key"), name: "key" }) : null,
    display_name: textField(say("provider.display_name"), values.display_name, { change: set("display_name"), name: "display_name" }),
    api_base: textField(say("provider.api_base"), values.api_base, { hint: say("provider.api_base_hint"), change: set("api_base"), placeholder: "http://localhost:8000/v1", name: "api_base" }),
    api_key_env: textField(say("provider.api_key_env"), values.api_key_env, { hint: say("provider.api_key_env_hint"), change: set("api_key_env"), placeholder: "OPENAI_API_KEY", name: "api_key_env" }),
    format: selectField(say("provider.format"), values.format ?? "", [["", say("provider.format_auto")], ...state.formats], { hint: say("provider.format_hint"), change: set("format"), name: "format" }),
    model_prefix: textField(say("provider.model_prefix"), values.model_prefix, { change: set("model_prefix"), hint: say("provider.model_prefix_hint"), name: "model_prefix" }),
  };
}

function markField(fields, error) {
  Object.values(fields).forEach((field) => field?.problem(""));
  const field = fields[String(error.field || "").split(".").pop()];
  if (!field) return false;
  field.problem([error.message, error.hint].filter(Boolean).join(" "));
  field.control.focus();
  return true;
}

// The models of a provider that is not there yet: found by asking it with the key that was typed, or typed, one a line.
function modelsPart(values, secret) {
  const typed = textField(say("provider.model_ids"), values.ids, { area: true, hint: say("provider.model_ids_hint"), change: (value) => { values.ids = value; }, name: "ids" });
  const found = make("div", { class: "models-found" });
  const search = button(say("provider.discover"), async () => {
    search.disabled = true;
    fill(found, make("p", { class: "muted" }, say("loading")));
    try {
      const { models } = await post("/api/models/discover", { api_base: text(values.api_base), model_prefix: text(values.model_prefix), format: text(values.format), api_key: text(secret.control.value) });
      const boxes = models.slice(0, 500).map((model) => tick(foreign(model.id, 120), false, (on) => { values.ids = on ? `${values.ids}\n${model.id}`.trim() : values.ids.split("\n").filter((id) => id.trim() !== model.id).join("\n"); typed.control.value = values.ids; }));
      fill(found, models.length ? make("div", { class: "models flush" }, ...boxes) : make("p", {}, say("provider.none_found")));
    } catch (error) {
      fill(found, problem(error));
    }
    search.disabled = false;
  });
  return make("div", {}, typed, make("p", {}, search), found);
}

export function addProvider({ preset = {}, etag, done }) {
  const values = { key: "", display_name: "", api_base: "", api_key_env: "", format: "", model_prefix: "", ids: "", ...preset };
  if (values.display_name === "…") Object.assign(values, { key: "", display_name: "" });
  const fields = providerFields(values, { fresh: true });
  const secret = textField(say("provider.secret"), "", { type: "password", hint: say("provider.secret_hint", { path: state.env_path }), autocomplete: "new-password" });
  const body = make("div", {}, make("div", { class: "pair" }, fields.key, fields.display_name), fields.api_base, make("div", { class: "pair" }, fields.api_key_env, secret), make("div", { class: "pair" }, fields.format, fields.model_prefix), modelsPart(values, secret));
  return dialog(say("provider.add"), body, [[say("go_on"), async (box) => {
    const names = ["display_name", "api_base", "api_key_env", "format", "model_prefix"];
    const sent = { key: values.key.trim(), ...Object.fromEntries(names.map((name) => [name, text(values[name])]).filter(([, value]) => value !== null)), models: values.ids.split("\n").map((id) => id.trim()).filter(Boolean).map((id) => ({ id })) };
    try {
      const hidden = secret.control.value;
      if (hidden && !sent.api_key_env) sent.api_key_env = variableOf(sent.key);
      // The config is written by then: that the key was refused must not look as if that had been.
      const kept = () => (hidden && sent.api_key_env ? call("PUT", `/api/env/${encodeURIComponent(sent.api_key_env)}`, { body: { value: hidden } }).then(() => toast(say("keys.saved", { name: sent.api_key_env })), (error) => toast(`${sent.api_key_env}: ${error.message}`)) : null);
      return await changeConfig({ method: "POST", path: "/api/config/providers", body: sent, etag, title: say("provider.add"), done: async () => { box.close(); await kept(); await done(); } });
    } catch (error) {
      if (error instanceof Refusal && markField(fields, error)) return false;
      throw error;
    }
  }, "primary"]]);
}

export function editProvider({ provider, etag, done }) {
  const values = { ...provider };
  const fields = providerFields(values, { fresh: false });
  const body = make("div", {}, fields.display_name, fields.api_base, fields.api_key_env, make("div", { class: "pair" }, fields.format, fields.model_prefix));
  return dialog(say("provider.edit_of", { name: provider.display_name }), body, [[say("go_on"), async (box) => {
    const changed = Object.fromEntries(["display_name", "api_base", "api_key_env", "format", "model_prefix"].filter((name) => text(values[name]) !== text(provider[name])).map((name) => [name, text(values[name])]));
    if (!Object.keys(changed).length) return true;
    try {
      return await changeConfig({ method: "PUT", path: `/api/config/providers/${encodeURIComponent(provider.key)}`, body: changed, etag, title: say("provider.edit_of", { name: provider.display_name }), done: async () => { box.close(); await done(); } });
    } catch (error) {
      if (error instanceof Refusal && markField(fields, error)) return false;
      throw error;
    }
  }, "primary"]]);
}

export function editModel({ provider, model, etag, done }) {
  const values = { id: "", display_name: "", context_window: "", max_output_tokens: "", skip_temperature: false, ...model };
  const set = (name) => (value) => { values[name] = value; };
  const fields = {
    id: textField(say("model.id"), values.id, { change: set("id"), hint: say("model.id_hint"), name: "id" }),
    display_name: textField(say("model.display_name"), values.display_name, { change: set("display_name"), name: "display_name" }),
    context_window: numberField(say("model.context_window"), values.context_window, { change: set("context_window"), hint: say("model.context_window_hint"), name: "context_window" }),
    max_output_tokens: numberField(say("model.max_output_tokens"), values.max_output_tokens, { change: set("max_output_tokens"), name: "max_output_tokens" }),
  };
  const body = make("div", {}, fields.id, fields.display_name, make("div", { class: "pair" }, fields.context_window, fields.max_output_tokens), tick(say("model.skip_temperature"), values.skip_temperature, set("skip_temperature")));
  const heading = model ? say("model.edit_of", { name: model.display_name }) : say("model.add_to", { name: provider.display_name });
  const base = `/api/config/providers/${encodeURIComponent(provider.key)}/models`;
  return dialog(heading, body, [[say("go_on"), async (box) => {
    const sent = { id: values.id.trim(), display_name: text(values.display_name), context_window: numberOf(values.context_window), max_output_tokens: numberOf(values.max_output_tokens), skip_temperature: values.skip_temperature };
    try {
      return await changeConfig({ method: model ? "PUT" : "POST", path: model ? `${base}/${model.n}?id=${encodeURIComponent(model.id)}` : base, body: sent, etag, title: heading, done: async () => { box.close(); await done(); } });
    } catch (error) {
      if (error instanceof Refusal && markField(fields, error)) return false;
      throw error;
    }
  }, "primary"]]);
}

// Asks the provider what it has, and adds what is chosen in one change of the file.
export function discoverModels({ provider, etag, done }) {
  const list = make("div", {}, make("p", { class: "muted" }, say("loading")));
  const chosen = new Set();
  post("/api/models/discover", { provider_key: provider.key }).then(({ url, models }) => {
    const rows = models.slice(0, 500).map((model) => tick(make("span", {}, foreign(model.id, 120), model.context_window ? make("small", {}, ` ${say("run.window", { n: whole(model.context_window) })}`) : null, model.known ? make("small", {}, ` ${say("provider.known")}`) : null), false, (on) => { if (on) chosen.add(model); else chosen.delete(model); }, { disabled: model.known }));
    fill(list, make("p", { class: "small" }, foreign(url)), rows.length ? make("div", { class: "models flush" }, ...rows) : make("p", {}, say("provider.none_found")));
  }, (error) => fill(list, problem(error)));
  return dialog(say("provider.discover_of", { name: provider.display_name }), list, [[say("provider.add_chosen"), async (box) => {
    if (!chosen.size) throw new Error(say("provider.none_chosen"));
    const models = [...chosen].map((model) => ({ id: model.id, context_window: model.context_window }));
    return changeConfig({ method: "POST", path: `/api/config/providers/${encodeURIComponent(provider.key)}/models/several`, body: { models }, etag, title: say("provider.discover_of", { name: provider.display_name }), done: async () => { box.close(); await done(); } });
  }, "primary"]]);
}

export const readConfig = () => get("/api/config");
