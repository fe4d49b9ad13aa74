// The page of a profile: the load's charts and the server's on one time axis, and flame graphs of the span in view.
const seconds = data.seconds.columns;
const width_s = data.seconds.width_s;
const end_s = Math.max(data.end_s, 0.001);
const cache = (make) => { let found; return () => (found ??= make()); };
const has = (column) => column && column.some((value) => value !== null);
const COLORS = ["c1", "c2", "c3", "c4", "c5", "c6"];

const line = (column, key, color, more = {}) => ({
  key, color, kind: "line", ...more,
  data: seconds.second.map((second, at) => ({ x: middle(second, width_s, data.duration_s), y: valueAt(data.seconds, column, at) })),
});

function perSecond(grid, id, unit, lines, more = {}) {
  const measured = lines.filter(([column]) => has(seconds[column]));
  if (measured.length) addChart(grid, { id, title: "chart." + id, unit, time: true, step: width_s, series: cache(() => measured.map((args) => line(...args))), ...more });
}

function percentiles(grid, id, found) {
  const series = () => [["p50", "P50", "c1"], ["p95", "P95", "c3", { dash: [5, 3] }], ["p99", "P99", "c2"]].map(([name, key, color, more]) => ({
    key, color, kind: "line", ...more,
    data: found[name].map((y, at) => ({ x: middle(at * data.percentiles.step_s, data.percentiles.step_s, data.duration_s), y: y ?? NaN })),
  }));
  addChart(grid, { id, title: "chart." + id, unit: "unit.ms", time: true, log: true, step: data.percentiles.step_s, series: cache(series), empty: !has(found.p50) });
}

// One line for each process that has a value; `limit` is a dashed line across.
function byProcess(grid, id, unit, rows, column, limit) {
  const told = rows.filter((row) => row[column].length);
  if (!told.length) return;
  // A limit far above what there is would press the lines flat.
  const highest = Math.max(...told.map((row) => Math.max(...row[column].map(([, y]) => y))));
  const near = limit !== undefined && highest > limit / 3;
  const series = () => [
    ...told.map((row, at) => ({ key: row.label, color: COLORS[at % COLORS.length], dash: at >= COLORS.length ? [5, 3] : undefined, kind: "line", plain: true, data: row[column].map(([x, y]) => ({ x, y })) })),
    ...(near ? [{ key: "series.limit", color: "fail", dash: [2, 3], kind: "line", plain: true, data: [{ x: 0, y: limit }, { x: end_s, y: limit }] }] : []),
  ];
  addChart(grid, { id, title: "chart." + id, unit, time: true, step: 0.5, series: cache(series) });
}

function groupsChart(grid) {
  if (!data.groups.length) return;
  const series = () => data.groups.map((group, at) => ({ key: group.place + " · " + group.kind, color: COLORS[at % COLORS.length], kind: "line", plain: true, data: group.points.map(([x, y]) => ({ x, y })) }));
  for (const group of data.groups) data.texts[group.place + " · " + group.kind] = [0, 1].map((at) => group.place + " · " + data.texts["what." + group.kind][at]);
  addChart(grid, { id: "profile_groups", title: "chart.profile_groups", unit: "unit.number", time: true, broad: true, step: 1, series: cache(series) });
  const section = document.getElementById("waits");
  section.hidden = false;
  section.append(...buildTable("waits-table", "profile.by_line", [
    { key: "profile.line", value: (row) => row.place, text: true, show: (value) => make("code", {}, value) },
    { key: "profile.for", value: (row) => row.kind, text: true, show: (value) => say("span", "what." + value) },
    { key: "profile.at_once", value: (row) => row.mean },
  ], data.groups, 20));
}

function serverOwn(grid) {
  perSecond(grid, "server_requests", null, [["server_running", "series.server_running", "c1"], ["server_waiting", "series.server_waiting", "c4"]].filter(([name]) => seconds[name]));
  perSecond(grid, "server_cache", "unit.percent", [["server_kv_cache_percent", "series.server_cache", "c1"]].filter(([name]) => seconds[name]));
  perSecond(grid, "server_tokens", "unit.per_s", [["server_generated_tokens_per_s", "series.server_generated", "c1"], ["server_prompt_tokens_per_s", "series.server_prompt", "c3", { dash: [5, 3] }]].filter(([name]) => seconds[name]));
}

// --- flame graphs
const KINDS = { own: "#f5b26b", package: "#9cc4f5", std: "#c6ced9", native: "#d5b6ee" };
const kindOf = (kind) => (KINDS[kind] ? kind : "package");

