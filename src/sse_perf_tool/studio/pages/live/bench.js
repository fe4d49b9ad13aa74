// A benchmark while it runs: a card for each lane, and the table of cells that fills.
import { fill, foreign, make, oncePerFrame } from "../parts/dom.js";
import { figure } from "../parts/format.js";
import { colourOf, swatch } from "../parts/charts.js";
import { cellName, failure, modelKey, spread, statePill, table } from "../parts/show.js";
import { say } from "../parts/words.js";

const median = (values) => { const all = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b); return all.length ? (all[(all.length - 1) >> 1] + all[all.length >> 1]) / 2 : null; };

// What is known of the plan so far: its cells with their requests, and its lanes.
function benchState(announce) {
  const known = { plan: null, cells: [], lanes: [] };
  const takes = {
    plan: (data) => {
      known.plan = data;
      known.cells = data.cells.map((cell, at) => ({ ...cell, at, runs: [], document: null }));
      known.lanes = data.lanes.map((each) => ({ name: each.name, total: each.requests, done: 0, cell: null, chunks_per_s: null }));
    },
    lane: (data) => { known.lanes[data.lane] = { done: 0, cell: null, chunks_per_s: null, ...known.lanes[data.lane], name: data.name, total: data.total }; },
    run: (data) => {
      known.cells[data.cell]?.runs.push(data);
      const each = known.lanes[data.lane];
      if (each) Object.assign(each, { done: each.done + 1, cell: data.cell });
    },
    cell: (data) => {
      const cell = known.cells[data.cell];
      if (!cell) return;
      cell.document = data.document;
      announce(say("bench.cell_done", { cell: cellName(cell), ttft: figure(cell.document.metrics?.ttft_ms?.p50) }));
    },
    tick: (data) => data.lanes.forEach((each) => { if (known.lanes[each.lane]) Object.assign(known.lanes[each.lane], { cell: each.cell, chunks_per_s: each.chunks_per_s, done: Math.max(known.lanes[each.lane].done, each.done) }); }),
  };
  return { known, take: (event) => takes[event.name]?.(event.data) };
}

const warm = (cell, name) => median(cell.runs.filter((run) => !run.cold && run.outcome === "ok").map((run) => run[name]));
const failed = (cell) => cell.runs.filter((run) => run.outcome !== "ok" && run.outcome !== "cancelled");
const why = (cell) => cell.skipped || (failed(cell).length ? failure(failed(cell)[0].outcome, failed(cell)[0].error ?? "") : "");

function columns({ lanes }) {
  const stateOf = (cell) => (cell.document ? cell.document.state : cell.skipped ? "skipped" : cell.runs.length || lanes().some((lane) => lane.cell === cell.at) ? "running" : "waiting");
  const metric = (name, label) => ({
    label: say(label),
    value: (cell) => (cell.document ? cell.document.metrics[name]?.p50 ?? null : warm(cell, name)),
    show: (cell) => (cell.document ? spread(cell.document.metrics[name]) : figure(warm(cell, name))),
  });
  return [
    { label: say("col.model"), value: (cell) => cellName(cell), text: true, show: (cell) => [swatch(colourOf(modelKey(cell))), foreign(cellName(cell), 120)] },
    { label: say("col.state"), value: stateOf, text: true, show: (cell) => statePill(stateOf(cell)) },
    { label: say("col.requests"), value: (cell) => cell.runs.length, show: (cell) => String(cell.runs.length) },
    metric("ttft_ms", "col.ttft"), metric("tokens_per_s", "col.tokens_per_s"),
    { label: say("col.failed"), value: (cell) => failed(cell).length, show: (cell) => String(failed(cell).length) },
    { label: say("col.notes"), value: why, text: true, wide: true, show: (cell) => foreign(why(cell), 200) },
  ];
}

function laneCard(each, cell) {
  const bar = make("i", { css: { width: `${each.total ? (each.done / each.total) * 100 : 0}%` } });
  const speed = each.chunks_per_s ? make("span", {}, make("b", {}, figure(each.chunks_per_s)), make("small", {}, ` ${say("unit.chunks_per_s")}`)) : null;
  const state = each.done >= each.total ? "done" : cell ? "running" : "waiting";
  const model = cell ? foreign(`${cell.model}${cell.context_tokens ? ` @ ${cell.context_tokens}` : ""}`, 60) : " ";
  return make("div", { class: "card lane" },
    make("div", { class: "head" }, make("h3", {}, foreign(each.name, 60)), statePill(state)),
    make("div", { class: "head small" }, make("span", {}, model), speed),
    make("div", { class: "bar", "aria-hidden": "true" }, bar), make("small", {}, `${each.done}/${each.total}`));
}

export function benchView(_, announce) {
  const { known, take } = benchState(announce);
  const cards = make("div", { class: "three lanes" });
  const grid = table(columns({ lanes: () => known.lanes }), [], { caption: say("bench.cells"), note: say("bench.warm"), stack: true });
  const place = make("section", { class: "card", hidden: true }, grid);
  const node = make("div", {}, cards, place);
  const draw = oncePerFrame(() => {
    if (known.plan) fill(cards, ...known.lanes.map((each) => laneCard(each, known.cells[each.cell])));
    grid.show(known.cells);
    place.hidden = !known.cells.length;
  });
  return {
    node,
    state: (name) => { if (!known.plan) fill(cards, name === "queued" ? make("p", { class: "muted" }, say("job.waits")) : name === "running" ? make("p", { class: "muted" }, say("bench.begins")) : null); },
    take: (event) => { take(event); if (event.name === "warning") node.append(make("p", { class: "hint" }, foreign(event.data.text))); draw(); },
    done: () => known.cells.reduce((sum, cell) => sum + cell.runs.length, 0),
    share: () => (known.plan ? known.lanes.reduce((sum, each) => sum + each.done, 0) / Math.max(1, known.lanes.reduce((sum, each) => sum + each.total, 0)) : null),
  };
}
