// Chart cards: one per chart, with title, legend, notes and canvas.  Time charts share one range and one cross-hair.
const cards = [];
const live = make("p", { class: "sr", "aria-live": "polite" });
let whole_run = { from: 0, to: 1 };
let view = whole_run;
// On paper charts are half as wide: their letters have to be larger.
let printing = false;
let themeBefore;

const css = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
const clock = (s) => {
  if (whole_run.to < 600) return mark(Math.round(s * 1000) / 1000) + " s";
  const all = Math.round(s);
  const [h, m, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, String(all % 60).padStart(2, "0")];
  return h ? h + ":" + String(m).padStart(2, "0") + ":" + rest : m + ":" + rest;
};

// The same moment by the clock on the wall, in UTC as servers log it; "" on pages that do not tell when the run began.
function wall(s) {
  if (data.started_unix_ms === undefined) return "";
  const iso = new Date(data.started_unix_ms + s * 1000).toISOString();
  if (whole_run.to >= 86400) return iso.slice(5, 16).replace("T", " ");
  const range = view.to - view.from;
  return iso.slice(11, range < 0.8 ? 23 : range < 8 ? 21 : 19);
}
const both_clocks = (s, at) => (wall(s) ? [clock(s), wall(s) + (at ? "" : " UTC")] : clock(s));

// The middle of a second or longer step that begins at `from`: the last one ends with the run.
const middle = (from, step, end) => (from + Math.min(from + step, Math.max(end, from))) / 2;
// What is counted is a rate: that of an interval which the end of the run cut short is over its real length.
function valueAt({ columns, cut }, column, at) {
  const value = columns[column][at] ?? NaN;
  if (!cut || columns.second[at] !== cut.second || !cut.counts.includes(column)) return value;
  return cut.share === null ? NaN : value / cut.share;
}
const span = (x, step) => (step ? clock(x - step / 2) + " – " + clock(x + step / 2) : clock(x)) + (wall(x) ? "  ·  " + wall(x) + " UTC" : "");

// Crosses and triangles, so that a failure is not told by its colour alone.
const POINTS = {
  ok: { pointStyle: "circle", radius: 2 },
  failed: { pointStyle: "crossRot", radius: 4.5, borderWidth: 1.6 },
  unmeasured: { pointStyle: "triangle", radius: 4 },
  unseen: { radius: 0 },
};

// Dots where points stand apart; on a dense line only where no line leads to them.
const APART_PX = 24;
function dotRadius(series, width) {
  if (series.plain || series.axis) return 0;
  const inside = series.data.filter((point) => point.x >= view.from && point.x <= view.to).length;
  if ((series.timed ? inside : series.data.length) * APART_PX <= width) return 2.5;
  const there = (at) => series.data[at] !== undefined && !Number.isNaN(series.data[at].y);
  const lone = series.data.map((_, at) => there(at) && !there(at - 1) && !there(at + 1));
  return lone.includes(true) ? lone.map((each) => (each ? 2 : 0)) : 0;
}

// series: {key, color, data: [{x, y}], kind: "line"|"points"|"bars", point?, dash?, axis?, stack?, fill?}
function dataset(series, width) {
  const common = { data: series.data, yAxisID: series.axis || "y", parsing: series.parsing, normalized: true };
  if (series.kind === "points") return { ...common, type: "scatter", showLine: false, clip: 5, ...POINTS[series.point || "ok"], ...(!series.point && series.data.length <= 60 ? { radius: 3.5 } : {}), hoverRadius: 6 };
  if (series.kind === "bars") return { ...common, type: "bar", barPercentage: 1, categoryPercentage: series.wide ? 1 : 0.9, stack: series.stack, grouped: series.grouped, minBarLength: series.minLength, maxBarThickness: series.thickest };
  return { ...common, type: "line", borderWidth: 1.8, borderDash: series.dash || [], radius: dotRadius(series, width), hoverRadius: 4, tension: 0, spanGaps: false, stepped: series.stepped || false, fill: series.fill || false };
}