// The time of each node within a span, itself and with all below it: parents stand before their children.
function timesIn(flame, from, to) {
  const own = new Float64Array(flame.parents.length);
  for (let at = 0; at < flame.cells.length; at += 3) {
    const begin = flame.from_s + flame.cells[at + 1] * flame.step_s;
    const inside = Math.min(to, begin + flame.step_s) - Math.max(from, begin);
    if (inside > 0) own[flame.cells[at]] += flame.cells[at + 2] * Math.min(1, inside / flame.step_s);
  }
  const total = Float64Array.from(own);
  for (let at = total.length - 1; at >= 0; at -= 1) if (flame.parents[at] >= 0) total[flame.parents[at]] += total[at];
  return { own, total };
}

function treeOf(flame, total) {
  const nodes = [];
  const top = { name: flame.label, kind: "std", file: "", value: 0, children: [] };
  for (let at = 0; at < total.length; at += 1) {
    if (!(total[at] > 0)) continue;
    const frame = flame.frames[at];
    const node = { name: flame.names[frame], file: flame.files[frame], kind: kindOf(flame.kinds[frame]), value: total[at], children: [] };
    nodes[at] = node;
    const parent = flame.parents[at] < 0 ? top : nodes[flame.parents[at]];
    parent.children.push(node);
    if (parent === top) top.value += total[at];
  }
  return top;
}

// Self and total time by function; a function that calls itself counts once.
function byFunction(flame, { own, total }) {
  const rows = new Map();
  const above = (at, frame) => { for (let up = flame.parents[at]; up >= 0; up = flame.parents[up]) if (flame.frames[up] === frame) return true; return false; };
  for (let at = 0; at < total.length; at += 1) {
    if (!(total[at] > 0)) continue;
    const frame = flame.frames[at];
    const row = rows.get(frame) || { name: flame.names[frame], file: flame.files[frame], self: 0, total: 0 };
    row.self += own[at];
    if (!above(at, frame)) row.total += total[at];
    rows.set(frame, row);
  }
  return [...rows.values()].sort((a, b) => b.self - a.self);
}

function speedscope(flame) {
  const stack = (at) => { const found = []; for (let up = at; up >= 0; up = flame.parents[up]) found.unshift(flame.frames[up]); return found; };
  const cells = [];
  for (let at = 0; at < flame.cells.length; at += 3) cells.push([flame.cells[at + 1], flame.cells[at], flame.cells[at + 2]]);
  cells.sort((a, b) => a[0] - b[0]);
  const weights = cells.map(([, , ms]) => ms);
  const frames = flame.names.map((name, at) => ({ name, file: flame.files[at].replace(/:\d+$/, ""), line: Number(/\d+$/.exec(flame.files[at])) }));
  const profile = { type: "sampled", name: flame.label, unit: "milliseconds", startValue: 0, endValue: weights.reduce((sum, ms) => sum + ms, 0), samples: cells.map(([, node]) => stack(node)), weights };
  return JSON.stringify({ $schema: "https://www.speedscope.app/file-format-schema.json", name: flame.label, shared: { frames }, profiles: [profile] });
}

