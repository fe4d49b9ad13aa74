// Pieces that several pages show: states, figures, facts and tables.
import { button, fill, freshId, make } from "./dom.js";
import { figure } from "./format.js";
import { named, say } from "./words.js";

const LOOKS = { queued: "", running: "busy", cancelling: "busy", done: "good", cancelled: "", failed: "wrong", interrupted: "fair", unreadable: "wrong", waiting: "", skipped: "" };
export const statePill = (state) => make("span", { class: `pill ${LOOKS[state] || ""}`, "data-state": state }, named("state.", state));
export const jobPill = (job) => statePill(job.state);

const TRUST = { trusted: "good", degraded: "fair", invalid: "wrong" };
export const trustPill = (verdict) => (TRUST[verdict] ? make("span", { class: `pill ${TRUST[verdict]}`, title: say("trust.hint") }, named("trust.", verdict)) : null);

const KEYS = { set: "good", env: "good", missing: "fair", literal: "fair", not_needed: "" };
export const keyPill = (name) => make("span", { class: `pill ${KEYS[name] || ""}` }, named("key.", name));

export const tiles = (list) => make("dl", { class: "tiles" }, ...list.map(([label, value, unit]) => make("div", {}, make("dt", {}, label), make("dd", {}, make("b", {}, value), unit && value !== say("n_a") ? make("small", {}, unit) : null))));

export const facts = (list) => make("dl", { class: "facts" }, ...list.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([label, value, wide]) => make("div", { class: wide ? "wide" : null }, make("dt", {}, label), make("dd", {}, value))));

export const title = (text, ...beside) => make("div", { class: "title" }, make("h1", {}, text), beside.length ? make("div", { class: "row" }, ...beside) : null);
export const lead = (text) => make("p", { class: "lead" }, text);

export const empty = (heading, text, ...actions) => make("div", { class: "card empty" }, make("h2", {}, heading), text ? make("p", {}, text) : null, make("div", { class: "row", css: { "justify-content": "center" } }, ...actions));

// The median of a metric, or the mean where no median is known (files of other tools).
export const center = (stats) => stats?.p50 ?? stats?.mean ?? null;
export function spread(stats) {
  const middle = center(stats);
  const low = stats?.min;
  const range = middle !== null && low !== null && low !== undefined && stats.max !== null && stats.count > 1 ? make("small", {}, `${figure(low)} – ${figure(stats.max)}`) : null;
  return [figure(middle), range];
}

// What went wrong with a request: the message alone where it says its kind itself.
export const failure = (outcome, message) => (/^HTTP \d/.test(message) ? message : `${named("outcome.", outcome)}: ${message}`);

export const cellName = (cell, tier = true) => `${cell.provider} / ${cell.model}${tier && cell.context_tokens ? ` @ ${cell.context_tokens}` : ""}`;
export const modelKey = (cell) => `${cell.provider_key}/${cell.model_id}`;

// A cell without anything in it needs no label on a narrow screen.
const bare = (cell) => { if (!cell.textContent) cell.classList.add("none"); return cell; };

// A table that sorts by a click on a head.  columns: {label, value(row), show?(row), text?, wide?, plain?}; the first is the row's head.
export function table(columns, rows, { caption, note, sort = null, descending = false, stack = false } = {}) {
  const id = freshId("table");
  const body = make("tbody", {});
  const heads = columns.map((column, at) => {
    const head = make("th", { scope: "col", class: column.text ? "text" : null });
    const press = () => { [sort, descending] = [at, sort === at ? !descending : !column.text]; draw(); };
    head.append(column.plain || rows.length < 2 ? column.label : button(column.label, press));
    return head;
  });
  const compare = (a, b) => {
    const [x, y] = [columns[sort].value(a), columns[sort].value(b)];
    const missing = (value) => value === null || value === undefined || value === "";
    // What was not measured stays at the end, whichever way.
    if (missing(x) || missing(y)) return missing(x) - missing(y);
    return (typeof x === "number" ? x - y : String(x).localeCompare(String(y))) * (descending ? -1 : 1);
  };
  const cell = (row) => (column, at) => bare(make(at ? "td" : "th", { scope: at ? null : "row", class: [column.text ? "text" : "", column.wide ? "wide" : "", column.plain ? "acts-cell" : ""].join(" ").trim() || null, "data-label": at && !column.plain ? column.label : null }, ...[column.show ? column.show(row) : column.text ? String(column.value(row) ?? "") : figure(column.value(row))].flat()));
  const draw = () => {
    const ordered = sort === null ? rows : [...rows].sort(compare);
    fill(body, ...ordered.map((row) => make("tr", {}, ...columns.map(cell(row)))));
    heads.forEach((head, at) => { if (at === sort) head.setAttribute("aria-sort", descending ? "descending" : "ascending"); else head.removeAttribute("aria-sort"); });
  };
  draw();
  const head = caption ? make("caption", { id }, caption, note ? make("small", {}, note) : null) : null;
  const node = make("table", { class: stack ? "stack" : null }, head, make("thead", {}, make("tr", {}, ...heads)), body);
  const region = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption || say("table") }, node);
  region.show = (other) => { rows = other; draw(); };
  return region;
}
