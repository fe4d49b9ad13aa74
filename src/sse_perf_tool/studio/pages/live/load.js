// A load test or a search for capacity while it runs: the figures of this second, and charts of all seconds so far.
import { fill, foreign, make, oncePerFrame } from "../parts/dom.js";
import { clock, figure, mark, whole } from "../parts/format.js";
import { chart, chartsMissing } from "../parts/charts.js";
import { table, tiles } from "../parts/show.js";
import { named, say } from "../parts/words.js";
import { stepColumns } from "../results/capacity.js";

const CHARTS = [
  ["rps", "unit.per_s", [["rps", "c1", "chart.rps"]]],
  ["active", "unit.none", [["threads", "c6", "chart.threads"], ["active", "c2", "chart.active"]]],
  ["ttft", "unit.ms", [["ttft_p50_ms", "c1", "chart.p50"], ["ttft_p95_ms", "c4", "chart.p95"]]],
  ["tokens", "unit.per_s", [["tokens_per_s", "c3", "chart.tokens"]]],
  ["errors", "unit.per_s", [["failed", "fail", "chart.errors"]]],
  ["latency", "unit.ms", [["latency_mean_ms", "c5", "chart.latency"]]],
];

// The figures of this second.
function figuresNow(seconds, search) {
  const last = seconds.at(-1) || {};
  const failures = seconds.reduce((sum, second) => sum + (second.failed || 0), 0);
  const own = search
    ? [[say("capacity.level"), last.step === null || last.step === undefined ? say("n_a") : mark(last.step), null], [`TTFT ${say("chart.mean")}`, figure(last.ttft_mean_ms), "ms"]]
    : [[`TTFT ${say("chart.p50")}`, figure(last.ttft_p50_ms), "ms"], [`TTFT ${say("chart.p95")}`, figure(last.ttft_p95_ms), "ms"]];
  return tiles([
    [say("chart.rps"), figure(last.rps), say("unit.per_s")], [say("chart.active"), whole(last.active), null], ...own,
    [say("chart.tokens"), figure(last.tokens_per_s), say("unit.per_s")], [say("chart.errors"), whole(failures), say("load.of", { n: whole(last.total ?? 0) })],
  ]);
}

// Each a card and what shows the seconds in it.
function pictures(search) {
  // The steps of a search keep no records, so no second of it has percentiles.
  const shown = CHARTS.map(([name, unit, lines]) => [name, unit, search && name === "ttft" ? [["ttft_mean_ms", "c1", "chart.mean"]] : lines]);
  return shown.map(([name, unit, lines]) => {
    const series = (seconds) => lines.map(([field, colour, key]) => ({ name: say(key), colour, kind: "line", fill: lines.length === 1, data: seconds.map((second) => ({ x: second.at, y: second[field] ?? NaN })) }));
    const card = chart({ title: say(`chart.${name}`), unit: say(unit), time: true, legend: lines.length > 1, series: series([]) });
    return [card, (seconds) => card.show(series(seconds))];
  });
}

// How many of which kind went wrong.
function failuresOf(seconds) {
  const kinds = {};
  for (const second of seconds) for (const [name, count] of Object.entries(second.errors || {})) kinds[name] = (kinds[name] || 0) + count;
  const list = Object.entries(kinds).sort((a, b) => b[1] - a[1]);
  return list.length ? make("section", { class: "card note" }, make("h2", {}, say("load.failures")), make("ul", {}, ...list.map(([name, count]) => make("li", {}, named("outcome.", name), ": ", whole(count))))) : null;
}

function askedFor(data) {
  const load = data.rate_per_s ? say("load.rate_of", { n: data.rate_per_s }) : say("load.threads_of", { n: data.threads });
  const words = [data.url, data.format, data.model, load, data.duration_s ? clock(data.duration_s) : null, data.requests ? say("load.requests_of", { n: whole(data.requests) }) : null];
  return foreign(words.filter(Boolean).join(" · "), 400);
}

export function loadView(job, announce) {
  const search = job.kind === "capacity";
  const [seconds, steps] = [[], []];
  let asked = null;
  const figures = make("div", {});
  const begins = make("p", { class: "hint spaced", hidden: true });
  const facts = make("p", { class: "hint spaced" });
  const errors = make("div", {});
  const charts = pictures(search);
  const grid = make("div", { class: "charts thirds" }, ...charts.map(([card]) => card));
  const stepTable = table(stepColumns(), [], { caption: say("capacity.steps"), stack: true });
  const place = make("section", { class: "card", hidden: true }, stepTable);
  const node = make("div", {}, facts, begins, figures, chartsMissing() ? make("p", { class: "hint" }, say("charts_missing")) : grid, place, errors);

  function drawAll() {
    if (seconds.length) begins.hidden = true;
    fill(figures, figuresNow(seconds, search));
    charts.forEach(([, show]) => show(seconds));
    fill(errors, failuresOf(seconds));
    place.hidden = !steps.length;
    stepTable.show(steps);
  }

  const takes = {
    load: (data) => { asked = data; fill(facts, askedFor(data)); },
    // A search begins its seconds anew with each step: here they go on.
    snapshot: (data) => seconds.push({ ...data, at: seconds.length ? Math.max(data.second, seconds.at(-1).at + 1) : data.second }),
    step_begin: (data) => announce(say("capacity.step_begins", { level: figure(data.level) })),
    step: (data) => { steps.push(data); announce(say("capacity.step_done", { level: figure(data.level) })); },
    tier: (data) => announce(say("load.tier", { n: whole(data.context_tokens) })),
    warning: (data) => facts.after(make("p", { class: "hint" }, foreign(data.text))),
  };
  const draw = oncePerFrame(drawAll);
  drawAll();
  return {
    node,
    state: (name) => {
      begins.hidden = seconds.length > 0 || !["queued", "running"].includes(name);
      begins.textContent = say(name === "queued" ? "job.waits" : "load.begins");
    },
    take: (event) => { takes[event.name]?.(event.data); draw(); },
    done: () => seconds.at(-1)?.total ?? 0,
    share: () => (job.kind === "run" && asked?.duration_s ? Math.min(1, (seconds.at(-1)?.second ?? 0) / asked.duration_s) : null),
  };
}