function paint(set, series) {
  const color = css(series.color);
  set.borderColor = color;
  set.backgroundColor = series.kind === "line" ? color + "22" : series.kind === "points" && !series.point ? color + "aa" : series.axisPair ? color + "99" : color;
  if (series.kind === "line") set.pointBackgroundColor = color;
  if (series.kind === "points" && !series.point) set.borderWidth = 0;
  if (series.kind === "bars") set.borderWidth = 0;
}

// Round moments, whatever range a zoom has left.
const STEPS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
function timeTicks(scale) {
  const most = Math.max(2, Math.min(8, scale.width / 70));
  const step = STEPS_S.find((each) => (scale.max - scale.min) / each <= most) || (scale.max - scale.min) / most;
  scale.ticks = [];
  for (let at = Math.ceil(scale.min / step - 1e-9); at * step <= scale.max * (1 + 1e-12); at += 1) scale.ticks.push({ value: at * step });
}

// Axes of one width, so that the charts of a column share their time axis to the pixel.
const alike = (scale) => { scale.width = Math.max(scale.width, 46); };

function axes(spec) {
  const grid = css("grid");
  const ticks = { color: css("muted"), font: { size: printing ? 17 : 11 } };
  const x = {
    type: "linear", grid: { color: spec.plainX ? "transparent" : grid, offset: false }, border: { color: grid },
    ticks: { ...ticks, maxRotation: 0, autoSkipPadding: 14, maxTicksLimit: 9, includeBounds: false },
  };
  if (spec.time) Object.assign(x, { min: view.from, max: view.to, afterBuildTicks: timeTicks });
  if (spec.time) x.ticks.callback = both_clocks;
  else x.ticks.callback = mark;
  if (spec.xTitle) x.title = { display: true, text: text(spec.xTitle), color: ticks.color, font: ticks.font };
  const y = { type: spec.log && spec.isLog ? "logarithmic" : "linear", beginAtZero: true, grid: { color: grid }, border: { display: false }, ticks: { ...ticks, maxTicksLimit: 6, callback: mark }, afterFit: alike };
  const goals = spec.limitsAt === "x" ? [] : shownLimits(spec).map((limit) => limit.value);
  // Of things there is no half: where few are shown, an axis has no marks between them.
  if (spec.things) y.ticks.precision = 0;
  if (goals.length) Object.assign(y, { suggestedMax: Math.max(...goals) * 1.04, suggestedMin: Math.min(...goals) });
  const found = { x, y };
  if (spec.series().some((series) => series.axis === "rug")) found.rug = { display: false, min: 0, max: 1, position: "right" };
  if (spec.series().some((series) => series.axis === "share")) {
    found.share = { position: "right", min: 0, max: 100, grid: { display: false }, border: { display: false }, ticks: { ...ticks, maxTicksLimit: 5, callback: (value) => value + " %" } };
  }
  return spec.axes ? spec.axes(found) : found;
}

// An x axis of bin numbers that is marked with those edges of the bins that are round numbers.
function binAxis(axes, edges, geometric) {
  const rough = (edges[edges.length - 1] - edges[0]) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const isRound = geometric
    ? (edge) => edge === 0 || [0, Math.log10(2), Math.log10(5), 1].some((part) => Math.abs(((Math.log10(edge) % 1) + 1) % 1 - part) < 0.004)
    : (edge) => Math.abs(edge / step - Math.round(edge / step)) < 1e-6;
  const marks = edges.map((edge, value) => ({ value, edge })).filter(({ edge }) => isRound(edge));
  Object.assign(axes.x, { min: 0, max: edges.length - 1, offset: false });
  axes.x.ticks.callback = (at) => (edges[at] === undefined ? "" : mark(Number(edges[at].toPrecision(geometric ? 1 : 12))));
  axes.x.afterBuildTicks = (scale) => { scale.ticks = marks.map(({ value }) => ({ value })); };
  return axes;
}

