// Run: which models, how often, with what; what it will cost; and the three ways in where nothing is set up yet.
import { get } from "../parts/api.js";
import { problem } from "../parts/dialog.js";
import { fill, foreign, link, make } from "../parts/dom.js";
import { chipsField, choiceField, draft, numberField, numberOf, textField, tick } from "../parts/forms.js";
import { whole } from "../parts/format.js";
import { keyPill, title } from "../parts/show.js";
import { state } from "../parts/session.js";
import { say } from "../parts/words.js";
import { firstUse } from "../setup/first.js";
import { startRow } from "../setup/start.js";

const NAME = (provider, model) => `${provider.key}/${model.id}`;
const plain = { off: [], demo: false, runs: "", tiers: null, max_tokens: "", temperature: "", prompt: "", order: "lanes", threads: "1", timeout_s: "", retries: "", litellm: false, label: "", find: "" };

export async function view({ go, again }) {
  const config = await get("/api/config");
  if (config.problem) return { title: say("nav.run"), node: make("div", {}, title(say("run.title")), broken(config)) };
  if (!config.providers.length) return { title: say("nav.run"), node: firstUse({ go, again }) };
  const { values, save } = draft("run", plain);
  const form = { config, values, changed: () => { save(); plan.ask(); } };
  const plan = startRow({ what: () => request(form), label: say("run.start"), cost, go });
  const node = make("div", {}, title(say("run.title")), make("div", { class: "split" }, models(form), settings(form, plan)));
  plan.ask();
  return { title: say("nav.run"), node };
}

const broken = ({ problem: fault, path }) => make("div", { class: "card bad" }, make("h2", {}, say("config.unreadable")), make("p", {}, say("config.place", { path, line: fault.line ?? 1, column: fault.column ?? 1 })), make("p", { class: "problem" }, fault.message), make("p", {}, link("/providers", say("config.show"))));

// The body of the job: everything chosen is said by name, unless that is all there is.
function request({ config, values }) {
  const common = { kind: "bench", runs: numberOf(values.runs), context_tiers: values.tiers, max_tokens: numberOf(values.max_tokens), temperature: numberOf(values.temperature), prompt: values.prompt.trim() || null, order: values.order, threads: numberOf(values.threads) ?? 1, timeout_s: numberOf(values.timeout_s) ?? 60, retries: numberOf(values.retries) ?? 0, via: values.litellm ? "litellm" : "native", label: values.label };
  const chosen = config.providers.flatMap((provider) => provider.models.filter((model) => usable(provider, model) && !values.off.includes(NAME(provider, model))).map((model) => ({ provider_key: provider.key, model_id: model.id })));
  if (!chosen.length) return null;
  return { ...common, demo: false, models: chosen };
}

const keyOf = (provider) => provider.key_state;
const usable = (provider, model) => keyOf(provider) !== "missing" && !model.problem;

function models({ config, values, changed }) {
  const list = make("div", {});
  const count = make("small", { "aria-live": "polite" });
  const all = config.providers.flatMap((provider) => provider.models.map((model) => [provider, model]));
  const draw = () => {
    const matches = ([provider, model]) => `${provider.display_name} ${provider.key} ${model.display_name} ${model.id}`.toLowerCase().includes(values.find.toLowerCase());
    fill(list, ...config.providers.map((provider) => group(provider, provider.models.filter((model) => matches([provider, model])))));
    counted();
  };
  const counted = () => { count.textContent = say("run.chosen", { n: all.filter(([provider, model]) => usable(provider, model) && !values.off.includes(NAME(provider, model))).length, all: all.length }); };
  const set = (names, on) => { values.off = on ? values.off.filter((name) => !names.includes(name)) : [...new Set([...values.off, ...names])]; changed(); };

  function group(provider, shown) {
    if (!shown.length && (values.find || !provider.models.length)) return values.find ? null : make("div", { class: "group off" }, make("b", {}, foreign(provider.display_name)), " ", say("run.no_models"));
    const names = shown.filter((model) => usable(provider, model)).map((model) => NAME(provider, model));
    const on = names.filter((name) => !values.off.includes(name)).length;
    const whole_group = tick(make("b", {}, foreign(provider.display_name)), names.length > 0 && on === names.length, (checked) => { set(names, checked); draw(); }, { disabled: !names.length, indeterminate: on > 0 && on < names.length });
    const missing = keyOf(provider) === "missing" ? link(`/keys?name=${encodeURIComponent(provider.key_names?.[0] || "")}`, say("run.add_key")) : null;
    return make("div", { class: "group" }, make("div", { class: "head" }, whole_group, make("span", { class: "row" }, missing, keyPill(keyOf(provider)))), make("div", { class: "models" }, ...shown.map((model) => one(provider, model))));
  }

  function one(provider, model) {
    const name = NAME(provider, model);
    const ready = usable(provider, model);
    const label = make("span", { class: ready ? null : "off" }, foreign(model.display_name), make("small", {}, model.id === model.display_name ? null : [foreign(model.id, 90), " · "], say("run.window", { n: whole(model.context_window) })), model.problem ? make("small", { class: "bad-text" }, foreign(model.problem)) : null);
    return tick(label, ready && !values.off.includes(name), (checked) => { set([name], checked); draw(); }, { disabled: !ready, "data-model": name });
  }

  draw();
  const find = make("input", { type: "search", placeholder: say("run.find"), "aria-label": say("run.find"), value: values.find, on: { input: () => { values.find = find.value; draw(); } } });
  return make("section", { class: "card", "aria-labelledby": "models-title" }, make("div", { class: "head" }, make("h2", { id: "models-title" }, say("run.models"), " ", count), all.length > 6 ? find : null), list, make("p", { class: "hint" }, link("/providers", say("run.more_providers"))));
}

