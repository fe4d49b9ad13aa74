// The page that sets runs side by side: every chart has one line a run.
const COLORS = ["c1", "c2", "c3", "c4", "c5", "c6"];
const DASHES = [null, [6, 3], [2, 2]];
const each = (make_points, more = {}) => data.runs.map((run, at) => ({
  key: run.name, color: COLORS[at % COLORS.length], dash: DASHES[at % DASHES.length], kind: "line", always: true, data: make_points(run), ...more,
}));

function overTime(grid, id, unit, points, more = {}) {
  const series = each(points);
  addChart(grid, { id: "compare_" + id, title: "chart.compare_" + id, unit, time: true, series: () => series, empty: !series.some((one) => one.data.length), ...more });
}
const perSecond = (column) => (run) => run.seconds.columns.second.map((second, at) => ({ x: middle(second, run.seconds.width_s, run.duration_s), y: valueAt(run.seconds, column, at) }));
const median = (metric) => (run) => run.percentiles[metric].at.map((x, at) => ({ x, y: run.percentiles[metric].p50[at] ?? NaN }));

function overValues(grid, id, metric, cumulative) {
  const { edges, geometric } = data.runs.map((run) => run.spreads[metric])[0];
  const points = (run) => {
    const { counts } = run.spreads[metric];
    const total = counts.reduce((sum, count) => sum + count, 0);
    let sum = 0;
    if (!total) return [];
    return cumulative
      ? [{ x: 0, y: 0 }, ...counts.map((count, at) => ({ x: at + 1, y: (sum += count) / total * 100 }))]
      : counts.map((count, at) => ({ x: at + 0.5, y: count / total * 100 }));
  };
  const series = each(points, { plain: true, stepped: cumulative ? false : "middle" });
  const bin = (x) => Math.min(Math.floor(x), edges.length - 2);
  const title = (items) => (!items.length ? "" : cumulative ? "≤ " + figure(edges[items[0].parsed.x]) + " ms" : figure(edges[bin(items[0].parsed.x)]) + " – " + figure(edges[bin(items[0].parsed.x) + 1]) + " ms");
  addChart(grid, {
    id: "compare_" + id, title: "chart.compare_" + id, unit: "unit.share", plainX: true, series: () => series, xTitle: "unit.ms",
    axes: (axes) => binAxis(axes, edges, geometric), notes: () => (cumulative ? [] : [text("note.shares")]), tooltip: { title, label: (item) => item.dataset.series.key + ": " + figure(item.parsed.y) + " %" },
    empty: !series.some((one) => one.data.length),
  });
}

function buildCharts() {
  const time = document.getElementById("time");
  const step = data.step_s;
  const notes = () => [texts("note.step", { step })];
  const width_s = data.runs[0].seconds.width_s;
  const drawn = { step: width_s, notes: () => (width_s > 1 ? [texts("note.width", { step: width_s })] : []) };
  overTime(time, "rps", null, perSecond("done"), drawn);
  overTime(time, "tokens", "unit.tokens_per_s", perSecond("tokens"), drawn);
  if (data.streamed) overTime(time, "ttft", "unit.ms", median("ttft"), { step, notes, log: true });
  overTime(time, "latency", "unit.ms", median("latency"), { step, notes, log: true });
  const spread = document.getElementById("spread-charts");
  for (const metric of data.streamed ? ["ttft", "latency", "gap"] : ["latency"]) {
    overValues(spread, metric + "_spread", metric, false);
    overValues(spread, metric + "_share", metric, true);
  }
}

whole_run = view = { from: 0, to: Math.max(data.duration_s, 0.001) };
buildCharts();
startPage();
startCharts(whole_run.from, whole_run.to);