// Where a value lies on an axis of bin numbers; null beyond its ends.
function binOf(edges, geometric, value) {
  const bin = edges.findIndex((edge, at) => edge <= value && value < edges[at + 1]);
  if (bin < 0) return null;
  const [low, high] = [edges[bin], edges[bin + 1]];
  return bin + (geometric && low > 0 ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
}

// --- goals: lines across a chart, at a height or, with `limitsAt: "x"`, at a place
const LIMIT_COLORS = { met: "good", missed: "fail", slo: "c5" };
const shownLimits = (spec) => spec.near.filter((limit) => !spec.hidden[limit.key]);

// A goal far above all there is would press the lines flat: it is named below the chart instead.
function sortLimits(spec) {
  const limits = spec.empty ? [] : spec.limits || [];
  const heights = limits.length && spec.limitsAt !== "x" ? spec.series().filter((series) => series.axis === undefined).flatMap((series) => series.data.map((point) => point.y)) : [];
  const top = heights.reduce((most, y) => (y > most ? y : most), 0);
  const near = (limit) => limit.value !== null && (spec.limitsAt === "x" || limit.value <= 3 * top);
  spec.near = limits.filter(near);
  spec.far = limits.filter((limit) => !near(limit));
}

const limitLines = (spec) => ({
  id: "limits",
  afterDatasetsDraw: ({ ctx, chartArea: area, scales: { x, y } }) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    ctx.lineWidth = 1.5;
    ctx.setLineDash([7, 4]);
    for (const limit of shownLimits(spec)) {
      const [across, at] = [spec.limitsAt === "x", (spec.limitsAt === "x" ? x : y).getPixelForValue(limit.value)];
      ctx.strokeStyle = css(LIMIT_COLORS[limit.state]);
      ctx.beginPath();
      ctx.moveTo(...(across ? [at, area.top] : [area.left, at]));
      ctx.lineTo(...(across ? [at, area.bottom] : [area.right, at]));
      ctx.stroke();
    }
    ctx.restore();
  },
});

function tooltip(spec) {
  const label = (item) => {
    const series = item.dataset.series;
    if (series.axis === "rug") return text(series.key);
    return text(series.key) + ": " + reading(item.parsed.y) + (series.axis === "share" ? " %" : spec.unit ? " " + text(spec.unit) : "");
  };
  const title = (items) => (spec.time && items.length ? span(items[0].parsed.x, spec.step) : "");
  return { enabled: true, animation: false, displayColors: true, boxPadding: 4, callbacks: { label, title, ...(spec.tooltip || {}) } };
}

function zoomOptions(spec) {
  if (!spec.time) return { zoom: {} };
  return {
    limits: { x: { min: whole_run.from, max: whole_run.to } },
    zoom: {
      mode: "x",
      drag: { enabled: true, threshold: 5, backgroundColor: css("c1") + "22", borderColor: css("c1"), borderWidth: 1 },
      pinch: { enabled: true },
      wheel: { enabled: true, modifierKey: "ctrl" },
      onZoomComplete: ({ chart }) => setView(chart.scales.x.min, chart.scales.x.max),
    },
  };
}

// What began in the shaded parts of a run is in no figure; pages that compare runs shade nothing.
const shaded = data.left_out_s || [];
const phases = {
  id: "phases",
  beforeDatasetsDraw: ({ ctx, chartArea, scales }) => {
    ctx.save();
    ctx.fillStyle = css("muted") + "26";
    for (const [from, to] of shaded) {
      const [left, right] = [from, to].map((at) => Math.max(chartArea.left, Math.min(chartArea.right, scales.x.getPixelForValue(at))));
      ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
    }
    ctx.restore();
  },
};

