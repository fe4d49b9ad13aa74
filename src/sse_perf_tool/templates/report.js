// The page of one run: which charts it has and what they draw.
const requests = data.requests.columns;
const count = requests.id.length;
// What is counted is drawn in wider intervals where few requests end in a second.
const drawn = data.drawn || data.seconds;
const someFailed = drawn.columns.failed_share.some((share) => share > 0);
const name = (row) => data.outcomes[requests.outcome[row]];
const isOk = (row) => name(row) === "ok";
const isCancelled = (row) => name(row) === "cancelled";
const isFailed = (row) => !isOk(row) && !isCancelled(row);
// What only a run of streams has: left out where answers came whole.
const ofStreams = (...things) => (data.streamed ? things : []);
const streamChart = (chart, ...args) => { if (data.streamed) chart(...args); };

// The goals of the run as lines: those about one of the metrics, by one of the functions ("" is an SLO).
data.limits.forEach((limit, at) => {
  limit.key = "limit." + at;
  data.texts[limit.key] = limit.text;
});
const limitsOf = (metric, ...functions) => data.limits.filter((limit) => limit.metric === metric && functions.includes(limit.function));

const counted = overTime(drawn);

function perRequest(grid, id, unit, column, more = {}) {
  const points = (test) => {
    const found = [];
    for (let row = 0; row < count; row += 1) if (requests[column][row] !== null && test(row)) found.push({ x: requests.start[row], y: requests[column][row], row });
    return found;
  };
  const unmeasured = () => {
    const found = [];
    for (let row = 0; row < count; row += 1) if (requests[column][row] === null && isFailed(row)) found.push({ x: requests.start[row], y: 0.02, row });
    return found;
  };
  const series = cache(() => [
    { key: "series.ok", color: "c1", kind: "points", data: points(isOk) },
    { key: "series.failed", color: "fail", kind: "points", point: "failed", data: points(isFailed) },
    { key: "series.unmeasured", color: "fail", kind: "points", point: "unmeasured", axis: "rug", data: unmeasured() },
  ]);
  const notes = () => [text("note.by_start"), ...sampledNote()];
  const label = (item) => describeRow(item.raw.row, item.dataset.series.axis === "rug" ? "" : reading(item.parsed.y) + (unit ? " " + text(unit) : ""));
  addChart(grid, {
    id, title: "chart." + id, unit, time: true, log: true, series, notes, empty: !has(requests[column]), ...more,
    tooltip: { label }, click: (hits) => { if (hits.length) openDetails(hitRow(series, hits[0])); },
  });
}
const hitRow = (series, hit) => series()[hit.datasetIndex].data[hit.index].row;
const describeRow = (row, value) => "#" + requests.id[row] + "  " + (value ? value + "  " : "") + (isOk(row) ? "" : text("outcome." + name(row)));
const sampledNote = () => (count < data.requests.total ? [texts("note.sampled", { shown: whole(count), total: whole(data.requests.total) })] : []);

function percentileLines(found) {
  return ["p50", "p95", "p99"].map((p, at) => ({
    key: "series." + p, color: ["c1", "c2", "c4"][at], dash: [null, [6, 3], [2, 2]][at], kind: "line", always: true,
    data: found.at.map((x, i) => ({ x, y: found[p][i] ?? NaN })),
  })).filter((series) => series.data.some((point) => !Number.isNaN(point.y)));
}
function percentileChart(grid, id, found, limits) {
  const step = data.percentiles.step_s;
  const lacking = found.p99.some((value) => value === null);
  const notes = () => [texts("note.step", { step }), ...(lacking ? [text("note.p99_missing")] : [])];
  addChart(grid, { id, title: "chart." + id, unit: "unit.ms", time: true, log: true, step, notes, limits, series: cache(() => percentileLines(found)), empty: !has(found.p50), emptyText: found.at.length ? "few_samples" : undefined });
}

