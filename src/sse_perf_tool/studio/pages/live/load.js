// A load test or a search for capacity while it runs: the figures of this second, and charts of all seconds so far.
import { fill, foreign, make } from "../parts/dom.js";
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

export function loadView(job, announce) {
  const seconds = [];
  const steps = [];
  let asked = null;
  let dirty = false;
  const figures = make("div", {});
  const begins = make("p", { class: "hint spaced", hidden: true });
  const facts = make("p", { class: "hint spaced" });
  const errors = make("div", {});
  const place = make("section", { class: "card", hidden: true });
  const grid = make("div", { class: "charts thirds" });
  // The steps of a search keep no records, so no second of it has percentiles.
  const search = job.kind === "capacity";
  const shown = CHARTS.map(([name, unit, lines]) => [name, unit, search && name === "ttft" ? [["ttft_mean_ms", "c1", "chart.mean"]] : lines]);
  const pictures = shown.map(([name, unit, lines]) => [lines, chart({ title: say(`chart.${name}`), unit: say(unit), time: true, legend: lines.length > 1, series: lines.map(([, colour, key]) => ({ name: say(key), colour, kind: "line", fill: lines.length === 1, data: [] })) })]);
  grid.append(...pictures.map(([, picture]) => picture));
  const stepTable = table(stepColumns(), [], { caption: say("capacity.steps"), stack: true });
  place.append(stepTable);
  const node = make("div", {}, facts, begins, figures, chartsMissing() ? make("p", { class: "hint" }, say("charts_missing")) : grid, place, errors);

  function draw() {
    if (seconds.length) begins.hidden = true;
    const last = seconds.at(-1) || {};
    const failures = seconds.reduce((sum, second) => sum + (second.failed || 0), 0);
    fill(figures, tiles([
      [say("chart.rps"), figure(last.rps), say("unit.per_s")], [say("chart.active"), whole(last.active), null],
      ...(search ? [[say("capacity.level"), last.step === null || last.step === undefined ? say("n_a") : mark(last.step), null], [`TTFT ${say("chart.mean")}`, figure(last.ttft_mean_ms), "ms"]]
        : [[`TTFT ${say("chart.p50")}`, figure(last.ttft_p50_ms), "ms"], [`TTFT ${say("chart.p95")}`, figure(last.ttft_p95_ms), "ms"]]),
      [say("chart.tokens"), figure(last.tokens_per_s), say("unit.per_s")], [say("chart.errors"), whole(failures), say("load.of", { n: whole(last.total ?? 0) })],
    ]));
    for (const [lines, picture] of pictures) picture.show(lines.map(([field, colour, key]) => ({ name: say(key), colour, kind: "line", fill: lines.length === 1, data: seconds.map((second) => ({ x: second.at, y: second[field] ?? NaN })) })));
    const kinds = {};
    for (const second of seconds) for (const [name, count] of Object.entries(second.errors || {})) kinds[name] = (kinds[name] || 0) + count;
    const list = Object.entries(kinds).sort((a, b) => b[1] - a[1]);
    fill(errors, list.length ? make("section", { class: "card note" }, make("h2", {}, say("load.failures")), make("ul", {}, ...list.map(([name, count]) => make("li", {}, named("outcome.", name), ": ", whole(count))))) : null);
    place.hidden = !steps.length;
    stepTable.show(steps);
  }

  function soon() {
    if (dirty) return;
    dirty = true;
    requestAnimationFrame(() => { dirty = false; draw(); });
  }

  const takes = {
    load: (data) => {
      asked = data;
      const words = [data.url, data.format, data.model, data.rate_per_s ? say("load.rate_of", { n: data.rate_per_s }) : say("load.threads_of", { n: data.threads }), data.duration_s ? clock(data.duration_s) : null, data.requests ? say("load.requests_of", { n: whole(data.requests) }) : null].filter(Boolean);
      fill(facts, foreign(words.join(" · "), 400));
    },
    // A search begins its seconds anew with each step: here they go on.
    snapshot: (data) => seconds.push({ ...data, at: seconds.length ? Math.max(data.second, seconds.at(-1).at + 1) : data.second }),
    step_begin: (data) => announce(say("capacity.step_begins", { level: figure(data.level) })),
    step: (data) => { steps.push(data); announce(say("capacity.step_done", { level: figure(data.level) })); },
    tier: (data) => announce(say("load.tier", { n: whole(data.context_tokens) })),
    warning: (data) => facts.after(make("p", { class: "hint" }, foreign(data.text))),
  };
  draw();
  return {
    node,
    state: (name) => {
      begins.hidden = seconds.length > 0 || !["queued", "running"].includes(name);
      begins.textContent = say(name === "queued" ? "job.waits" : "load.begins");
    },
    take: (event) => { takes[event.name]?.(event.data); soon(); },
    done: () => seconds.at(-1)?.total ?? 0,
    share: () => (job.kind === "run" && asked?.duration_s ? Math.min(1, (seconds.at(-1)?.second ?? 0) / asked.duration_s) : null),
  };
}