function chartConfig(spec, width) {
  const list = spec.series();
  const datasets = list.map((series) => {
    const set = dataset({ ...series, timed: spec.time }, width);
    paint(set, series);
    set.series = series;
    set.label = series.key;
    set.hidden = Boolean(spec.hidden[series.key]);
    return set;
  });
  return {
    type: "scatter",
    data: { labels: spec.labels ? spec.labels() : undefined, datasets },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, indexAxis: spec.indexAxis || "x",
      parsing: spec.parsing === undefined ? false : spec.parsing,
      interaction: spec.interaction || (list.some((series) => series.kind === "points") ? { mode: "nearest", axis: "xy", intersect: false } : { mode: "index", intersect: false }),
      layout: { padding: { top: 6, right: 8 } },
      scales: axes(spec),
      plugins: { legend: { display: false }, tooltip: tooltip(spec), zoom: zoomOptions(spec) },
      onClick: spec.click ? (event, _, chart) => spec.click(chart.getElementsAtEventForMode(event, "nearest", { axis: spec.clickAxis || "xy", intersect: spec.clickAxis === undefined }, true)) : undefined,
    },
    plugins: [...(spec.plugins || []), ...(spec.time ? [phases] : []), ...(spec.near.length ? [limitLines(spec)] : [])],
  };
}

function legend(card) {
  const { spec } = card;
  const list = make("div", { class: "legend" });
  const add = (series, kind) => {
    const swatch = make("i", { class: "swatch " + kind, "data-color": series.color });
    const button = make("button", { type: "button", "aria-pressed": "true", on: { click: () => toggle(card, series, button) } }, swatch, say("span", series.key));
    list.append(button);
  };
  for (const series of spec.bare ? [] : spec.series()) {
    if (series.data.length || series.always) add(series, series.kind + " " + (series.point || "") + (series.dash ? " dashed" : ""));
  }
  for (const limit of spec.near) add({ key: limit.key, color: LIMIT_COLORS[limit.state] }, "line dashed");
  return list;
}

function toggle(card, series, button) {
  const hidden = !card.spec.hidden[series.key];
  card.spec.hidden[series.key] = hidden;
  button.setAttribute("aria-pressed", String(!hidden));
  refresh(card);
}

// spec: {id, title, unit?, series(), time?, log?, things?, labels?(), notes?() -> [string], empty?, controls?, xTitle?, limits?, ...}
// A title that says the unit ("Requests per second") has no `unit`.
function addChart(parent, spec) {
  spec.hidden = {};
  sortLimits(spec);
  const canvas = make("canvas", { id: "chart-" + spec.id, role: "img", tabindex: 0, "aria-describedby": "notes-" + spec.id });
  const cross = make("div", { class: "cross", hidden: true });
  const readout = make("p", { class: "readout", "aria-hidden": "true" });
  const notes = make("p", { class: "notes", id: "notes-" + spec.id });
  const foot = make("div", { class: "foot" }, notes, readout);
  const card = { spec, canvas, cross, readout, notes, chart: null, visible: false, stale: true };
  const controls = make("div", { class: "controls" }, spec.log && !spec.empty ? logButton(card) : null, spec.controls && !spec.empty ? spec.controls(card) : null);
  const head = make("div", { class: "head" }, make("h3", {}, say("span", spec.title), ...(spec.unit ? [" ", say("small", spec.unit)] : [])), controls);
  const plot = make("div", { class: "plot" + (spec.empty ? " none" : spec.tall ? " tall" : "") }, spec.empty ? say("p", spec.emptyText || "no_data", { class: "empty" }) : canvas, cross);
  card.node = make("figure", { class: "card chart" + (spec.broad ? " broad" : ""), id: "card-" + spec.id }, head, spec.empty ? null : legend(card), plot, foot);
  parent.append(card.node);
  if (spec.empty) return card;
  cards.push(card);
  const describe = () => {
    canvas.setAttribute("aria-label", text(spec.title) + (spec.unit ? " (" + text(spec.unit) + ")" : ""));
    const marked = [...(spec.time && shaded.length ? [text("note.phases")] : []), ...spec.far.map((limit) => texts("note.limit_outside", { limit: text(limit.key) }))];
    notes.textContent = [...marked, ...(spec.notes ? spec.notes() : [])].join(" ");
  };
  describe();
  listeners.language.push(describe);
  listeners.theme.push(describe);
  if (spec.time) addHands(card);
  return card;
}

