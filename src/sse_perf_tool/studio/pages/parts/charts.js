// Charts on Chart.js: a card with title, unit, legend and canvas.  Colours follow the theme, points are thinned.
import { make } from "./dom.js";
import { clock, figure, mark } from "./format.js";
import { say } from "./words.js";

export const MOST_POINTS = 600;
const drawn = new Set();
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// A colour for each model, the same on every page of this browser's visit.
const colours = new Map();
export function colourOf(name) {
  if (!colours.has(name)) colours.set(name, `c${(colours.size % 6) + 1}`);
  return colours.get(name);
}

export const swatch = (colour, line = false) => make("i", { class: line ? "swatch line" : "swatch", css: { "--swatch": `var(--${colour})` } });

// At most so many points, each the one with the largest value of its stretch: a peak is never thinned away.
export function thinned(points, most = MOST_POINTS) {
  if (points.length <= most) return points;
  const step = points.length / most;
  return Array.from({ length: most }, (_, at) => points.slice(Math.floor(at * step), Math.max(Math.floor((at + 1) * step), Math.floor(at * step) + 1)).reduce((best, point) => ((point.y ?? -1) > (best.y ?? -1) ? point : best)));
}

function paint(set, series) {
  const colour = css(series.colour);
  Object.assign(set, { borderColor: colour, backgroundColor: series.kind === "bars" ? colour : series.kind === "points" ? `${colour}cc` : `${colour}26`, pointBackgroundColor: colour });
}

const looks = {
  line: { type: "line", borderWidth: 1.8, pointRadius: 0, pointHoverRadius: 4, tension: 0, spanGaps: false },
  dots: { type: "line", borderWidth: 1.8, pointRadius: 3, pointHoverRadius: 5, tension: 0 },
  points: { type: "scatter", pointRadius: 3.5, pointHoverRadius: 6, borderWidth: 0 },
  bars: { type: "bar", grouped: false, maxBarThickness: 48, borderWidth: 0 },
};

// A point with nothing beside it is in no line: it is drawn itself.
const radii = (points) => points.map((point, at) => ([points[at - 1], points[at + 1]].some((other) => Number.isFinite(other?.y)) ? 0 : 3));

function dataset(series) {
  const data = series.kind === "line" ? thinned(series.data) : series.data;
  const set = { ...looks[series.kind], ...(series.kind === "line" ? { pointRadius: radii(data) } : {}), data, label: series.name, borderDash: series.dash || [], fill: series.fill ? "origin" : false, name: series.name };
  paint(set, series);
  return set;
}

function axes(spec) {
  const ticks = { color: css("muted"), font: { size: 11 } };
  const x = { type: "linear", grid: { color: spec.names ? "transparent" : css("grid"), offset: false }, border: { color: css("line") }, ticks: { ...ticks, maxRotation: spec.names ? 40 : 0, autoSkipPadding: 14, maxTicksLimit: 8, callback: mark } };
  if (spec.xTitle) x.title = { display: true, text: spec.xTitle, ...ticks };
  // Seconds from the begin: whole ones, and never so few that a second fills the chart.
  if (spec.time) { Object.assign(x, { min: 0, suggestedMax: 10 }); Object.assign(x.ticks, { precision: 0, callback: clock }); }
  if (spec.names) Object.assign(x, { min: -0.6, max: spec.names.length - 0.4, afterBuildTicks: (scale) => { scale.ticks = spec.names.map((_, value) => ({ value })); } });
  if (spec.names) Object.assign(x.ticks, { autoSkip: false, callback: (at) => spec.names[at] ?? "" });
  const y = { beginAtZero: true, suggestedMax: spec.yMost, grid: { color: css("grid") }, border: { display: false }, ticks: { ...ticks, maxTicksLimit: 5, callback: mark }, afterFit: (scale) => { scale.width = Math.max(scale.width, 44); } };
  return { x, y };
}

function options(spec) {
  const many = spec.series.some((series) => series.kind === "points" || series.kind === "dots");
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, layout: { padding: { top: 6, right: 8 } },
    interaction: many || spec.names ? { mode: "nearest", axis: "xy", intersect: false } : { mode: "index", intersect: false },
    scales: axes(spec),
    plugins: {
      legend: { display: false },
      tooltip: { animation: false, boxPadding: 4, callbacks: { title: (items) => (spec.names || many ? "" : items.length ? (spec.time ? clock : mark)(items[0].parsed.x) : ""), label: (item) => `${item.raw.name || item.dataset.name}: ${figure(item.parsed.y)} ${spec.unit}` } },
    },
  };
}

// spec: {title, unit, series: [{name, colour, kind, data: [{x, y, name?}]}], names?, xTitle?, time?, tall?, legend?}
// Returns the card; `card.show(series)` draws other data.
export function chart(spec) {
  const canvas = make("canvas", { role: "img" });
  const legend = make("div", { class: "legend" });
  const card = make("figure", { class: "card" }, make("div", { class: "head" }, make("h3", {}, spec.title, " ", make("small", {}, spec.unit))), legend, make("div", { class: spec.tall ? "plot tall" : "plot" }, canvas));
  let made = null;
  const describe = () => {
    const last = spec.series.map((series) => [series.name, series.data.findLast((point) => Number.isFinite(point.y))]).filter(([, point]) => point).slice(0, 12);
    canvas.setAttribute("aria-label", `${spec.title} (${spec.unit}): ${last.map(([name, point]) => `${point.name || name} ${figure(point.y)}`).join(", ") || say("no_data")}`);
  };
  const keys = () => (spec.legend === false ? [] : spec.series.filter((series) => series.legend !== false).map((series) => make("span", {}, swatch(series.colour, series.kind === "line"), series.name)));
  const draw = () => {
    if (typeof Chart === "undefined" || !canvas.isConnected) return;
    const data = { datasets: spec.series.map(dataset) };
    if (!made) made = new Chart(canvas, { type: "line", data, options: options(spec) });
    else { made.data = data; made.options = options(spec); made.update("none"); }
  };
  let waiting = false;
  card.show = (series) => {
    spec.series = series;
    describe();
    legend.replaceChildren(...keys());
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  card.redraw = draw;
  card.destroy = () => { made?.destroy(); made = null; drawn.delete(card); };
  drawn.add(card);
  card.show(spec.series);
  return card;
}

export const redrawAll = () => drawn.forEach((card) => card.redraw());
// Those of a page that is no longer there.
export const sweepCharts = () => drawn.forEach((card) => { if (!card.isConnected) card.destroy(); });
export const chartsMissing = () => typeof Chart === "undefined";
