// The page of one request: its chunks as they came.
const { at: times, count: counts, gap: gaps } = data.chunks;
const grid = document.getElementById("charts");
const whole_request = (axes) => { Object.assign(axes.x, { min: 0, max: data.latency_ms }); return axes; };
const points = (values) => times.map((x, number) => ({ x, y: values[number] })).filter((point) => point.y !== null);
const title = (items) => (items.length ? mark(items[0].parsed.x) + " ms" : "");

function courseChart(id, unit, series, more = {}) {
  addChart(grid, { id, title: "chart." + id, unit, xTitle: "one.since", bare: true, axes: whole_request, series: () => [series], tooltip: { title, label: (item) => reading(item.parsed.y) + (unit ? " " + text(unit) : "") }, ...more });
}

if (times.length > 1) {
  courseChart("one_chunks", null, { key: "series.chunks", color: "c1", kind: "line", stepped: true, plain: true, data: points(counts) }, { things: true });
  courseChart("one_gaps", "unit.ms", { key: "series.chunks", color: "c1", kind: "points", data: points(gaps) }, { log: true });
  document.getElementById("downloads").hidden = false;
  document.getElementById("download-buttons").append(say("button", "one.csv", { type: "button", on: { click: () => download("chunks.csv", "text/csv", csv({ chunk: counts, at_ms: times, gap_ms: gaps })) } }));
}
whole_run = view = { from: 0, to: end_s };
serverCharts();
startPage();
startCharts(0, end_s);
