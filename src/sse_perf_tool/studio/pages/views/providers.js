// Providers: what config.yaml says, and every change of it shown before it is made.
import { get, post } from "../parts/api.js";
import { dialog, differenceView, problem } from "../parts/dialog.js";
import { button, fill, foreign, link, make } from "../parts/dom.js";
import { figure, moment, whole } from "../parts/format.js";
import { empty, facts, keyPill, lead, title } from "../parts/show.js";
import { state } from "../parts/session.js";
import { named, say } from "../parts/words.js";
import { LOCAL, WITH_KEY, addProvider, changeConfig, discoverModels, editModel, editProvider, variableOf } from "../setup/provider_form.js";

export async function view({ again }) {
  const config = await get("/api/config");
  const locked = new Set((state.running?.request?.models || []).map((model) => model.provider_key));
  const tools = { config, again, locked };
  const add = button(say("provider.add"), () => addProvider({ etag: config.etag, done: again }), { class: "primary", disabled: config.read_only });
  const backups = button(say("backups"), () => showBackups(tools));
  const list = config.providers.length ? config.providers.map((provider) => card(provider, tools)) : config.problem ? [] : [none(tools)];
  const node = make("div", {}, title(say("nav.providers"), backups, add), make("p", { class: "lead spaced" }, say("providers.lead"), " ", make("code", {}, config.path)), config.problem ? unreadable(config) : null, warnings(config), ...list);
  return { title: say("nav.providers"), node };
}

const unreadable = ({ problem: fault, path }) => make("section", { class: "card bad" }, make("h2", {}, say("config.unreadable")), make("p", {}, say("config.place", { path, line: fault.line ?? 1, column: fault.column ?? 1 })), make("p", { class: "problem" }, fault.message), fault.text ? make("pre", { class: "code" }, `${fault.line}  ${fault.text}`) : null, make("p", { class: "hint" }, say("config.read_only")));

const warnings = ({ warnings: list = [] }) => (list.length ? make("section", { class: "card note" }, make("h2", {}, say("config.warnings")), make("ul", {}, ...list.map((text) => make("li", {}, foreign(text))))) : null);

function none({ config, again }) {
  const preset = (each) => button(each.display_name, () => addProvider({ preset: each, etag: config.etag, done: again }));
  return empty(say("providers.none"), say("providers.none_text"), ...[...LOCAL, ...WITH_KEY].map(preset));
}

function card(provider, { config, again, locked }) {
  const closed = config.read_only || locked.has(provider.key);
  const name = foreign(provider.display_name);
  const path = `/api/config/providers/${encodeURIComponent(provider.key)}`;
  const heading = say("provider.delete_of", { name: provider.display_name });
  const act = (label, press, attributes = {}) => button(label, press, { disabled: closed, ...attributes });
  const remove = guarded(() => changeConfig({ method: "DELETE", path, etag: config.etag, title: heading, done: again }));
  const move = provider.literal_key ? act(say("provider.move_key"), guarded(() => changeConfig({ method: "POST", path: `${path}/key-to-env`, body: { name: variableOf(provider.key) }, etag: config.etag, title: say("provider.move_key"), done: again }))) : null;
  const list = [
    [say("provider.api_base"), provider.api_base ? foreign(provider.api_base) : say("provider.by_prefix")],
    [say("provider.api_key_env"), (provider.key_names || []).join(", ") || null],
    [say("provider.format"), provider.format || (provider.model_prefix ? `${provider.model_prefix}/…` : null)],
    [say("provider.headers"), Object.keys(provider.headers || {}).join(", ") || null],
    [say("provider.line"), provider.line ? say("provider.in_line", { key: provider.key, line: provider.line }) : provider.key],
  ];
  const wrong = make("div", { role: "alert" });
  function guarded(task) { return async () => { try { fill(wrong); await task(); } catch (error) { fill(wrong, problem(error)); } }; }
  const rows = provider.models.map((model) => modelRow(provider, model, { config, again, closed, guarded, path }));
  return make("section", { class: "card", "data-provider": provider.key },
    make("div", { class: "head" }, make("h2", {}, name, " ", keyPill(provider.key_state)), make("div", { class: "row" }, provider.key_state === "missing" ? link(`/keys?name=${encodeURIComponent(provider.key_names?.[0] || "")}`, say("run.add_key")) : null, act(say("edit"), () => editProvider({ provider, etag: config.etag, done: again })), act(say("provider.discover"), () => discoverModels({ provider, etag: config.etag, done: again })), act(say("model.add"), () => editModel({ provider, etag: config.etag, done: again })), move, act(say("delete"), remove, { class: "danger" }))),
    locked.has(provider.key) ? make("p", { class: "hint" }, say("provider.locked")) : null, facts(list), wrong, rows.length ? make("div", { class: "list" }, ...rows) : make("p", { class: "muted" }, say("run.no_models")));
}

