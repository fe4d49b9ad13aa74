// What the forms of a load test and of a search for capacity share: the target, and every other flag of the command line.
import { get, query } from "../parts/api.js";
import { fill, make } from "../parts/dom.js";
import { choiceField, chipsField, numberOf, selectField, textField, tick } from "../parts/forms.js";
import { state } from "../parts/session.js";
import { say } from "../parts/words.js";

export const plainTarget = { kind: "", url: "", format: "auto", model: "", api_key_env: "", headers: "", chosen: "", max_tokens: "" };

const SEP = "\u0000";
const text = (value) => (String(value ?? "").trim() === "" ? null : String(value).trim());

// The target of the job's body; null when none is named yet.
export function targetOf(values) {
  if (values.kind === "demo") return { kind: "demo" };
  if (values.kind === "model") {
    const [provider_key, model_id] = values.chosen.split(SEP);
    return model_id ? { kind: "model", provider_key, model_id, max_tokens: numberOf(values.max_tokens), temperature: null } : null;
  }
  return text(values.url) ? { kind: "url", url: values.url.trim(), format: values.format, model: text(values.model), api_key_env: text(values.api_key_env), headers: headersOf(values.headers) } : null;
}

// A line without a colon is a name without a value, which the server refuses by its name.
function headersOf(lines) {
  const pairs = String(lines || "").split("\n").filter((line) => line.trim()).map((line) => line.split(/:(.*)/s, 2).map((part) => part.trim()));
  return Object.fromEntries(pairs.map(([name, value = ""]) => [name, value]));
}

// The section in which the target is chosen; `fields` gets those that a refusal may name.
export function targetSection({ config, env, values, fields, changed }) {
  const models = config.providers.flatMap((provider) => provider.models.map((model) => [`${provider.key}${SEP}${model.id}`, `${provider.display_name} / ${model.display_name}`]));
  values.kind ||= models.length ? "model" : "url";
  if (!models.some(([name]) => name === values.chosen)) values.chosen = models[0]?.[0] || "";
  const kinds = [...(models.length ? [["model", say("target.model")]] : []), ["url", say("target.url")], ...(state.demo_available === false ? [] : [["demo", say("target.demo")]])];
  const part = make("div", {});
  const set = (name) => (value) => { values[name] = value; changed(); };
  const parts = {
    model: () => {
      fields.max_tokens = textField(say("run.max_tokens"), values.max_tokens, { placeholder: String(config.defaults.max_tokens), inputmode: "numeric", change: set("max_tokens") });
      return [selectField(say("target.which"), values.chosen, models, { change: set("chosen") }), fields.max_tokens];
    },
    url: () => {
      const names = env.variables.map((variable) => variable.name);
      fields.url = textField(say("target.address"), values.url, { placeholder: "http://localhost:8000", hint: say("target.address_hint"), change: set("url"), name: "url" });
      fields.format = selectField(say("provider.format"), values.format, [["auto", say("target.format_auto")], ...state.formats], { change: set("format") });
      fields.model = textField(say("target.model_name"), values.model, { change: set("model"), name: "model" });
      fields.api_key_env = selectField(say("target.key"), values.api_key_env, [["", say("target.no_key")], ...names], { change: set("api_key_env"), hint: say("target.key_hint") });
      fields.headers = textField(say("target.headers"), values.headers, { area: true, rows: 3, placeholder: "X-Api-Key: $MY_KEY", hint: say("target.headers_hint"), change: set("headers"), name: "headers" });
      return [fields.url, make("div", { class: "trio" }, fields.format, fields.model, fields.api_key_env), fields.headers];
    },
    demo: () => [make("p", { class: "muted" }, say("target.demo_text"))],
  };
  const draw = () => fill(part, parts[values.kind]?.());
  draw();
  return make("section", { class: "card" }, make("h2", {}, say("target.title")), choiceField(say("target.kind"), values.kind, kinds, (kind) => { values.kind = kind; draw(); changed(); }), part);
}

// Each flag that no field of the form is for: by group, with the help of the command line.
export async function otherFlags({ command, known, values, fields, changed }) {
  const { flags } = await get(`/api/flags?${query({ command })}`);
  const rest = flags.filter((flag) => !known.includes(flag.key));
  const groups = [...new Set(rest.map((flag) => flag.group))];
  const set = (key) => (value) => { if (value === "" || value === false || (Array.isArray(value) && !value.length)) delete values[key]; else values[key] = value; changed(); };
  const one = (flag) => {
    if (flag.switch) return make("div", { class: "field" }, tick(make("span", {}, make("b", {}, flag.name), " ", make("small", {}, flag.help)), Boolean(values[flag.key]), set(flag.key)));
    if (flag.repeat) { fields[flag.key] = chipsField(flag.name, [...(values[flag.key] || [])], { change: set(flag.key), hint: flag.help, wide: true, placeholder: flag.metavar }); return fields[flag.key]; }
    fields[flag.key] = textField(flag.name, values[flag.key] ?? "", { hint: flag.help, placeholder: flag.default === null || flag.default === "" ? flag.metavar : String(flag.default), change: set(flag.key) });
    return fields[flag.key];
  };
  const group = (name) => { const own = rest.filter((flag) => flag.group === name); return make("details", { open: false }, make("summary", {}, own[0].group_title || name, " ", make("small", {}, String(own.length))), make("div", { class: "pair" }, ...own.map(one))); };
  return make("section", { class: "card" }, make("h2", {}, say("load.all_flags")), make("p", { class: "muted" }, say("load.all_flags_text")), ...groups.map(group));
}

// Rules such as ttft_ms:p(95)<500, put together or typed.
export function rulesField({ label, values, key, fields, changed, hint, metrics }) {
  const list = [...(values[key] || [])];
  const set = (rules) => { if (rules.length) values[key] = [...rules]; else delete values[key]; changed(); };
  fields[key] = chipsField(label, list, { change: set, hint, wide: true, placeholder: metrics[0][0], read: (rule) => { if (!/[<>=!]/.test(rule)) throw new Error(say("goals.wrong")); return rule; }, name: key });
  const often = make("div", { class: "chips small" }, say("goals.often"), ...metrics.map(([rule, name]) => make("button", { type: "button", class: "plain", on: { click: () => { fields[key].control.value = rule; fields[key].control.focus(); } } }, name)));
  return make("div", {}, fields[key], often);
}

export const cost = (plan) => [make("p", { id: "cost" }, make("b", {}, plan.requests === null || plan.requests === undefined ? say("load.until_time") : say("run.will_send", { n: plan.requests, requests: String(plan.requests) })))];