function logButton(card) {
  const button = say("button", "log_scale", { type: "button", class: "toggle", "aria-pressed": String(Boolean(card.spec.isLog)) });
  button.addEventListener("click", () => {
    card.spec.isLog = !card.spec.isLog;
    button.setAttribute("aria-pressed", String(card.spec.isLog));
    refresh(card);
  });
  return button;
}

// Draws now what can be seen; the rest follows when the page is idle, so that neither opening nor zooming stalls.
function refresh(card) {
  if (card.visible) draw(card);
  else { card.stale = true; settle(); }
}
// A page that draws no frames (in the background, say) may never be idle: then it happens all the same.
const idle = window.requestIdleCallback ? (task) => requestIdleCallback(task, { timeout: 200 }) : (task) => setTimeout(task, 20);
// What is folded has no size: it is drawn when it is opened.
const folded = (card) => Boolean(card.canvas.closest("details:not([open])"));
let settling = false;
function settle() {
  if (settling) return;
  settling = true;
  root.dataset.ready = "false";
  const next = () => {
    const card = cards.find((each) => each.stale && !folded(each));
    if (card) { draw(card); idle(next); } else { settling = false; root.dataset.ready = "true"; }
  };
  idle(next);
}
function draw(card) {
  card.stale = false;
  const config = chartConfig(card.spec, card.canvas.parentElement.clientWidth);
  if (!card.chart) { card.chart = new Chart(card.canvas, config); return; }
  card.chart.data = config.data;
  card.chart.options = config.options;
  card.chart.update("none");
}

// --- one range for all time charts
function setView(from, to) {
  const low = Math.max(whole_run.from, Math.min(from, to));
  const high = Math.min(whole_run.to, Math.max(from, to));
  if (!(high - low > (whole_run.to - whole_run.from) / 1e5)) return;
  view = { from: low, to: high };
  root.dataset.zoomed = String(low > whole_run.from || high < whole_run.to);
  if (document.getElementById("range")) {
    document.getElementById("range-from").value = Number(low.toFixed(3));
    document.getElementById("range-to").value = Number(high.toFixed(3));
  }
  root.dataset.from = low;
  root.dataset.to = high;
  hideCross();
  for (const card of cards) {
    if (card.spec.onView) card.spec.onView();
    if (card.spec.time || card.spec.onView) refresh(card);
  }
}
const resetView = () => setView(whole_run.from, whole_run.to);

// --- one cross-hair for all time charts
function nearest(points, x) {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - points[low - 1].x < points[low].x - x ? points[low - 1] : points[low];
}

function showCross(x) {
  for (const card of cards) {
    if (!card.spec.time || !card.visible || !card.chart) continue;
    const { scales, chartArea } = card.chart;
    card.cross.hidden = false;
    Object.assign(card.cross.style, { left: scales.x.getPixelForValue(x) + "px", top: chartArea.top + "px", height: chartArea.height + "px" });
    card.readout.textContent = clock(x) + "  " + (wall(x) ? wall(x) + " UTC  ·  " : "") + (card.spec.read ? card.spec.read(x) : readSeries(card, x));
  }
}
function readSeries(card, x) {
  const range = view.to - view.from;
  return card.spec.series().filter((series) => series.data.length && series.axis !== "rug" && !card.spec.hidden[series.key]).map((series) => {
    const point = nearest(series.data, x);
    // A point far from the cross-hair says nothing about this moment.
    const there = Math.abs(point.x - x) <= Math.max(range / 50, card.spec.step || 1);
    return text(series.key) + " " + (there && !Number.isNaN(point.y) ? reading(point.y) : "–");
  }).join("  ·  ");
}
function hideCross() {
  for (const card of cards) {
    card.cross.hidden = true;
    card.readout.textContent = "";
  }
}

