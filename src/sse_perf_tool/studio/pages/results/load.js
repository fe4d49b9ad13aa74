// The result of a load test: were the goals met, what were the figures, how did they go over time, what failed.
import { foreign, make } from "../parts/dom.js";
import { figure, measured, percent, whole } from "../parts/format.js";
import { chart, chartsMissing } from "../parts/charts.js";
import { table, tiles } from "../parts/show.js";
import { language, named, say } from "../parts/words.js";

const METRICS = ["ttft_ms", "ttfa_ms", "ttfb_ms", "tpot_ms", "itl_ms", "latency_ms", "max_gap_ms", "tokens_per_s", "output_tokens"];

export function loadResult({ document: found, ttft_over_time: over_time }) {
  const { metrics = {}, rates = {}, requests = {} } = found;
  return make("div", {}, verdict(found), tiles([
    [say("chart.rps"), figure(rates.requests_per_s), say("unit.per_s")], [`TTFT ${say("chart.p50")}`, figure(metrics.ttft_ms?.p50), "ms"], [`TTFT ${say("chart.p95")}`, figure(metrics.ttft_ms?.p95), "ms"],
    [say("chart.latency"), figure(metrics.latency_ms?.p50), "ms"], [say("chart.tokens"), figure(rates.output_tokens_per_s), say("unit.per_s")], [say("load.ok"), percent(requests.sent ? requests.ok / requests.sent : null), say("load.of", { n: whole(requests.sent) })],
  ]), goals(found), chartsMissing() ? null : charts(found, over_time), figures(metrics), errors(found), notes(found));
}

function verdict(found) {
  const missed = (found.thresholds || []).filter((goal) => !goal.ok);
  const worse = (found.baseline || []).filter((goal) => goal.ok === false);
  const failed = found.requests?.failed || 0;
  const grade = missed.length || worse.length || found.trust?.verdict === "invalid" ? "bad" : failed || found.trust?.verdict === "degraded" || found.interrupted ? "fair" : "good";
  const heading = missed.length ? say("load.goals_missed", { n: missed.length }) : found.thresholds?.length ? say("load.goals_met", { n: found.thresholds.length }) : failed ? say("load.some_failed", { n: failed, failed: whole(failed) }) : say("load.all_ok", { n: whole(found.requests?.ok ?? 0) });
  const lines = [found.interrupted ? say("load.interrupted") : null, found.aborted ? say("load.aborted", { rule: found.aborted.rule ?? "" }) : null, found.trust?.verdict ? named("trust.long_", found.trust.verdict) : null].filter(Boolean);
  // Findings and reasons are sentences of the tool, some in both languages.
  const own = (line) => (Array.isArray(line) ? line[language() === "zh" ? 1 : 0] : typeof line === "object" && line ? line[language()] ?? line.text ?? "" : String(line));
  const listed = [...(found.findings || []), ...(found.trust?.verdict === "trusted" ? [] : found.trust?.reasons || [])].map(own).filter(Boolean);
  return make("div", { class: `verdict ${grade}` }, make("h2", {}, heading), ...lines.map((line) => make("p", {}, line)), listed.length ? make("ul", {}, ...listed.map((line) => make("li", {}, foreign(line, 600)))) : null);
}

function goals({ thresholds = [] }) {
  if (!thresholds.length) return null;
  const columns = [
    { label: say("goals.rule"), value: (goal) => goal.rule, text: true, show: (goal) => make("code", {}, goal.rule) },
    { label: say("goals.value"), value: (goal) => goal.value, show: (goal) => measured(goal.rule, goal.value) },
    { label: say("goals.met"), value: (goal) => String(goal.ok), text: true, show: (goal) => make("span", { class: `pill ${goal.ok ? "good" : "wrong"}` }, say(goal.ok ? "goals.yes" : "goals.no")) },
    { label: say("col.notes"), value: (goal) => goal.note || "", text: true, wide: true },
  ];
  return make("section", { class: "card" }, table(columns, thresholds, { caption: say("goals.title") }));
}