function spreadChart(grid, id, found, unit, limits) {
  const total = found.counts.reduce((sum, each) => sum + each, 0);
  const range = (items) => figure(found.edges[Math.floor(items[0].parsed.x)]) + " – " + figure(found.edges[Math.floor(items[0].parsed.x) + 1]) + " ms";
  const series = cache(() => {
    let sum = 0;
    const shares = found.counts.map((each, x) => ({ x: x + 0.5, y: (sum += each) / total * 100 }));
    return [
      { key: "series.cumulative", color: "c2", kind: "line", axis: "share", data: shares },
      { key: "series.count", color: "c1", kind: "bars", wide: true, axisPair: true, data: found.counts.map((y, x) => ({ x: x + 0.5, y })) },
    ];
  });
  const notes = () => [texts("note.spread", { n: whole(total) + " " + text(unit) }), ...(found.geometric ? [text("note.geometric")] : [])];
  const scaled = (axes) => binAxis(axes, found.edges, found.geometric);
  const places = limits.map((limit) => ({ ...limit, value: binOf(found.edges, found.geometric, limit.value) }));
  addChart(grid, { id, title: "chart." + id, xTitle: "unit.ms", log: true, plainX: true, series, notes, axes: scaled, empty: !total, limits: places, limitsAt: "x",
    tooltip: { title: (items) => (items.length ? range(items) : ""), label: (item) => text(item.dataset.series.key) + ": " + (item.dataset.series.axis ? figure(item.parsed.y) + " %" : whole(item.parsed.y)) } });
}

function errorCharts(grid) {
  if (someFailed) counted(grid, "error_share", "unit.percent", [["failed_share", "series.failed", "fail"]], { limits: limitsOf("errors", "rate"), bare: true });
  const { step_s: step, counts } = data.errors;
  const names = Object.keys(counts);
  const colors = ["fail", "c2", "c4", "c5", "c3", "c1", "c6"];
  const series = cache(() => names.map((each, at) => ({
    key: "outcome." + each, color: each === "cancelled" ? "wait" : colors[at % colors.length], kind: "bars", stack: "errors", wide: true,
    data: counts[each].map((y, x) => ({ x: end_s < step ? end_s / 2 : (x + 0.5) * step, y })),
  })));
  const stacked = (axes) => { axes.x.stacked = true; axes.x.offset = false; axes.y.stacked = true; return axes; };
  addChart(grid, { id: "errors", title: "chart.errors", unit: "unit.requests", things: true, time: true, step, series, axes: stacked, notes: () => [texts("note.step", { step })] });
}

// The y axis of the heat map counts half-octaves; gaps of 0 have a row of their own just below the shortest others.
const edgeMs = (bucket) => 2 ** (bucket / 2) / 1000;
const shortest = Math.min(...data.heat.cells.map((cell) => cell[1]).filter((bucket) => bucket >= 0));
const zeroRow = Number.isFinite(shortest) ? shortest - 1.5 : 0;
const heatRow = (bucket) => (bucket < 0 ? zeroRow : bucket);
const heatPlugin = {
  id: "heat",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: area, scales: { x, y } } = chart;
    const { step_s: step, cells } = data.heat;
    const most = Math.log1p(Math.max(...cells.map((cell) => cell[2])));
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    ctx.fillStyle = css("c1");
    for (const [bin, bucket, number] of cells) {
      const [left, right] = [x.getPixelForValue(bin * step), x.getPixelForValue((bin + 1) * step)];
      const [top, bottom] = [y.getPixelForValue(heatRow(bucket) + 1), y.getPixelForValue(heatRow(bucket))];
      ctx.globalAlpha = 0.08 + 0.92 * Math.log1p(number) / most;
      ctx.fillRect(left, top, Math.max(right - left, 1), bottom - top);
    }
    ctx.restore();
  },
};
function heatTicks(low, high) {
  const ticks = low === zeroRow ? [{ value: zeroRow + 0.5, label: "0" }] : [];
  for (let power = -3; power < 6; power += 1) {
    for (const factor of high - low < 24 ? [1, 2, 5] : [1]) {
      const ms = factor * 10 ** power;
      const value = 2 * Math.log2(ms * 1000);
      if (value >= low && value <= high && !(value >= zeroRow && value <= zeroRow + 1.2)) ticks.push({ value, label: mark(ms) });
    }
  }
  return ticks;
}
function heatChart(grid) {
  const { step_s: step, cells } = data.heat;
  const series = cache(() => [{ key: "unit.gaps", color: "c1", kind: "points", point: "unseen", data: cells.map(([bin, bucket, number]) => ({ x: middle(bin * step, step, end_s), y: heatRow(bucket) + 0.5, bucket, number })) }]);
  const scaled = (axes) => {
    const rows = cells.map((cell) => heatRow(cell[1]));
    const [low, high] = [Math.min(...rows), Math.max(...rows) + 1];
    Object.assign(axes.y, { min: low, max: high, beginAtZero: false, afterBuildTicks: (scale) => { scale.ticks = heatTicks(low, high); } });
    axes.y.ticks.callback = (_, at, ticks) => ticks[at].label;
    return axes;
  };
  const range = (bucket) => (bucket < 0 ? "0" : figure(edgeMs(bucket)) + " – " + figure(edgeMs(bucket + 1)));
  const said = (cell) => range(cell.bucket) + " ms: " + whole(cell.number) + " " + text("unit.gaps");
  const read = (x) => {
    const column = series()[0].data.filter((cell) => Math.abs(cell.x - x) <= step / 2);
    return column.length ? said(column.reduce((a, b) => (b.number > a.number ? b : a))) : "–";
  };
  const notes = () => [texts(isDark() ? "note.heat_dark" : "note.heat", { step })];
  const limits = limitsOf("itl_ms", "p", "med", "max", "").map((limit) => ({ ...limit, value: limit.value > 0 ? 2 * Math.log2(limit.value * 1000) : null }));
  addChart(grid, { id: "gap_heat", title: "chart.gap_heat", unit: "unit.ms", time: true, step, series, axes: scaled, notes, read, limits, plugins: [heatPlugin], bare: true, empty: !cells.length, tooltip: { label: (item) => said(item.raw) } });
}

