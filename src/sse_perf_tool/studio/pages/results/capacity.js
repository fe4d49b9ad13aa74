// The result of a search for capacity: the highest load that meets the demands, and how each step went.
import { foreign, make } from "../parts/dom.js";
import { figure, mark, measured, whole } from "../parts/format.js";
import { chart, chartsMissing } from "../parts/charts.js";
import { table, tiles, trustPill } from "../parts/show.js";
import { language, named, say } from "../parts/words.js";

const load = (value) => (value === null || value === undefined ? say("n_a") : mark(value));
const p95 = (step) => step.metrics?.ttft_ms?.p95 ?? null;
const verdict = (step) => (step.passed === null ? "unjudged" : step.passed ? "passed" : "missed");
const missed = (step) => (step.checks || []).filter((check) => !check.ok).map((check) => `${check.rule} (${measured(check.rule, check.value)})`).join(", ") || step.error || "";

export const stepColumns = () => [
  { label: say("capacity.level"), value: (step) => step.level, show: (step) => mark(step.level) },
  { label: say("capacity.demands"), value: verdict, text: true, show: (step) => make("span", { class: `pill ${{ passed: "good", missed: "wrong" }[verdict(step)] || ""}` }, say(`capacity.${verdict(step)}`)) },
  { label: say("col.rps"), value: (step) => step.requests_per_s },
  { label: say("col.ttft_p95"), value: p95 },
  { label: say("col.failed"), value: (step) => step.failed, show: (step) => `${whole(step.failed)}/${whole(step.sent)}` },
  { label: say("col.trust"), value: (step) => step.trust, text: true, show: (step) => trustPill(step.trust === "not_measured" ? null : step.trust) },
  { label: say("col.notes"), value: missed, text: true, wide: true, show: (step) => foreign(missed(step)) },
];

export function capacityResult({ document }) {
  const { search = {}, steps = [], capacity: found = {} } = document;
  const unit = say(search.by === "rate" ? "capacity.by_rate" : "capacity.by_threads");
  const level = found.level ?? null;
  const heading = level === null ? say("capacity.no_level") : say("capacity.answer", { level: mark(level), unit });
  const said = found[`answer_${language()}`];
  const lines = [said || null, found.ending ? named("capacity.ending_", found.ending) : null, found.limit ? named("capacity.limit_", found.limit) : null].filter(Boolean);
  const ordered = [...steps].sort((a, b) => a.level - b.level);
  const points = (read) => ordered.map((step) => ({ x: step.level, y: read(step) ?? NaN, name: `${mark(step.level)} ${unit}` }));
  const curve = chart({ title: say("capacity.curve"), unit: say("unit.per_s"), xTitle: unit, legend: false, series: [{ name: say("chart.rps"), colour: "c1", kind: "dots", data: points((step) => step.requests_per_s) }] });
  const ttft = chart({ title: say("col.ttft_p95"), unit: say("unit.ms"), xTitle: unit, legend: false, series: [{ name: say("chart.p95"), colour: "c4", kind: "dots", data: points(p95) }] });
  return make("div", {},
    make("div", { class: `verdict ${level === null ? "bad" : "good"}` }, make("h2", {}, heading), ...lines.map((text) => make("p", {}, text))),
    tiles([[say("capacity.level"), load(level), unit], [say("capacity.failing"), load(found.failing), unit], [say("capacity.knee"), load(found.knee), unit], [say("capacity.edge"), figure(found.edge_requests_per_s), say("unit.per_s")]]),
    chartsMissing() ? null : make("div", { class: "charts" }, curve, ttft),
    make("section", { class: "card" }, table(stepColumns(), steps, { caption: say("capacity.steps"), note: (search.rules || []).join(", "), stack: true })));
}
