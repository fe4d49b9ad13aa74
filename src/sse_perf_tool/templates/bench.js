// The page of a benchmark: targets side by side, their requests as dots, what a context tier costs.
const { cells, models, tiers } = data;
const colorOf = (model) => "c" + ((models.indexOf(model) % 6) + 1);
const label = (item) => (item.raw.name ? item.raw.name + ": " : text(item.dataset.series.key) + ": ") + reading(item.raw.shown ?? item.parsed.y);
const title = () => "";
const byName = (found) => {
  Object.assign(found.x, { min: -0.6, max: cells.length - 0.4, offset: false });
  // So many names stand beside each other, each word on a line of its own where there is no room for all.
  found.x.ticks.autoSkip = cells.length > 12;
  found.x.ticks.callback = (at) => (cells[at] ? cells[at].short.flatMap((line) => (line.length > 12 ? line.split(" ") : [line])) : "");
  found.x.ticks.maxRotation = 40;
  found.x.afterBuildTicks = (scale) => { scale.ticks = cells.map((_, value) => ({ value })); };
  return found;
};

// A median bar for each target, its requests as dots beside each other, and where the median lies with 95 % confidence.
function targetsChart(grid, figure, unit) {
  const spread = (at, number, count) => at + (count > 1 ? (number / (count - 1) - 0.5) * 0.5 : 0);
  // What comes first is drawn on top.
  const series = () => [
    ...cells.flatMap((cell, x) => (cell.intervals[figure] ? [{ key: "bench.interval", color: "fail", kind: "line", plain: true, data: cell.intervals[figure].map((y) => ({ x, y, name: cell.name })) }] : [])),
    { key: "bench.runs", color: "text", kind: "points", data: cells.flatMap((cell, at) => cell.runs[figure].map((y, number) => ({ x: spread(at, number, cell.runs[figure].length), y, name: cell.name }))) },
    ...models.map((model) => ({
      key: "bench.median", color: colorOf(model), kind: "bars", grouped: false, thickest: 60,
      data: cells.flatMap((cell, x) => (cell.model === model && cell[figure] !== null ? [{ x, y: cell[figure], name: cell.name }] : [])),
    })).filter((each) => each.data.length),
  ];
  addChart(grid, { id: "bench_" + figure, title: "bench.chart_" + figure, unit, bare: true, plainX: true, broad: cells.length > 6, series, axes: byName, tooltip: { title, label }, interaction: { mode: "nearest", axis: "xy", intersect: false }, notes: () => [text("bench.note_targets")], empty: !cells.some((cell) => cell[figure] !== null) });
}

function tiersChart(grid, figure, unit) {
  const series = () => data.lines.map(({ name, model, points }) => ({
    key: name, color: colorOf(model), kind: "line", always: true,
    data: points.filter((point) => point[figure] !== null).map((point) => ({ x: point.tier, y: point[figure], name })),
  }));
  addChart(grid, { id: "bench_tiers_" + figure, title: "bench.tiers_" + figure, unit, log: true, xTitle: "bench.tokens_of_context", series, tooltip: { title, label }, interaction: { mode: "nearest", axis: "xy", intersect: false } });
}

function scatterChart(grid) {
  const series = () => cells.map((cell) => ({
    key: cell.name, color: colorOf(cell.model), kind: "points",
    data: cell.ttft_ms === null || cell.tokens_per_s === null ? [] : [{ x: cell.ttft_ms, y: cell.tokens_per_s, name: cell.name }],
  }));
  addChart(grid, { id: "bench_scatter", title: "bench.scatter", unit: "unit.tokens_per_s", xTitle: "bench.ttft_axis", series, axes: (found) => { Object.assign(found.y, { grace: "10%" }); return found; }, tooltip: { title, label: (item) => item.raw.name + ": " + reading(item.parsed.x) + " ms, " + reading(item.parsed.y) + " " + text("unit.tokens_per_s") }, notes: () => [text("bench.note_scatter")] });
}

// The charts of one target are made when its part is opened.
function openCell(part) {
  const cell = cells[Number(part.dataset.cell)];
  if (!cell || part.dataset.drawn) return;
  part.dataset.drawn = "true";
  const grid = make("div", { class: "grid" });
  part.append(grid);
  const before = cards.length;
  for (const [figure, unit] of [["ttft_ms", "unit.ms"], ["tokens_per_s", "unit.tokens_per_s"]]) {
    const series = () => [{ key: "bench.runs", color: colorOf(cell.model), kind: "points", data: cell.runs[figure].map((y, at) => ({ x: at + 1, y })) }];
    addChart(grid, { id: "cell_" + part.dataset.cell + "_" + figure, title: "bench.chart_" + figure, unit, xTitle: "bench.run_number", bare: true, series, tooltip: { title, label: (item) => reading(item.parsed.y) }, empty: !cell.runs[figure].length });
  }
  for (const card of cards.slice(before)) { card.visible = true; draw(card); }
  swatches();
}

const several = tiers.length > 1;
const grid = document.getElementById("targets");
targetsChart(grid, "ttft_ms", "unit.ms");
targetsChart(grid, "tokens_per_s", "unit.tokens_per_s");
if (several) { tiersChart(grid, "ttft_ms", "unit.ms"); tiersChart(grid, "tokens_per_s", "unit.tokens_per_s"); }
if (cells.length > 1) scatterChart(grid);
startPage();
startCharts(0, 1);
if (typeof Chart !== "undefined") document.querySelectorAll("details[data-cell]").forEach((part) => part.addEventListener("toggle", () => part.open && openCell(part)));