let pending = null;
function addHands(card) {
  const { canvas } = card;
  canvas.addEventListener("pointermove", (event) => {
    if (!card.chart) return;
    const x = card.chart.scales.x.getValueForPixel(event.offsetX);
    if (pending === null) requestAnimationFrame(() => { if (pending >= view.from && pending <= view.to) showCross(pending); else hideCross(); pending = null; });
    pending = x;
  });
  canvas.addEventListener("pointerleave", hideCross);
  canvas.addEventListener("dblclick", resetView);
  canvas.addEventListener("blur", hideCross);
  let at = null;
  canvas.addEventListener("keydown", (event) => {
    const span = view.to - view.from;
    if (at === null || at < view.from || at > view.to) at = view.from + span / 2;
    const moves = {
      ArrowLeft: () => { at = Math.max(view.from, at - span / 50); },
      ArrowRight: () => { at = Math.min(view.to, at + span / 50); },
      "+": () => setView(at - span / 4, at + span / 4),
      "=": () => setView(at - span / 4, at + span / 4),
      "-": () => setView(at - span, at + span),
      0: resetView,
      Escape: resetView,
    };
    if (!moves[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moves[event.key]();
    showCross(at);
    live.textContent = card.readout.textContent;
  });
}

// A part of the page that its script makes, and the link of the bar to it.
function addSection(parent, nav, id, titleKey) {
  const grid = make("div", { class: "grid" });
  parent.append(make("section", { id, class: "charts" }, say("h2", titleKey), grid));
  nav.append(say("a", titleKey, { href: "#" + id }));
  return grid;
}

function swatches() {
  document.querySelectorAll("[data-color]").forEach((node) => node.style.setProperty("--swatch", css(node.dataset.color)));
}

function startCharts(from, to) {
  document.body.append(live);
  whole_run = { from, to };
  if (typeof Chart === "undefined") {
    document.getElementById("no-library").hidden = false;
    hideAll("#zoom-hint, #charts, .of-charts");
    return;
  }
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  if (document.getElementById("range")) startRange();
  setView(from, to);
  swatches();
  listeners.theme.push(swatches);
  const redraw = () => cards.forEach(refresh);
  listeners.theme.push(redraw);
  listeners.language.push(redraw);
  const observer = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const card = cards.find((each) => each.canvas === entry.target);
    card.visible = entry.isIntersecting;
    if (card.visible && card.stale) draw(card);
  }), { rootMargin: "150px" });
  cards.forEach((card) => observer.observe(card.canvas));
  document.querySelectorAll("details").forEach((node) => node.addEventListener("toggle", settle));
  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
  settle();
}

const PAPER_PX = 500;
function beforePrint() {
  printing = true;
  themeBefore = root.dataset.theme;
  setTheme("light");
  cards.filter((card) => !folded(card)).forEach(draw);
  // Paper stretches them to half of its width: what was drawn narrower would have larger letters than the text.
  for (const { chart, node } of cards) {
    const least = PAPER_PX * (node.matches(".broad, :only-child") ? 2 : 1);
    if (chart && chart.width < least) chart.resize(least, Math.round((chart.height * PAPER_PX) / chart.width));
  }
}
function afterPrint() {
  printing = false;
  if (themeBefore) root.dataset.theme = themeBefore; else delete root.dataset.theme;
  themeChanged();
  cards.filter((card) => !folded(card)).forEach(draw);
  for (const { chart } of cards) if (chart) chart.resize();
}

function startRange() {
  document.getElementById("range").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to] = ["range-from", "range-to"].map((id) => Number(document.getElementById(id).value));
    setView(from, to);
  });
  document.getElementById("range-reset").addEventListener("click", resetView);
}