// What is counted in an interval, by second: the end of the run may cut the last one short, and of less than half of it there is no rate.
function rateOf(row, value, duration_s) {
  const width = row.width_s || 1;
  const lasted = Math.min(width, (duration_s ?? Infinity) - row.second);
  return lasted >= width / 2 || row.second === 0 ? value / lasted : NaN;
}

function charts({ time_series: rows = [], duration_s }, over_time) {
  const at = (row) => row.second + (row.width_s || 1) / 2;
  const line = (name, colour, read) => ({ name, colour, kind: "line", data: rows.map((row) => ({ x: at(row), y: read(row) ?? NaN })) });
  const each = (row, value) => rateOf(row, value, duration_s);
  const picture = (title, unit, series) => chart({ title: say(title), unit: say(unit), time: true, legend: series.length > 1, series: series.length > 1 ? series : series.map((one) => ({ ...one, fill: true })) });
  return make("div", { class: "charts thirds" },
    picture("chart.rps", "unit.per_s", [line(say("chart.rps"), "c1", (row) => each(row, row.requests_ok))]),
    picture("chart.active", "unit.none", [line(say("chart.active"), "c2", (row) => row.threads_active)]),
    over_time ? percentiles(over_time) : picture("chart.ttft_mean", "unit.ms", [line("TTFT", "c4", (row) => row.avg_ttft_ms)]),
    picture("chart.tokens", "unit.per_s", [line(say("chart.tokens"), "c3", (row) => each(row, row.tokens))]),
    picture("chart.errors", "unit.per_s", [line(say("chart.errors"), "fail", (row) => each(row, row.requests_failed))]),
    picture("chart.latency", "unit.ms", [line(say("chart.latency"), "c5", (row) => row.avg_latency_ms)]));
}

// P50 and P95 of stretches that are long enough to have some; single stretches stand as points.
function percentiles({ width_s: width, stretches }) {
  const series = [["p50_ms", "c1", "chart.p50"], ["p95_ms", "c4", "chart.p95"]].map(([field, colour, key]) => ({ name: say(key), colour, kind: "line", data: stretches.map((each) => ({ x: each.second + width / 2, y: each[field] ?? NaN })) }));
  return chart({ title: say("chart.ttft"), unit: width > 1 ? say("unit.ms_each", { n: width }) : say("unit.ms"), time: true, series });
}

function figures(metrics) {
  const rows = METRICS.filter((name) => metrics[name]?.count).map((name) => ({ name, ...metrics[name] }));
  const column = (name) => ({ label: say(`col.${name}`), value: (row) => row[name] ?? null });
  const columns = [{ label: say("col.figure"), value: (row) => row.name, text: true, show: (row) => named("figure.", row.name) }, { label: say("col.count"), value: (row) => row.count, show: (row) => whole(row.count) }, { label: say("col.mean"), value: (row) => row.mean }, ...["min", "p50", "p90", "p95", "p99", "max"].map(column)];
  return rows.length ? make("section", { class: "card" }, table(columns, rows, { caption: say("load.figures"), note: say("load.few") })) : null;
}

function errors({ errors: list = [] }) {
  const columns = [
    { label: say("col.outcome"), value: (row) => row.outcome, text: true, show: (row) => named("outcome.", row.outcome) },
    { label: say("col.count"), value: (row) => row.count, show: (row) => whole(row.count) },
    { label: say("col.message"), value: (row) => row.message, text: true, wide: true, show: (row) => foreign(row.message) },
  ];
  return list.length ? make("section", { class: "card note" }, table(columns, list, { caption: say("load.failures") })) : null;
}

const notes = ({ warnings = [] }) => (warnings.length ? make("section", { class: "card note" }, make("h2", {}, say("warnings")), make("ul", {}, ...warnings.map((text) => make("li", {}, foreign(text, 600))))) : null);
