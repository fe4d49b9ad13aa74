// A benchmark while it runs: a card for each lane, and the table of cells that fills.
import { fill, foreign, make } from "../parts/dom.js";
import { figure } from "../parts/format.js";
import { colourOf, swatch } from "../parts/charts.js";
import { cellName, modelKey, spread, statePill, table } from "../parts/show.js";
import { say } from "../parts/words.js";

const median = (values) => { const all = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b); return all.length ? (all[(all.length - 1) >> 1] + all[all.length >> 1]) / 2 : null; };

export function benchView(_, announce) {
  let plan = null;
  let cells = [];
  let lanes = [];
  let dirty = false;
  const cards = make("div", { class: "three lanes" });
  const place = make("section", { class: "card" });
  const node = make("div", {}, cards, place);

  const stateOf = (cell) => (cell.document ? cell.document.state : cell.skipped ? "skipped" : cell.runs.length || lanes.some((lane) => lane.cell === cell.at) ? "running" : "waiting");
  const warm = (cell, name) => median(cell.runs.filter((run) => !run.cold && run.outcome === "ok").map((run) => run[name]));
  const shown = (cell, name) => (cell.document ? spread(cell.document.metrics[name]) : figure(warm(cell, name)));
  const value = (cell, name) => (cell.document ? cell.document.metrics[name]?.p50 ?? null : warm(cell, name));
  const failed = (cell) => cell.runs.filter((run) => run.outcome !== "ok" && run.outcome !== "cancelled");
  const why = (cell) => cell.skipped || (failed(cell).length ? `${failed(cell)[0].outcome}: ${failed(cell)[0].error ?? ""}` : "");
  const columns = [
    { label: say("col.model"), value: (cell) => cellName(cell), text: true, show: (cell) => [swatch(colourOf(modelKey(cell))), foreign(cellName(cell), 120)] },
    { label: say("col.state"), value: stateOf, text: true, show: (cell) => statePill(stateOf(cell)) },
    { label: say("col.requests"), value: (cell) => cell.runs.length, show: (cell) => String(cell.runs.length) },
    { label: say("col.ttft"), value: (cell) => value(cell, "ttft_ms"), show: (cell) => shown(cell, "ttft_ms") },
    { label: say("col.tokens_per_s"), value: (cell) => value(cell, "tokens_per_s"), show: (cell) => shown(cell, "tokens_per_s") },
    { label: say("col.failed"), value: (cell) => failed(cell).length, show: (cell) => String(failed(cell).length) },
    { label: say("col.notes"), value: why, text: true, wide: true, show: (cell) => foreign(why(cell), 200) },
  ];
  const grid = table(columns, [], { caption: say("bench.cells"), note: say("bench.warm"), stack: true });
  fill(place, grid);

  function lane(each) {
    const bar = make("i", { css: { width: `${each.total ? (each.done / each.total) * 100 : 0}%` } });
    const cell = cells[each.cell];
    const speed = each.chunks_per_s ? make("span", {}, make("b", {}, figure(each.chunks_per_s)), make("small", {}, ` ${say("unit.chunks_per_s")}`)) : null;
    const state = each.done >= each.total ? "done" : cell ? "running" : "waiting";
    return make("div", { class: "card lane" }, make("div", { class: "head" }, make("h3", {}, foreign(each.name, 60)), statePill(state)), make("div", { class: "head small" }, make("span", {}, cell ? foreign(`${cell.model}${cell.context_tokens ? ` @ ${cell.context_tokens}` : ""}`, 60) : " "), speed), make("div", { class: "bar", "aria-hidden": "true" }, bar), make("small", {}, `${each.done}/${each.total}`));
  }

  function draw() {
    if (dirty) return;
    dirty = true;
    requestAnimationFrame(() => {
      dirty = false;
      fill(cards, ...lanes.map(lane));
      grid.show(cells);
      place.hidden = !cells.length;
    });
  }

  const takes = {
    plan: (data) => {
      plan = data;
      cells = data.cells.map((cell, at) => ({ ...cell, at, runs: [], document: null }));
      lanes = data.lanes.map((each) => ({ name: each.name, total: each.requests, done: 0, cell: null, chunks_per_s: null }));
    },
    lane: (data) => { lanes[data.lane] = { done: 0, cell: null, chunks_per_s: null, ...lanes[data.lane], name: data.name, total: data.total }; },
    run: (data) => {
      cells[data.cell]?.runs.push(data);
      const each = lanes[data.lane];
      if (each) Object.assign(each, { done: each.done + 1, cell: data.cell });
    },
    cell: (data) => {
      const cell = cells[data.cell];
      if (!cell) return;
      cell.document = data.document;
      announce(say("bench.cell_done", { cell: cellName(cell), ttft: figure(cell.document.metrics?.ttft_ms?.p50) }));
    },
    tick: (data) => data.lanes.forEach((each) => { if (lanes[each.lane]) Object.assign(lanes[each.lane], { cell: each.cell, chunks_per_s: each.chunks_per_s, done: Math.max(lanes[each.lane].done, each.done) }); }),
    warning: (data) => node.append(make("p", { class: "hint" }, foreign(data.text))),
  };
  place.hidden = true;
  return {
    node,
    state: (name) => { if (!plan) fill(cards, name === "queued" ? make("p", { class: "muted" }, say("job.waits")) : name === "running" ? make("p", { class: "muted" }, say("bench.begins")) : null); },
    take: (event) => { takes[event.name]?.(event.data); draw(); },
    done: () => cells.reduce((sum, cell) => sum + cell.runs.length, 0),
    share: () => (plan ? lanes.reduce((sum, each) => sum + each.done, 0) / Math.max(1, lanes.reduce((sum, each) => sum + each.total, 0)) : null),
  };
}