function concurrencyChart(grid, id, column) {
  const found = data.requests.by_concurrency[column];
  const rows = (test) => requests.id.map((_, row) => row).filter((row) => requests[column][row] !== null && test(row)).map((row) => ({ x: requests.concurrency[row], y: requests[column][row], row }));
  const series = cache(() => [
    ...percentileLines(found),
    { key: "series.ok", color: "c6", kind: "points", data: rows(isOk) },
    { key: "series.failed", color: "fail", kind: "points", point: "failed", data: rows(isFailed) },
  ]);
  const notes = () => [text("note.concurrency"), ...sampledNote()];
  const levels = (axes) => {
    Object.assign(axes.x, { min: 0, max: Math.max(...requests.concurrency) + 1 });
    axes.x.ticks.precision = 0;
    return axes;
  };
  addChart(grid, { id, title: "chart." + id, unit: "unit.ms", log: true, xTitle: "unit.in_flight", series, notes, axes: levels, empty: !found.at.length,
    click: (hits) => { const hit = hits.find((each) => series()[each.datasetIndex].kind === "points"); if (hit) openDetails(hitRow(series, hit)); } });
}

const WATERFALL_ROWS = 40;
function waterfallChart(grid) {
  let rows = [];
  let pick = "slowest";
  const typical = [...requests.latency].sort((a, b) => a - b)[Math.floor(count / 2)] / 1000;
  // Bars a fortieth of the run and shorter cannot be read on its time axis.
  let ownClock = whole_run.to > 40 * typical;
  const end = (row) => requests.start[row] + requests.latency[row] / 1000;
  const picks = {
    slowest: (inside) => inside.sort((a, b) => requests.latency[b] - requests.latency[a]).slice(0, WATERFALL_ROWS),
    spread: (inside) => inside.filter((_, at) => Math.floor(at * WATERFALL_ROWS / inside.length) !== Math.floor((at - 1) * WATERFALL_ROWS / inside.length)),
    failed: (inside) => inside.filter(isFailed).slice(0, WATERFALL_ROWS),
  };
  const choose = () => {
    const inside = requests.id.map((_, row) => row).filter((row) => requests.start[row] <= view.to && end(row) >= view.from);
    rows = picks[pick](inside);
    if (!ownClock) rows.sort((a, b) => requests.start[a] - requests.start[b]);
  };
  const bars = (from, to, test) => rows.map((row) => {
    if (!test(row)) return null;
    const base = ownClock ? requests.start[row] : 0;
    return [from(row) - base, to(row) - base];
  });
  const first = (row) => requests.start[row] + requests.ttft[row] / 1000;
  const common = { kind: "bars", grouped: false, parsing: true, minLength: 1, always: true, thickest: 24 };
  const begun = (row) => (requests.ttft[row] === null ? requests.start[row] : first(row));
  const unfinished = [["series.failed", "fail", isFailed], ["series.cancelled", "c6", isCancelled]].filter(([, , test]) => requests.id.some((_, row) => test(row)));
  const spec = {
    id: "waterfall", title: "chart.waterfall", unit: "seconds", broad: true, tall: count >= 20, indexAxis: "y", parsing: true, time: !ownClock, empty: !count,
    labels: () => rows.map((row) => "#" + requests.id[row]),
    series: () => [
      ...ofStreams({ ...common, key: "series.wait", color: "wait", data: bars((row) => requests.start[row], first, (row) => requests.ttft[row] !== null) }),
      { ...common, key: data.streamed ? "series.stream" : "series.latency", color: "c1", data: bars(begun, end, isOk) },
      ...unfinished.map(([key, color, test]) => ({ ...common, key, color, data: bars(begun, end, test) })),
    ],
    axes: (axes) => {
      const ticks = axes.x.ticks;
      axes.x = { ...axes.x, type: "linear", grid: axes.y.grid, ticks: { ...ticks, callback: ownClock ? mark : both_clocks } };
      axes.y = { type: "category", labels: rows.map((row) => "#" + requests.id[row]), stacked: true, grid: { display: false }, ticks: { color: ticks.color, font: ticks.font, autoSkip: false } };
      return axes;
    },
    onView: choose,
    read: () => "",
    interaction: { mode: "nearest", axis: "y", intersect: false },
    clickAxis: "y",
    tooltip: { title: (items) => (items.length ? items[0].label : ""), label: (item) => timesOf(rows[item.dataIndex]) },
    notes: () => [text("note.waterfall"), ...sampledNote()],
    click: (hits) => { if (hits.length) openDetails(rows[hits[0].index]); },
  };
  spec.controls = (card) => {
    const update = () => { spec.time = !ownClock; choose(); refresh(card); };
    const select = (key, options, value, change) => make("label", {}, say("span", key), " ", make("select", { on: { change: (event) => { change(event.target.value); update(); } } },
      ...options.map((option) => say("option", "waterfall." + option, { value: option, selected: option === value }))));
    return make("span", { class: "selects" },
      select("waterfall.pick", ["slowest", "spread", "failed"], pick, (value) => { pick = value; }),
      select("waterfall.clock", ["run", "own"], ownClock ? "own" : "run", (value) => { ownClock = value === "own"; }));
  };
  choose();
  addChart(grid, spec);
}
const timesOf = (row) => [["TTFB", requests.ttfb], ["TTFT", requests.ttft], [text("metric.latency_ms"), requests.latency]]
  .filter(([, column]) => column[row] !== null).map(([label, column]) => label + " " + figure(column[row]) + " ms")
  .concat(isOk(row) ? [] : [text("outcome." + name(row))]).join("  ·  ");