function modelRow(provider, model, { config, again, closed, guarded, path }) {
  const outcome = make("div", { class: "outcome", "aria-live": "polite" });
  const remove = guarded(() => changeConfig({ method: "DELETE", path: `${path}/models/${model.n}?id=${encodeURIComponent(model.id)}`, etag: config.etag, title: say("model.delete_of", { name: model.display_name }), done: again }));
  const check = button(say("check"), async () => {
    check.disabled = true;
    fill(outcome, make("p", { class: "muted" }, say("checking")));
    try { fill(outcome, checked(await post("/api/check", { provider_key: provider.key, model_id: model.id }))); } catch (error) { fill(outcome, problem(error)); }
    check.disabled = false;
  }, { title: say("check_hint"), "aria-label": say("check_of", { name: model.display_name }) });
  const about = [model.context_window ? say("run.window", { n: whole(model.context_window) }) : null, model.max_output_tokens ? say("model.out", { n: whole(model.max_output_tokens) }) : null, model.skip_temperature ? say("model.no_temperature") : null, model.format].filter(Boolean).join(" · ");
  return make("div", { class: "item", "data-model": model.id }, make("div", { class: "head" }, make("div", {}, foreign(model.display_name), make("small", { class: "block" }, model.id === model.display_name ? null : [foreign(model.id, 120), " · "], about)), make("div", { class: "row" }, check, button(say("edit"), () => editModel({ provider, model, etag: config.etag, done: again }), { disabled: closed, "aria-label": say("model.edit_of", { name: model.display_name }) }), button(say("delete"), remove, { class: "danger", disabled: closed, "aria-label": say("model.delete_of", { name: model.display_name }) }))), model.problem ? make("p", { class: "problem" }, foreign(model.problem)) : null, outcome);
}

// What one request with one token told.
function checked(found) {
  const good = found.ok;
  const line = good ? say("check.good", { ttft: figure(found.ttft_ms) }) : say("check.bad", { outcome: named("outcome.", found.outcome), status: found.status ?? "–" });
  const notes = [found.error, found.key === "refused" ? say("check.key_refused") : null, found.refused?.length ? say("check.refused", { fields: found.refused.join(", ") }) : null, found.hint, ...(found.notes || [])].filter(Boolean);
  const keys = found.key === "refused" ? link("/keys", say("nav.keys")) : null;
  return make("div", { class: good ? "answer" : "problem" }, make("b", { class: good ? "good-text" : "bad-text" }, line), make("small", { class: "block" }, foreign(found.url), " · ", foreign(found.format)), ...notes.map((text) => make("div", { class: "small" }, foreign(text))), keys);
}

async function showBackups({ config, again }) {
  const list = make("div", {}, make("p", { class: "muted" }, say("loading")));
  const look = async (backup, place) => { try { fill(place, differenceView((await get(`/api/config/backups/${encodeURIComponent(backup.name)}`)).diff)); } catch (error) { fill(place, problem(error)); } };
  get("/api/config/backups").then(({ backups }) => fill(list, backups.length ? backups.map((backup) => {
    const place = make("div", {});
    const back = button(say("backup.restore"), async () => { try { await changeConfig({ method: "POST", path: `/api/config/backups/${encodeURIComponent(backup.name)}/restore`, etag: config.etag, title: say("backup.restore"), done: async () => { list.closest("dialog").close(); await again(); } }); } catch (error) { fill(place, problem(error)); } });
    return make("div", { class: "item" }, make("div", { class: "head" }, moment(backup.at), make("div", { class: "row" }, button(say("difference"), () => look(backup, place)), back)), place);
  }) : make("p", {}, say("backup.none"))), (error) => fill(list, problem(error)));
  await dialog(say("backups"), make("div", {}, make("p", { class: "muted" }, say("backup.lead")), list), []);
}
