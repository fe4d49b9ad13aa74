// History: every result of the folder and of the watched ones; search, filter, label, compare.
import { get, query } from "../parts/api.js";
import { problem } from "../parts/dialog.js";
import { button, fill, foreign, link, make } from "../parts/dom.js";
import { moment, whole } from "../parts/format.js";
import { onJobs } from "../parts/live.js";
import { empty, statePill, title } from "../parts/show.js";
import { say } from "../parts/words.js";
import { headsTable } from "../results/heads.js";
import { dropResult, editHead } from "./result.js";

const MOST_COMPARED = 6;
const STATES = ["done", "cancelled", "interrupted", "failed", "unreadable"];

export async function view({ params, go }) {
  const asked = Object.fromEntries(["q", "kind", "state", "provider", "model"].map((name) => [name, params.get(name) || ""]));
  const list = resultList(asked, go);
  const filters = filterRow(asked, () => { history.replaceState(null, "", `/history?${query(asked)}`); list.load(); });
  await list.load();
  list.pick(params.get("pick"));
  const jobs = make("div", {});
  const now = () => get("/api/jobs").then((found) => fill(jobs, jobsOf(found.jobs)), () => {});
  now();
  const stop = onJobs(({ changed }) => { if (!changed) return; now(); if (changed.result_id) list.load(); });
  return { title: say("nav.history"), node: make("div", {}, title(say("nav.history")), jobs, filters, ...list.nodes), leave: stop };
}

// The results that are asked for, page by page; `load()` begins anew.
function resultList(asked, go) {
  const place = make("div", {});
  const count = make("p", { class: "lead", "aria-live": "polite" });
  const picks = picksBar(go, () => draw());
  const acts = { edit: (head) => editHead(head, load), drop: (head) => dropResult(head, load) };
  let [heads, next, total, asks] = [[], null, 0, 0];

  async function load(more = false) {
    const mine = (asks += 1);
    try {
      const found = await get(`/api/results?${query({ ...asked, limit: 50, before: more === true ? next : "" })}`);
      if (mine !== asks) return;
      heads = more === true ? [...heads, ...found.results] : found.results;
      [next, total] = [found.next, found.total];
      count.textContent = total ? say("history.count", { matching: whole(found.matching ?? total), total: whole(total) }) : "";
      draw();
    } catch (error) {
      if (mine === asks) fill(place, make("div", { class: "card bad" }, problem(error), button(say("try_again"), () => load())));
    }
  }

  function draw() {
    if (!total) { fill(place, empty(say("history.none"), say("history.none_text"), link("/run", say("nav.run")), link("/load", say("nav.load")))); return; }
    if (!heads.length) { fill(place, empty(say("history.nothing"), say("history.nothing_text"), button(say("history.clear"), () => go("/history")))); return; }
    fill(place, make("section", { class: "card flush" }, headsTable(heads, picks, acts)), next ? make("p", {}, button(say("history.more"), () => load(true), { id: "more" })) : null);
  }

  function pick(id) {
    const head = heads.find((each) => each.id === id);
    if (head) { picks.change(head, true); draw(); }
  }

  return { nodes: [count, picks.node, place], load, pick };
}

// What is chosen to be compared, and what is still wrong with the choice.
function picksBar(go, redraw) {
  const picked = new Map();
  const node = make("div", { class: "picked", hidden: true });
  // The oldest is what the others are held against, whichever was chosen first.
  const ids = () => [...picked.values()].sort((a, b) => String(a.started_at).localeCompare(String(b.started_at))).map((head) => encodeURIComponent(head.id));

  function show() {
    const kinds = new Set([...picked.values()].map((one) => one.kind));
    const enough = picked.size >= 2 && picked.size <= MOST_COMPARED && kinds.size === 1;
    const why = kinds.size > 1 ? say("history.kinds") : picked.size > MOST_COMPARED ? say("history.too_many", { most: MOST_COMPARED }) : picked.size < 2 ? say("history.one_more") : say("history.picked", { n: picked.size });
    const compare = button(say("history.compare"), () => go(`/compare?ids=${ids().join(",")}`), { class: "primary", id: "compare", disabled: !enough });
    const none = button(say("history.unpick"), () => { picked.clear(); show(); redraw(); });
    node.hidden = !picked.size;
    fill(node, make("span", { "aria-live": "polite" }, why), compare, none);
  }

  return { node, has: (id) => picked.has(id), change: (head, on) => { if (on) picked.set(head.id, head); else picked.delete(head.id); show(); } };
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