// --- details of one request
function openDetails(row) {
  const dialog = document.getElementById("details");
  const texts_of = data.requests.details[row];
  const at = (s) => new Date(data.started_unix_ms + s * 1000).toISOString().replace("T", " ").replace("Z", " UTC");
  const ms = (column) => (requests[column][row] === null ? null : figure(requests[column][row]) + " ms");
  const facts = [
    ["outcome", text("outcome." + name(row))], ["status", requests.status[row]], ["thread", requests.thread[row]],
    ["start_at", clock(requests.start[row]) + " (" + at(requests.start[row]) + ")"],
    ["end_at", clock(requests.start[row] + requests.latency[row] / 1000)],
    ["metric.ttfb_ms", ms("ttfb")], ["metric.ttft_ms", ms("ttft")], ["metric.ttfa_ms", ms("ttfa")], ["metric.latency_ms", ms("latency")],
    ["metric.tpot_ms", ms("tpot")], ["metric.max_gap_ms", ms("max_gap")],
    ["metric.tokens_per_s", requests.rate[row] === null ? null : figure(requests.rate[row]) + " " + text("unit.tokens_per_s")],
    ["tokens", requests.tokens[row]], ["prompt_tokens", requests.prompt_tokens[row]], ...ofStreams(["chunks", requests.chunks[row]]), ["retries", requests.retries[row]],
    ...["conversation_id", "message_id", "finish_reason", "query", "error"].map((key) => [key, texts_of && texts_of[key]]).map(([key, said]) => [key, key === "error" && said && texts_of.error_in_both ? texts_of.error_in_both[language() === "zh" ? 1 : 0] : said]),
  ].filter(([, value]) => value !== null && value !== undefined);
  const list = make("dl", {}, ...facts.map(([key, value]) => make("div", { class: key === "query" || key === "error" ? "wide" : null }, make("dt", {}, text(key)), make("dd", { dir: "auto" }, String(value)))));
  if (texts_of && texts_of.phases) list.append(phaseBar(texts_of.phases, requests.latency[row]));
  const close = make("button", { type: "button", on: { click: () => dialog.close() } }, text("close"));
  dialog.replaceChildren(make("div", { class: "head" }, make("h2", { id: "details-title" }, text("request") + " #" + requests.id[row]), close), list, texts_of ? "" : make("p", { class: "notes" }, text("no_texts")));
  dialog.showModal();
}

