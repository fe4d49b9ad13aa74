// The rows of results in the history: what each was, how it ended, its best figures, and what can be done with it.
import { button, foreign, link, make } from "../parts/dom.js";
import { figure, mark, moment, whole } from "../parts/format.js";
import { statePill, trustPill } from "../parts/show.js";
import { named, say } from "../parts/words.js";

const COLUMNS = ["history.pick", "history.when", "history.what", "col.state", "history.figures", "actions"];

// `picks` has `has(id)` and `change(head, picked)`; `acts` has `edit(head)` and `drop(head)`.
export function headsTable(heads, picks, acts) {
  const head = make("tr", {}, ...COLUMNS.map((key, at) => make("th", { scope: "col", class: at === 5 ? null : "text" }, at ? say(key) : make("span", { class: "sr" }, say(key)))));
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("nav.history") }, make("table", { class: "stack pick" }, make("thead", {}, head), make("tbody", {}, ...heads.map((each) => row(each, picks, acts)))));
}

function row(each, picks, acts) {
  const name = each.label || named("kind.", each.kind);
  const readable = each.state !== "unreadable";
  const box = make("input", { type: "checkbox", checked: picks.has(each.id), disabled: !readable, "aria-label": say("history.pick_of", { name: `${name}, ${moment(each.started_at)}` }), on: { change: () => picks.change(each, box.checked) } });
  const heading = readable ? link(`/results/${encodeURIComponent(each.id)}`, foreign(name, 120)) : foreign(each.file);
  return make("tr", { "data-id": each.id },
    make("td", { class: "text" }, box),
    make("td", { class: "text nowrap" }, moment(each.started_at)),
    make("th", { scope: "row", class: "text wide" }, heading, make("small", {}, foreign(about(each))), each.note ? make("small", {}, foreign(each.note, 160)) : null, each.ours ? null : make("small", {}, foreign(each.file))),
    make("td", { class: "text" }, statePill(each.state), " ", each.trust && each.trust !== "trusted" ? trustPill(each.trust) : null),
    make("td", { class: "text wide" }, best(each)),
    make("td", { class: "acts-cell" }, make("div", { class: "row end" },
      button(say("result.label_short"), () => acts.edit(each), { "aria-label": say("history.label_of", { name }) }),
      each.ours ? button(say("delete"), () => acts.drop(each), { class: "danger", "aria-label": say("history.delete_of", { name }) }) : null)));
}

// Which models it was about, the first three by name; of a file that cannot be read, why.
function about(each) {
  if (each.state === "unreadable") return each.problem || "";
  const models = [...new Set(each.models)];
  const more = models.length > 3 ? ` +${models.length - 3}` : "";
  return `${each.label ? `${named("kind.", each.kind)} · ` : ""}${models.slice(0, 3).join(", ")}${more}`;
}

const line = (before, value, unit, who = null) => (value === null ? null : make("div", {}, before, make("b", {}, figure(value)), ` ${unit} `, who));
const failures = (each) => (each.failed ? make("small", { class: "bad-text" }, say("history.failed", { n: whole(each.failed) })) : null);

const BEST = {
  bench: (each) => [
    each.best_ttft_ms === null ? null : line("TTFT ", each.best_ttft_ms, "ms", make("small", {}, foreign(each.best_ttft_model, 80))),
    each.best_tokens_per_s === null ? null : line("", each.best_tokens_per_s, say("unit.tokens_per_s"), make("small", {}, foreign(each.best_tokens_model, 80))),
    failures(each),
  ],
  capacity: (each) => (each.level === null ? say("capacity.no_level") : [make("b", {}, mark(each.level)), " ", say("history.level")]),
  run: (each) => [
    line(`TTFT ${say(each.ttft_p95_ms === null ? "chart.p50" : "chart.p95")} `, each.ttft_p95_ms ?? each.ttft_p50_ms, "ms"),
    line("", each.requests_per_s, say("unit.per_s"), each.threads ? make("small", {}, say("load.threads_of", { n: each.threads })) : null),
    each.thresholds_missed ? make("small", { class: "bad-text" }, say("load.goals_missed", { n: each.thresholds_missed })) : null,
    failures(each),
  ],
};
const best = (each) => (BEST[each.kind] || BEST.run)(each);
