// History: every result of the folder and of the watched ones; search, filter, label, compare.
import { get, query } from "../parts/api.js";
import { problem } from "../parts/dialog.js";
import { button, fill, foreign, link, make } from "../parts/dom.js";
import { figure, mark, moment, whole } from "../parts/format.js";
import { onJobs } from "../parts/live.js";
import { empty, statePill, title, trustPill } from "../parts/show.js";
import { named, say } from "../parts/words.js";
import { dropResult, editHead } from "./result.js";

const MOST_COMPARED = 6;
const STATES = ["done", "cancelled", "interrupted", "failed", "unreadable"];

export async function view({ params, go }) {
  const asked = { q: params.get("q") || "", kind: params.get("kind") || "", state: params.get("state") || "", provider: params.get("provider") || "", model: params.get("model") || "" };
  const picked = new Map();
  const place = make("div", {});
  const count = make("p", { class: "lead", "aria-live": "polite" });
  const compare = make("div", { class: "picked", hidden: true });
  let heads = [];
  let next = null;
  let asks = 0;

  async function load(more = false) {
    const mine = (asks += 1);
    try {
      const found = await get(`/api/results?${query({ ...asked, limit: 50, before: more ? next : "" })}`);
      if (mine !== asks) return;
      heads = more ? [...heads, ...found.results] : found.results;
      next = found.next;
      count.textContent = found.total ? say("history.count", { matching: whole(found.matching ?? found.total), total: whole(found.total) }) : "";
      draw(found.total);
    } catch (error) {
      if (mine === asks) fill(place, make("div", { class: "card bad" }, problem(error), button(say("try_again"), () => load())));
    }
  }

  function draw(total) {
    if (!total) { fill(place, empty(say("history.none"), say("history.none_text"), link("/run", say("nav.run")), link("/load", say("nav.load")))); return; }
    if (!heads.length) { fill(place, empty(say("history.nothing"), say("history.nothing_text"), button(say("history.clear"), () => { Object.keys(asked).forEach((key) => { asked[key] = ""; }); go("/history"); }))); return; }
    fill(place, make("section", { class: "card flush" }, rows()), next ? make("p", {}, button(say("history.more"), () => load(true), { id: "more" })) : null);
  }

  function rows() {
    const head = make("tr", {}, ...["history.pick", "history.when", "history.what", "col.state", "history.figures", "actions"].map((key, at) => make("th", { scope: "col", class: at === 5 ? null : "text" }, at ? say(key) : make("span", { class: "sr" }, say(key)))));
    return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("nav.history") }, make("table", { class: "stack pick" }, make("thead", {}, head), make("tbody", {}, ...heads.map(row))));
  }

  function row(each) {
    const name = each.label || named("kind.", each.kind);
    const readable = each.state !== "unreadable";
    const box = make("input", { type: "checkbox", checked: picked.has(each.id), disabled: !readable, "aria-label": say("history.pick_of", { name: `${name}, ${moment(each.started_at)}` }), on: { change: () => pick(each, box) } });
    const title_of = readable ? link(`/results/${encodeURIComponent(each.id)}`, foreign(name, 120)) : foreign(each.file);
    const who = [...new Set([...each.models])];
    const about = readable ? `${each.label ? `${named("kind.", each.kind)} · ` : ""}${who.slice(0, 3).join(", ")}${who.length > 3 ? ` +${who.length - 3}` : ""}` : each.problem;
    return make("tr", { "data-id": each.id }, make("td", { class: "text" }, box), make("td", { class: "text nowrap" }, moment(each.started_at)), make("th", { scope: "row", class: "text wide" }, title_of, make("small", {}, foreign(about || "")), each.note ? make("small", {}, foreign(each.note, 160)) : null, each.ours ? null : make("small", {}, foreign(each.file))), make("td", { class: "text" }, statePill(each.state), " ", each.trust && each.trust !== "trusted" ? trustPill(each.trust) : null), make("td", { class: "text wide" }, best(each)), make("td", { class: "acts-cell" }, make("div", { class: "row end" }, button(say("result.label_short"), () => editHead(each, load), { "aria-label": say("history.label_of", { name }) }), each.ours ? button(say("delete"), () => dropResult(each, load), { class: "danger", "aria-label": say("history.delete_of", { name }) }) : null)));
  }

  function best(each) {
    if (each.kind === "bench") return [each.best_ttft_ms === null ? null : make("div", {}, "TTFT ", make("b", {}, figure(each.best_ttft_ms)), " ms ", make("small", {}, foreign(each.best_ttft_model, 80))), each.best_tokens_per_s === null ? null : make("div", {}, make("b", {}, figure(each.best_tokens_per_s)), " tokens/s ", make("small", {}, foreign(each.best_tokens_model, 80))), each.failed ? make("small", { class: "bad-text" }, say("history.failed", { n: whole(each.failed) })) : null];
    if (each.kind === "capacity") return each.level === null ? say("capacity.no_level") : [make("b", {}, mark(each.level)), " ", say("history.level")];
    return [make("div", {}, `TTFT ${say("chart.p95")} `, make("b", {}, figure(each.ttft_p95_ms ?? each.ttft_p50_ms)), " ms"), make("div", {}, make("b", {}, figure(each.requests_per_s)), ` ${say("unit.per_s")} `, each.threads ? make("small", {}, say("load.threads_of", { n: each.threads })) : null), each.thresholds_missed ? make("small", { class: "bad-text" }, say("load.goals_missed", { n: each.thresholds_missed })) : null, each.failed ? make("small", { class: "bad-text" }, say("history.failed", { n: whole(each.failed) })) : null];
  }

  function pick(each, box) {
    if (box.checked) picked.set(each.id, each); else picked.delete(each.id);
    const kinds = new Set([...picked.values()].map((one) => one.kind));
    const enough = picked.size >= 2 && picked.size <= MOST_COMPARED && kinds.size === 1;
    const why = kinds.size > 1 ? say("history.kinds") : picked.size > MOST_COMPARED ? say("history.too_many", { most: MOST_COMPARED }) : picked.size < 2 ? say("history.one_more") : say("history.picked", { n: picked.size });
    compare.hidden = !picked.size;
    fill(compare, make("span", { "aria-live": "polite" }, why), button(say("history.compare"), () => go(`/compare?ids=${[...picked.keys()].map(encodeURIComponent).join(",")}`), { class: "primary", id: "compare", disabled: !enough }), button(say("history.unpick"), () => { picked.clear(); draw(1); compare.hidden = true; }));
  }

  const filters = filterRow(asked, () => { history.replaceState(null, "", `/history?${query(asked)}`); load(); });
  await load();
  const first = params.get("pick");
  const start = heads.find((each) => each.id === first);
  if (start) { picked.set(start.id, start); draw(1); pick(start, { checked: true }); }
  const jobs = make("div", {});
  const now = () => get("/api/jobs").then((found) => fill(jobs, jobsOf(found.jobs)), () => {});
  now();
  const stop = onJobs(({ changed }) => { if (!changed) return; now(); if (changed.result_id) load(); });
  return { title: say("nav.history"), node: make("div", {}, title(say("nav.history")), jobs, filters, count, compare, place), leave: stop };
}

