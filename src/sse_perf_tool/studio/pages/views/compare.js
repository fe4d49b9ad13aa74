// Compare: two to six results of one kind, each figure with its difference from the first and the interval of that.
import { Refusal, get, query } from "../parts/api.js";
import { foreign, link, make } from "../parts/dom.js";
import { figure, moment, signed } from "../parts/format.js";
import { problem } from "../parts/dialog.js";
import { chart, chartsMissing, swatch } from "../parts/charts.js";
import { empty, statePill, title, trustPill } from "../parts/show.js";
import { language, named, say } from "../parts/words.js";

export async function view({ params }) {
  const ids = [...new Set((params.get("ids") || "").split(",").filter(Boolean))].slice(0, 6);
  const name = say("nav.compare");
  if (ids.length < 2) return { title: name, node: make("div", {}, title(name), empty(say("compare.choose"), say("compare.choose_text"), link("/history", say("compare.go")))) };
  let found;
  let heads;
  try {
    [found, heads] = await Promise.all([get(`/api/compare?${query({ ids: ids.join(",") })}`), Promise.all(ids.map((id) => get(`/api/results/${encodeURIComponent(id)}`).then((each) => each.head)))]);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { title: name, node: make("div", {}, title(name), make("div", { class: "card bad" }, problem(error), link("/history", say("compare.go")))) };
  }
  const page = `/api/compare/report?${query({ ids: ids.join(","), lang: language() })}`;
  const report = [make("a", { class: "as-button", href: `${page}&download=true`, download: true }, say("result.download")), make("a", { class: "as-button primary", href: page, target: "_blank", rel: "noopener", id: "report" }, say("compare.report"))];
  const nothing = found.nothing_in_common || !found.cells.length;
  const node = make("div", { "data-compare": ids.join(",") }, title(name, link("/history", say("compare.others")), ...report), runs(heads), nothing ? make("section", { class: "card note" }, make("h2", {}, say("compare.nothing")), make("p", {}, say("compare.nothing_text"))) : [summary(found), table(found, heads), chartsMissing() ? null : pictures(found, heads)], ...(found.notes || []).map((note) => make("p", { class: "hint" }, foreign(note, 400))));
  return { title: name, node };
}

const letter = (at) => String.fromCharCode(65 + at);
const nameOf = (head) => head.label || `${named("kind.", head.kind)} ${moment(head.started_at)}`;
const runColour = (at) => `c${(at % 6) + 1}`;

// Which result is which letter; the first is what the others are held against.
function runs(heads) {
  return make("section", { class: "card" }, make("ul", { class: "plainlist" }, ...heads.map((head, at) => make("li", {}, swatch(runColour(at)), make("b", {}, letter(at)), " ", link(`/results/${encodeURIComponent(head.id)}`, foreign(nameOf(head), 120)), " ", head.label ? make("small", {}, moment(head.started_at)) : null, " ", statePill(head.state), " ", trustPill(head.trust), at ? null : make("small", {}, ` ${say("compare.base")}`)))));
}

// A share is shown in percent.
const isShare = (row) => row.figure === "success_rate";
const scaled = (row, value) => (isShare(row) && typeof value === "number" ? value * 100 : value);
const better = (row, difference) => (difference.shift > 0) === Boolean(row.more_is_better);

// The answer at the top, in the words of the report: of each but the first.
function summary(found) {
  const block = ({ grade, headline, lead }, number) => make("div", { class: `verdict ${grade}` }, make("h2", {}, make("small", {}, say("compare.against", { other: letter(number + 1), base: letter(0) })), " ", headline), lead ? make("p", {}, lead) : null);
  return make("div", { class: found.verdicts.length > 1 ? "verdicts" : null }, ...found.verdicts.map(block));
}

// A bar of a figure, against the largest of its row.
function bar(row, at) {
  const most = Math.max(...row.values.filter((value) => value !== null));
  if (!(most > 0) || row.values[at] === null) return null;
  return make("i", { class: "meter", "aria-hidden": "true", css: { "--share": row.values[at] / most, "--swatch": `var(--${runColour(at)})` } });
}

function figureName(row) {
  const [metric, ...statistic] = row.figure.split(" ");
  return [named("figure.", metric), ...statistic].join(" ");
}

function table(found, heads) {
  // Only a benchmark has the same figure of several things.
  const titled = found.kind === "bench";
  const head = make("tr", {}, titled ? make("th", { scope: "col", class: "text" }, say("compare.cell")) : null, make("th", { scope: "col", class: "text" }, say("col.figure")), ...heads.map((each, at) => make("th", { scope: "col" }, letter(at))));
  let before = null;
  const value = (row, each, at) => make("td", { "data-label": letter(at) }, figure(scaled(row, each)), isShare(row) && each !== null ? " %" : null, bar(row, at), at ? differenceOf(row, row.differences[at]) : null);
  const row = (each) => {
    const again = each.title === before;
    before = each.title;
    const title = make("th", { scope: "row", class: "text wide" }, again ? make("span", { class: "sr" }, foreign(each.title)) : foreign(each.title, 140));
    return make("tr", {}, titled ? title : null, make(titled ? "td" : "th", { scope: titled ? null : "row", class: "text wide" }, foreign(figureName(each), 80)), ...each.values.map((one, at) => value(each, one, at)));
  };
  return make("section", { class: "card" }, make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": say("compare.table") }, make("table", { class: "stack" }, make("caption", {}, say("compare.table"), make("small", {}, say("compare.note"))), make("thead", {}, head), make("tbody", {}, ...found.cells.map(row)))));
}

function differenceOf(row, difference) {
  if (!difference || difference.shift === null || difference.shift === undefined) return null;
  const [shift, low, high] = [difference.shift, difference.low, difference.high].map((each) => scaled(row, each));
  if (low === null || low === undefined) return make("small", {}, say("compare.few", { shift: signed(shift) }));
  const interval = `${signed(shift)} (${signed(low)} … ${signed(high)})`;
  // Where more requests fail, what looks better is not praised, although its interval does not hold 0.
  if (!difference.shown) return make("small", {}, low <= 0 && high >= 0 ? `= ${interval}` : `${interval} ${say("compare.survivors")}`);
  const good = better(row, difference);
  return make("small", { class: good ? "good-text" : "bad-text" }, `${good ? "▲" : "▼"} ${interval}`, make("span", { class: "sr" }, say(good ? "compare.better" : "compare.worse")));
}

function pictures(found, heads) {
  const figures = found.kind === "bench" ? ["ttft_ms", "tokens_per_s"] : [];
  const picture = (name) => {
    const rows = found.cells.filter((row) => row.figure === name);
    if (!rows.length) return null;
    const width = 0.7 / heads.length;
    const series = heads.map((head, run) => ({ name: `${letter(run)} ${nameOf(head)}`, colour: runColour(run), kind: "dots", data: rows.map((row, at) => ({ x: at + (run - (heads.length - 1) / 2) * width, y: row.values[run] ?? NaN, name: `${letter(run)} ${row.title}` })) }));
    return chart({ title: named("figure.", name), unit: "", tall: true, names: rows.map((row) => row.title.split(" / ").map((part) => part.slice(0, 18))), series: series.map((each) => ({ ...each, kind: "points" })) });
  };
  return make("div", { class: "charts" }, ...figures.map(picture).filter(Boolean));
}
