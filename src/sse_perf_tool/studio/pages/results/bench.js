// The result of a benchmark: who is fastest where that is shown, the table, the runs as dots, and what cannot be compared.
import { fill, foreign, link, make } from "../parts/dom.js";
import { figure, whole } from "../parts/format.js";
import { chart, chartsMissing, colourOf, swatch } from "../parts/charts.js";
import { cellName, center, failure, modelKey, spread, statePill, table, trustPill } from "../parts/show.js";
import { knows, named, say } from "../parts/words.js";

const byTier = (cells) => [...cells].sort((a, b) => a.context_tokens - b.context_tokens || (center(a.metrics.ttft_ms) ?? Infinity) - (center(b.metrics.ttft_ms) ?? Infinity));
const nameOf = (cell) => JSON.stringify([cell.provider_key, cell.model_id, cell.context_tokens]);
const measured = (cell) => cell.requests?.ok > 0;
const SHOWN = ["ttft_ms", "tokens_per_s", "tpot_ms", "latency_ms"];

export function benchResult({ document: found }) {
  const cells = found.cells.filter(measured);
  return make("div", {}, verdict(found), cells.length ? make("section", { class: "card" }, cellTable(cells)) : null, cells.length && !chartsMissing() ? charts(cells) : null, leftOut(found), requests(cells), found.prompt ? make("section", { class: "card" }, make("h2", {}, say("run.prompt")), make("pre", {}, String(found.prompt).slice(0, 2000))) : null);
}

function verdict(found) {
  const titles = new Map(found.cells.map((cell) => [nameOf(cell), cellName(cell, false)]));
  const line = (row) => {
    const tier = row.context_tokens ? say("bench.at_tier", { tier: whole(row.context_tokens) }) : "";
    const known = row.cell ? titles.get(JSON.stringify(row.cell)) : null;
    return known ? say(`fastest.${row.figure}`, { tier, cell: known }) : say(`same.${row.figure}`, { tier, runs: row.runs });
  };
  const lines = (found.fastest || []).filter((row) => knows(`fastest.${row.figure}`)).map(line);
  const failed = found.cells.filter((cell) => cell.state === "failed");
  const none = !found.cells.some(measured);
  const heading = none ? say(found.state === "cancelled" ? "bench.cancelled_none" : "bench.all_failed") : lines[0] || say("bench.measured", { n: found.cells.filter(measured).length });
  const grade = none && found.state !== "cancelled" ? "bad" : failed.length || found.state !== "done" ? "fair" : found.fastest?.some((row) => row.cell) ? "good" : "";
  const state = found.state === "done" ? null : make("p", {}, named("bench.state_", found.state));
  const minded = (found.remarks || []).filter((remark) => knows(`remark.${remark.key}`)).map((remark) => make("li", {}, foreign(say(`remark.${remark.key}`, { ...remark, models: (remark.models || []).join(", "), sources: (remark.sources || []).map((name) => named("source.", name)).join(", ") }), 600)));
  return make("div", { class: `verdict ${grade}` }, make("h2", {}, heading), ...lines.slice(1).map((text) => make("p", {}, text)), state, minded.length ? make("ul", { "aria-label": say("bench.remarks") }, ...minded) : null);
}

function cellTable(cells) {
  const metric = (name) => ({ label: named("figure.", name), value: (cell) => center(cell.metrics[name]), show: (cell) => spread(cell.metrics[name]) });
  const tiers = new Set(cells.map((cell) => cell.context_tokens)).size > 1;
  const columns = [
    { label: say("col.model"), value: (cell) => cellName(cell), text: true, show: (cell) => [swatch(colourOf(modelKey(cell))), foreign(cellName(cell, false), 120), cell.timed_by === "litellm" ? make("small", {}, say("bench.by_litellm")) : null] },
    tiers ? { label: say("col.context"), value: (cell) => cell.context_tokens, show: (cell) => whole(cell.context_tokens) } : null,
    ...SHOWN.map(metric),
    { label: say("figure.output_tokens"), value: (cell) => cell.tokens?.output_median ?? null, show: (cell) => [figure(cell.tokens?.output_median ?? null), cell.tokens?.source ? make("small", {}, named("source.", cell.tokens.source)) : null] },
    { label: say("col.cold"), value: (cell) => cell.cold?.ttft_ms ?? null },
    { label: say("col.ok"), value: (cell) => cell.requests.ok / cell.requests.sent, show: (cell) => `${cell.requests.ok}/${cell.requests.sent}` },
    { label: say("col.trust"), value: (cell) => cell.trust?.verdict || "", text: true, show: (cell) => trustPill(cell.trust?.verdict) },
  ].filter(Boolean);
  return table(columns, byTier(cells), { caption: say("bench.table"), note: say("bench.warm"), stack: true });
}