// What runs, what waits, and what was interrupted before it had a result: none of these is in the list of results.
function jobsOf(all) {
  const shown = all.filter((job) => ["queued", "running", "cancelling"].includes(job.state) || (job.state === "interrupted" && job.can_run_rest && !job.result_id)).slice(0, 10);
  if (!shown.length) return null;
  return make("section", { class: "card", "aria-label": say("history.jobs") }, make("ul", { class: "plainlist" }, ...shown.map((job) => make("li", { class: "row" }, statePill(job.state), link(`/jobs/${encodeURIComponent(job.id)}`, foreign(job.label || job.title, 120)), make("small", {}, moment(job.created_at))))));
}

function filterRow(asked, changed) {
  let timer = 0;
  const find = make("input", { type: "search", value: asked.q, placeholder: say("history.find"), "aria-label": say("history.find"), on: { input: () => { asked.q = find.value; clearTimeout(timer); timer = setTimeout(changed, 250); } } });
  const text = (name) => { const input = make("input", { value: asked[name], placeholder: say(`history.${name}`), "aria-label": say(`history.${name}`), class: "short", on: { change: () => { asked[name] = input.value.trim(); changed(); } } }); return input; };
  const choose = (name, choices) => { const box = make("select", { "aria-label": say(`history.${name}`), on: { change: () => { asked[name] = box.value; changed(); } } }, make("option", { value: "" }, say(`history.every_${name}`)), ...choices.map(([value, label]) => make("option", { value, selected: asked[name] === value }, label))); return box; };
  return make("form", { class: "row filters", role: "search", on: { submit: (event) => event.preventDefault() } }, find, choose("kind", ["bench", "run", "capacity"].map((kind) => [kind, say(`kind.${kind}`)])), choose("state", STATES.map((name) => [name, say(`state.${name}`)])), text("provider"), text("model"));
}