const flames = [];
function addFlame(parent, flame) {
  const graph = make("div", { class: "graph", "aria-hidden": "true" });
  const details = make("p", { class: "details", "aria-live": "polite" });
  const table = make("div");
  const heading = make("h3");
  const search = make("input", { type: "search", "aria-label": text("profile.search") });
  const shown = { flame, graph, details, table, heading, chart: null, stale: true };
  search.addEventListener("input", () => { if (shown.chart) { if (search.value) shown.chart.search(search.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")); else shown.chart.clear(); } });
  const button = (key, act) => { const made = say("button", key, { type: "button" }); made.addEventListener("click", act); return made; };
  const controls = make("div", { class: "controls" }, make("label", {}, say("span", "profile.search"), " ", search),
    button("profile.flame_reset", () => shown.chart && shown.chart.resetZoom()),
    button("profile.speedscope", () => download("cpu-" + flame.pid + ".speedscope.json", "application/json", speedscope(flame))));
  const key = make("p", { class: "key" }, ...Object.keys(KINDS).map((kind) => make("span", {}, make("i", { class: kind }), say("span", "profile." + kind))));
  parent.append(make("div", { class: "flame", id: "flame-" + flame.pid }, make("div", { class: "head" }, heading, controls), key, graph, details, table));
  flames.push(shown);
}

function drawFlame(shown) {
  const { flame } = shown;
  const times = timesIn(flame, view.from <= 0 ? flame.from_s : view.from, view.to);
  const tree = treeOf(flame, times.total);
  shown.heading.textContent = flame.label + " · " + texts("profile.flame_span", { from: mark(Number(view.from.toFixed(2))), to: mark(Number(view.to.toFixed(2))), ms: whole(tree.value) });
  shown.graph.replaceChildren();
  shown.chart = null;
  if (!tree.value) shown.graph.append(say("p", "profile.flame_none", { class: "empty" }));
  else if (typeof flamegraph !== "undefined") {
    const label = (node) => node.data.name + (node.data.file ? " (" + node.data.file + ")" : "") + "  " + (100 * node.data.value / tree.value).toFixed(1) + " %, " + whole(node.data.value) + " ms";
    shown.chart = flamegraph.default().width(Math.max(320, shown.graph.clientWidth || 900)).cellHeight(18).minFrameSize(1.5).transitionDuration(0).inverted(true)
      .setLabelHandler(label).setDetailsElement(shown.details)
      .setColorMapper((node) => (node.highlight ? "#ff5fa2" : KINDS[node.data.kind]));
    d3.select(shown.graph).datum(tree).call(shown.chart);
  }
  const rows = byFunction(flame, times).slice(0, 200);
  shown.table.replaceChildren(...buildTable("functions-" + flame.pid, "profile.by_function", [
    { key: "profile.function", value: (row) => row.name, text: true, show: (value) => make("code", {}, value) },
    { key: "profile.file", value: (row) => row.file, text: true, show: (value) => make("code", {}, value) },
    { key: "profile.self", value: (row) => row.self }, { key: "profile.total", value: (row) => row.total },
    { key: "profile.share", value: (row) => 100 * row.total / tree.value, show: (value) => figure(value) + " %" },
  ], rows, 12));
}

let drawing = 0;
function drawFlames() {
  clearTimeout(drawing);
  drawing = setTimeout(() => { flames.forEach(drawFlame); root.dataset.flames = String(flames.length); }, 30);
}

function buildCharts() {
  const parent = document.getElementById("charts");
  const nav = make("nav"); // the bar of the page leads to them already
  const load = addSection(parent, nav, "load", "profile.section_load");
  const onView = flames.length ? { onView: drawFlames } : {};
  perSecond(load, "profile_rps", null, [["done", "series.done", "c1"], ["started", "series.started", "c3", { dash: [5, 3] }], ["failed", "series.failed", "fail"]], onView);
  perSecond(load, "profile_active", null, [["active", "series.profile_active", "c1"]]);
  if (data.streamed) percentiles(load, "profile_ttft", data.percentiles.ttft);
  percentiles(load, "profile_latency", data.percentiles.latency);
  if (data.processes.length) {
    const server = addSection(parent, nav, "server", "profile.section_server");
    byProcess(server, "profile_cpu", "unit.percent_core", data.processes, "cpu", data.limits.cpu);
    byProcess(server, "profile_rss", "unit.megabytes", data.processes, "rss_mb", data.limits.rss);
    byProcess(server, "profile_waiting", "unit.percent_core", data.processes, "waiting");
    byProcess(server, "profile_threads", "unit.number", data.processes, "threads");
    byProcess(server, "profile_fds", "unit.number", data.processes, "fds");
    byProcess(server, "profile_switches", "unit.per_s", data.processes, "switches_per_s");
    serverOwn(server);
  }
  if (data.hooks.length || data.groups.length) {
    const inside = addSection(parent, nav, "loop", "profile.section_loop");
    byProcess(inside, "profile_loop", "unit.ms", data.hooks, "p99_ms", data.limits.loop_delay);
    byProcess(inside, "profile_loop_max", "unit.ms", data.hooks, "max_ms");
    byProcess(inside, "profile_tasks", "unit.number", data.hooks, "tasks");
    byProcess(inside, "profile_gc", "unit.ms_per_s", data.hooks, "gc_ms");
    byProcess(inside, "profile_heap", "unit.megabytes", data.hooks, "heap_mb");
    groupsChart(inside);
  }
}

whole_run = view = { from: 0, to: end_s };
if (data.flames.length) {
  document.getElementById("flame").hidden = false;
  data.flames.forEach((flame) => addFlame(document.getElementById("flames"), flame));
  listeners.language.push(drawFlames);
  addEventListener("resize", drawFlames);
}
buildCharts();
startPage();
startCharts(0, end_s);
drawFlames();
// The requests themselves are on the page of the report, not here.
document.querySelectorAll("#errors button.link").forEach((button) => button.replaceWith(button.textContent));
document.querySelectorAll("[data-at]").forEach((button) => button.addEventListener("click", () => {
  const at = Number(button.dataset.at);
  setView(at - 2.5, at + 2.5);
  document.getElementById(flames.length ? "flame" : "charts").scrollIntoView();
}));