// --- tables made here
function requestTable() {
  const section = document.getElementById("slowest");
  if (!count) return;
  section.hidden = false;
  const column = (key, source, more = {}) => ({ key, value: (row) => requests[source][row], ...more });
  const opener = (_, row) => make("button", { type: "button", class: "link", on: { click: () => openDetails(row) } }, "#" + requests.id[row]);
  const columns = [
    column("request", "id", { show: opener }),
    column("thread", "thread", { show: whole }), column("start_at", "start", { show: (value) => formats[2].format(value) + " s" }),
    { key: "outcome", text: true, value: (row) => name(row), show: (_, row) => say("span", "outcome." + name(row), { class: "mark " + (isOk(row) ? "ok" : isFailed(row) ? "failed" : "cancelled") }) },
    column("status", "status", { show: (value) => String(value ?? "–") }), column("retries", "retries", { show: whole }),
    column("metric.ttfb_ms", "ttfb"), ...ofStreams(column("metric.ttft_ms", "ttft")), column("metric.latency_ms", "latency"),
    ...ofStreams(column("metric.tpot_ms", "tpot"), column("metric.max_gap_ms", "max_gap")), column("tokens", "tokens", { show: whole }),
  ];
  section.append(...buildTable("slowest-table", "slowest", columns, data.requests.slowest, 10));
}

function threadTable() {
  const section = document.getElementById("threads");
  if (!data.threads.length) return;
  section.hidden = false;
  const names = [["requests", whole], ["failed", whole], ["TTFT mean"], ["TTFT P50"], ["TTFT P99"], ["latency mean"], ["latency P50"], ["latency P99"], ["tokens", whole]];
  const heads = { "TTFT mean": ["metric.ttft_ms", "mean"], "TTFT P50": ["metric.ttft_ms", "P50"], "TTFT P99": ["metric.ttft_ms", "P99"], "latency mean": ["metric.latency_ms", "mean"], "latency P50": ["metric.latency_ms", "P50"], "latency P99": ["metric.latency_ms", "P99"] };
  for (const [key, [metric, part]] of Object.entries(heads)) data.texts[key] = [0, 1].map((at) => data.texts[metric][at] + " " + (data.texts[part] || [part, part])[at]);
  const columns = [
    { key: "thread", value: (row) => row[0], show: (value) => (value < 0 ? say("span", "all_threads") : String(value)) },
    ...names.map(([key, show], at) => ({ key, value: (row) => row[at + 1], show })).filter(({ key }) => data.streamed || !key.startsWith("TTFT")),
  ];
  section.append(...buildTable("threads-table", "by_thread", columns, data.threads.slice(0, -1), 20, data.threads[data.threads.length - 1]), say("p", "by_thread_note", { class: "notes" }));
}

function downloads() {
  const named = { ...requests, outcome: requests.outcome.map((_, row) => name(row)) };
  const button = (key, act) => { const made = say("button", key, { type: "button" }); made.addEventListener("click", act); return made; };
  const everything = () => { const { texts: _, ...rest } = data; return JSON.stringify(rest, null, 1); };
  document.getElementById("download-buttons").append(
    button("csv_requests", () => download("requests.csv", "text/csv", csv(named))),
    button("csv_seconds", () => download("seconds.csv", "text/csv", csv(seconds))),
    button("json_all", () => download("report.json", "application/json", everything())),
    ...(Object.keys(data.flags).length ? [button("json_again", () => download("again.json", "application/json", JSON.stringify(data.flags, null, 2) + "\n"))] : []));
  if (count < data.requests.total) {
    const note = make("p", { class: "notes" });
    const show = () => { note.textContent = sampledNote()[0]; };
    listeners.language.push(show);
    show();
    document.getElementById("downloads").append(note);
  }
}

// The first screen: how much, and how fast, over the run.
function firstCharts() {
  const first = place("tails");
  const asked = has(seconds.asked) ? [["asked", "series.asked", "c6", { dash: [2, 2] }]] : [];
  const failed = someFailed ? [["failed", "series.failed", "fail"]] : [];
  counted(first, "rps", null, [["done", "series.done", "c1"], ["started", "series.started", "c3", { dash: [5, 3] }], ...failed, ...asked], { limits: limitsOf("requests", "rate") });
  streamChart(percentileChart, first, "ttft_percentiles", data.percentiles.ttft, limitsOf("ttft_ms", "p", "med", ""));
  percentileChart(first, "latency_percentiles", data.percentiles.latency, limitsOf("latency_ms", "p", "med", ""));
}

