// The page of a search for capacity: what each level of load brings, and what it costs.
const { steps, curve } = data;
const levels = curve.map((point) => point.level);
const median = (values) => {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const half = known.length / 2;
  return known.length ? (known[Math.floor(half - 0.5)] + known[Math.floor(half)]) / 2 : NaN;
};
const atLevel = (column, level) => median(steps.filter((step) => step.level === level).map((step) => step[column]));
const atLoad = (column) => curve.map(({ level }) => ({ x: level, y: atLevel(column, level), level }));
const atThroughput = (column) => curve.map(({ level, per_s: x }) => ({ x, y: atLevel(column, level), level }));
const levelName = (level) => mark(level) + " " + text(data.by === "threads" ? "unit.cap_threads" : "unit.cap_rate");
const label = (item) => text(item.dataset.series.key) + ": " + reading(item.parsed.y) + (item.raw.level === undefined ? "" : "  ·  " + levelName(item.raw.level));
const title = () => "";

// A level line from edge to edge, and a line that stands at a load.
const level_line = (y, from, to) => ({ key: "series.cap_limit", color: "fail", kind: "line", dash: [6, 3], plain: true, data: [{ x: from, y }, { x: to, y }] });
const upright = (key, color, x, top) => ({ key, color, kind: "line", dash: [2, 2], plain: true, data: [{ x, y: 0 }, { x, y: top }] });
const largest = (points) => Math.max(0, ...points.map((point) => point.y).filter(Number.isFinite));

function marks(at, top) {
  const found = [];
  if (data.knee !== null) found.push(upright("series.cap_knee", "c5", at(data.knee), top));
  if (data.capacity !== null) found.push(upright("series.cap_capacity", "c3", at(data.capacity), top));
  return found;
}

const dots = (column) => [[true, "met", "c1"], [false, "missed", "fail", "failed"], [null, "unjudged", "c4"]].map(([met, name, color, point]) => ({
  key: "series.cap_" + name, color, kind: "points", point,
  data: steps.filter((step) => step.met === met && step[column] !== null).map((step) => ({ x: step.level, y: step[column], level: step.level })),
})).filter((series) => series.key !== "series.cap_unjudged" || series.data.length);

function curveChart(grid) {
  const of = (id, metric, color, dash) => ({ key: "series.cap_" + id, color, dash, kind: "line", always: true, data: atThroughput(metric) });
  const series = () => {
    const lines = [of("ttft_p95", "ttft_p95", "c2"), of("latency_p95", "latency_p95", "c1", [6, 3])];
    const top = Math.max(...lines.map((line) => largest(line.data)));
    const rate = (level) => curve.find((point) => point.level === level).per_s;
    const limits = Object.entries(data.limits_ms).filter(([name, y]) => name !== "itl" && y <= 3 * top).map(([, y]) => level_line(y, 0, Math.max(...curve.map((point) => point.per_s))));
    return [...lines, ...limits, ...marks(rate, top)];
  };
  addChart(grid, { id: "cap_curve", title: "chart.cap_curve", unit: "unit.ms", xTitle: "unit.cap_rps", log: true, broad: true, series, notes: () => [text("note.cap_curve")], tooltip: { title, label }, interaction: { mode: "nearest", axis: "xy", intersect: false }, empty: !curve.length });
}

function loadChart(grid, id, unit, column, limit) {
  const points = atLoad(column);
  const series = () => {
    const top = Math.max(largest(points), ...steps.map((step) => step[column] ?? 0));
    const limits = limit !== undefined && limit <= 3 * top ? [level_line(limit, 0, levels[levels.length - 1])] : [];
    return [...dots(column), { key: "series.cap_median", color: "c6", kind: "line", plain: true, data: points }, ...limits, ...marks((x) => x, top)];
  };
  addChart(grid, { id: "cap_" + id, title: "chart.cap_" + id, unit, xTitle: data.by === "threads" ? "unit.cap_threads" : "unit.cap_rate", log: unit === "unit.ms", series, tooltip: { title, label }, empty: !points.some((point) => Number.isFinite(point.y)) });
}

const grid = document.getElementById("load");
curveChart(grid);
loadChart(grid, "throughput", "unit.cap_rps", "per_s");
loadChart(grid, "ttft", "unit.ms", "ttft_p95", data.limits_ms.ttft);
loadChart(grid, "latency", "unit.ms", "latency_p95", data.limits_ms.latency);
loadChart(grid, "itl", "unit.ms", "itl_p95", data.limits_ms.itl);
loadChart(grid, "tokens", "unit.tokens_per_s", "tokens");
loadChart(grid, "failed", "unit.percent", "failed");
startPage();
startCharts(0, 1);