function settings({ config, values, changed }, plan) {
  const { defaults } = config;
  const set = (name) => (value) => { values[name] = value; changed(); };
  values.tiers ??= [...defaults.context_tiers];
  const tier = (text) => {
    if (!/^\d+$/.test(text.replace(/[ ,_]/g, ""))) throw new Error(say("run.tier_wrong"));
    return Number(text.replace(/[ ,_]/g, ""));
  };
  const fields = {
    prompt: textField(say("run.prompt"), values.prompt, { area: true, placeholder: defaults.prompt, change: set("prompt") }),
    runs: numberField(say("run.runs"), values.runs, { placeholder: String(defaults.runs), change: set("runs") }),
    max_tokens: numberField(say("run.max_tokens"), values.max_tokens, { placeholder: String(defaults.max_tokens), change: set("max_tokens") }),
    temperature: numberField(say("run.temperature"), values.temperature, { placeholder: defaults.temperature === null ? say("run.temperature_unset") : String(defaults.temperature), change: set("temperature") }),
    context_tiers: chipsField(say("run.tiers"), values.tiers, { read: tier, show: whole, change: (list) => { values.tiers = list; changed(); }, hint: say("run.tiers_hint"), placeholder: "5000" }),
    threads: numberField(say("run.threads"), values.threads, { hint: say("run.threads_hint"), change: set("threads") }),
    timeout_s: numberField(say("run.timeout"), values.timeout_s, { placeholder: "60", change: set("timeout_s") }),
    retries: numberField(say("run.retries"), values.retries, { placeholder: "0", change: set("retries") }),
    label: textField(say("label"), values.label, { change: set("label") }),
  };
  plan.fields = fields;
  const order = choiceField(say("run.order"), values.order, [["lanes", say("run.lanes")], ["interleaved", say("run.interleaved")]], set("order"));
  const more = make("details", {}, make("summary", {}, say("more_settings")), make("div", {}, order, make("p", { class: "hint" }, say("run.order_hint")), make("div", { class: "trio" }, fields.threads, fields.timeout_s, fields.retries), state.litellm_available ? make("div", { class: "field" }, tick(say("run.litellm"), values.litellm, set("litellm"))) : null, fields.label));
  return make("section", { class: "card side", "aria-label": say("run.settings") }, fields.prompt, make("div", { class: "trio" }, fields.runs, fields.max_tokens, fields.temperature), fields.context_tiers, more, plan.node);
}

// What it will cost, said before it begins.
function cost(plan) {
  const left_out = plan.cells.filter((cell) => cell.skipped);
  return [
    make("p", { id: "cost" }, make("b", {}, say("run.will_send", { n: plan.requests, requests: whole(plan.requests) })), make("br", {}), make("span", { class: "muted" }, say("run.at_most", { tokens: whole(plan.max_tokens) }), " · ", say("run.lanes_count", { n: plan.lanes.length }))),
    make("p", { class: "hint" }, say("run.cold_note")),
    left_out.length ? make("details", { class: "small" }, make("summary", {}, say("run.skipped", { n: left_out.length })), make("ul", {}, ...left_out.map((cell) => make("li", {}, foreign(`${cell.provider} / ${cell.model}${cell.context_tokens ? ` @ ${cell.context_tokens}` : ""}`), ": ", foreign(cell.skipped))))) : null,
  ];
}