function timeCharts() {
  const spread = place("spread");
  const values = ["p", "med", "max", ""];
  streamChart(spreadChart, spread, "ttft_spread", data.spreads.ttft, "unit.answers", limitsOf("ttft_ms", ...values));
  spreadChart(spread, "latency_spread", data.spreads.latency, "unit.answers", limitsOf("latency_ms", ...values));
  streamChart(spreadChart, spread, "gap_spread", data.spreads.gap, "unit.gaps", limitsOf("itl_ms", ...values));
  streamChart(heatChart, spread);
  streamChart(concurrencyChart, spread, "ttft_concurrency", "ttft");
  concurrencyChart(spread, "latency_concurrency", "latency");
}

function loadCharts() {
  const load = place("load-charts");
  counted(load, "system_tokens", "unit.per_s", [["tokens", "series.tokens", "c1"], ...ofStreams(["chunks", "series.chunks", "c3", { dash: [5, 3] }])], { limits: limitsOf("tokens", "rate") });
  const means = ["latency_ms", "ttft_ms", "ttfb_ms"].flatMap((metric) => limitsOf(metric, "avg"));
  counted(load, "avg_latency", "unit.ms", [["latency", "series.latency", "c1"], ["ttft", "series.ttft", "c2"], ["ttfb", "series.ttfb", "c3", { dash: [5, 3] }]], { log: true, limits: means });
  streamChart(counted, load, "avg_tpot", "unit.ms", [["tpot", "series.tpot", "c1"]], { log: true, bare: true, limits: limitsOf("tpot_ms", "avg") });
  perSecond(load, "threads", null, [["active", "series.active", "c1"], ["threads", "series.threads", "c6", { dash: [5, 3] }]], { things: true });
  if (has(seconds.asked)) counted(load, "schedule_delay", "unit.ms", [["delay", "series.delay", "c1"]], { bare: true });
  perSecond(load, "total", null, [["total", "series.total", "c1", { fill: true }]], { bare: true, things: true });
}

function requestCharts() {
  waterfallChart(place("flow-charts"));
  const each = place("each-charts");
  const ofRequests = (metric, ...more) => ({ limits: limitsOf(metric, "", "max", "min", ...more) });
  streamChart(perRequest, each, "ttft", "unit.ms", "ttft", ofRequests("ttft_ms"));
  perRequest(each, "latency", "unit.ms", "latency", ofRequests("latency_ms"));
  perRequest(each, "ttfb", "unit.ms", "ttfb", ofRequests("ttfb_ms", "p", "med"));
  streamChart(perRequest, each, "tpot", "unit.ms", "tpot", ofRequests("tpot_ms", "p", "med"));
  perRequest(each, "rate", "unit.tokens_per_s", "rate", ofRequests("tokens_per_s", "p", "med"));
  perRequest(each, "tokens", null, "tokens", ofRequests("output_tokens", "p", "med"));
}

// How the tool itself fared; it stands beside the trust in the figures.
function selfCharts() {
  const self = place("self-charts");
  if (!self || !seconds.read_max) return;
  perSecond(self, "self_delay", "unit.ms", [["read_p99", "series.read_p99", "c1"], ["read_max", "series.read_max", "c3", { dash: [5, 3] }], ["gc_max", "series.gc_max", "c4"]], { log: true });
  perSecond(self, "self_cpu", "unit.percent", [["own_cpu", "series.own_cpu", "c1"], ["cpu_wait", "series.cpu_wait", "c4"], ["machine_cpu", "series.machine_cpu", "c6", { dash: [5, 3] }]]);
}

function buildCharts() {
  firstCharts();
  if (place("errors-charts")) errorCharts(place("errors-charts"));
  timeCharts();
  loadCharts();
  serverCharts();
  requestCharts();
  selfCharts();
}

whole_run = view = { from: 0, to: end_s };
buildCharts();
requestTable();
threadTable();
downloads();
if (!count) hideAll("#times, .of-charts, .of-requests");
startPage();
document.querySelectorAll("[data-request]").forEach((button) => {
  const row = requests.id.indexOf(Number(button.dataset.request));
  if (row < 0) button.replaceWith(button.textContent);
  else button.addEventListener("click", () => openDetails(row));
});
startCharts(0, end_s);