function charts(cells) {
  const ordered = byTier(cells);
  const label = (cell) => [cell.provider.slice(0, 16), cell.model.slice(0, 18), ...(cell.context_tokens ? [`@ ${cell.context_tokens}`] : [])];
  const values = (cell, name) => (cell.runs || []).filter((run) => run.number && run.outcome === "ok" && run[name] !== null).map((run) => run[name]);
  const beside = (at, number, count) => at + (count > 1 ? (number / (count - 1) - 0.5) * 0.5 : 0);
  const bars = (name, unit) => chart({
    title: say(`chart.${name}`), unit: say(unit), tall: true, legend: false, names: ordered.map(label),
    series: [
      { name: say("bench.request"), colour: "text", kind: "points", data: ordered.flatMap((cell, at) => { const all = values(cell, name); return all.map((y, number) => ({ x: beside(at, number, all.length), y, name: cellName(cell) })); }) },
      ...ordered.map((cell, x) => ({ name: say("bench.median"), colour: colourOf(modelKey(cell)), kind: "bars", data: center(cell.metrics[name]) === null ? [] : [{ x, y: center(cell.metrics[name]), name: cellName(cell) }] })),
    ],
  });
  const several = new Set(cells.map((cell) => cell.context_tokens)).size > 1;
  const models = [...new Set(ordered.map(modelKey))];
  const tiers = (name, unit) => chart({
    title: say(`chart.tiers_${name}`), unit: say(unit), xTitle: say("bench.context_tokens"), tall: true,
    series: models.map((model) => { const own = ordered.filter((cell) => modelKey(cell) === model); return { name: cellName(own[0], false), colour: colourOf(model), kind: "dots", data: own.map((cell) => ({ x: cell.context_tokens, y: center(cell.metrics[name]) ?? NaN, name: cellName(cell, false) })) }; }),
  });
  const pictures = [bars("ttft_ms", "unit.ms"), bars("tokens_per_s", "unit.tokens_per_s"), ...(several ? [tiers("ttft_ms", "unit.ms"), tiers("tokens_per_s", "unit.tokens_per_s")] : [])];
  return make("div", {}, make("div", { class: "charts" }, ...pictures), make("p", { class: "hint under" }, say("bench.charts_note")));
}

// Skipped cells and why; failed ones with the errors grouped.
function leftOut(found) {
  const rest = found.cells.filter((cell) => !measured(cell));
  if (!rest.length) return null;
  const why = (cell) => cell.skipped || (cell.errors || []).map((error) => `${failure(error.outcome, error.message)} (${error.count})`).join("; ") || say(`bench.why_${cell.state}`);
  const columns = [
    { label: say("col.model"), value: (cell) => cellName(cell), text: true, show: (cell) => foreign(cellName(cell), 120) },
    { label: say("col.state"), value: (cell) => cell.state, text: true, show: (cell) => statePill(cell.state) },
    { label: say("bench.why"), value: why, text: true, wide: true, show: (cell) => [foreign(why(cell), 500), temperature(cell) ? make("small", {}, say("bench.temperature")) : null, refused(cell) ? make("small", {}, say("bench.key_refused"), " ", link("/keys", say("nav.keys"))) : null] },
  ];
  return make("section", { class: "card note" }, table(columns, rest, { caption: say("bench.left_out"), stack: true }));
}

const refused = (cell) => (cell.errors || []).some((error) => /^(HTTP )?40[13]\b/.test(error.message));
const temperature = (cell) => (cell.errors || []).some((error) => /temperature/i.test(error.message));

// Each cell opened: its address, its notes, every request.
function requests(cells) {
  const part = (cell) => {
    const place = make("div", {});
    const columns = [
      { label: "#", value: (run) => run.number, show: (run) => (run.number ? String(run.number) : say("bench.cold")) },
      ...["ttft_ms", "tokens_per_s", "tpot_ms", "latency_ms", "output_tokens"].map((name) => ({ label: named("figure.", name), value: (run) => run[name] })),
      { label: say("col.outcome"), value: (run) => run.outcome, text: true, wide: true, show: (run) => [named("outcome.", run.outcome), run.error ? make("small", {}, foreign(run.error)) : null] },
    ];
    const draw = () => { if (!place.childElementCount) fill(place, cell.url ? make("p", { class: "small" }, make("code", {}, cell.url), ` · ${cell.format}`) : null, ...(cell.notes || []).map((note) => make("p", { class: "hint" }, foreign(note))), cell.runs?.length ? table(columns, cell.runs, { caption: say("bench.requests_of", { cell: cellName(cell) }) }) : make("p", { class: "muted" }, say("bench.no_requests"))); };
    return make("details", { on: { toggle: draw } }, make("summary", {}, foreign(cellName(cell), 120)), place);
  };
  return cells.length ? make("section", { class: "card" }, make("h2", {}, say("bench.each")), ...cells.map(part)) : null;
}
