// One result: what came out, its label and note, its report, and what can be done with it.
import { Refusal, call, get, post } from "../parts/api.js";
import { confirmed, dialog, problem, toast } from "../parts/dialog.js";
import { button, fill, foreign, link, make } from "../parts/dom.js";
import { textField } from "../parts/forms.js";
import { between, machine, moment } from "../parts/format.js";
import { empty, facts, statePill, title, trustPill } from "../parts/show.js";
import { language, say } from "../parts/words.js";
import { benchResult } from "../results/bench.js";
import { capacityResult } from "../results/capacity.js";
import { loadResult } from "../results/load.js";
import { startJob } from "../setup/start.js";

const SHOWS = { bench: benchResult, run: loadResult, capacity: capacityResult };

export async function view({ path, go, again }) {
  const id = path[0] || "";
  let found;
  try {
    found = await get(`/api/results/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    return { title: say("result.none"), node: empty(say("result.none"), say("result.none_text"), link("/history", say("nav.history"))) };
  }
  const { head } = found;
  if (head.state === "running") {
    const { jobs } = await get("/api/jobs");
    const job = jobs.find((each) => each.result_id === head.id);
    if (job) { setTimeout(() => go(`/jobs/${encodeURIComponent(job.id)}`, { replace: true })); return { title: say("nav.history"), node: make("div", {}) }; }
  }
  const name = head.label || say(`kind.${head.kind}`);
  const nothing = head.kind !== "capacity" && !head.ok; // of which nothing can be trusted or not
  const unreadable = !found.document || head.state === "unreadable";
  const shown = unreadable ? make("section", { class: "card bad" }, make("h2", {}, say("result.unreadable")), make("p", { class: "problem" }, foreign(head.problem || "", 600)), make("p", {}, make("code", {}, head.file))) : SHOWS[head.kind](found);
  const wrong = make("div", { role: "alert" });
  const node = make("div", { "data-result": head.id }, title(name, statePill(head.state), unreadable || nothing ? null : trustPill(head.trust)), actions(head, { go, again, wrong }), wrong, head.note ? make("p", { class: "note-text" }, foreign(head.note, 4000)) : null, shown, about(found));
  return { title: name, node, page: "history" };
}

function actions(head, { go, again, wrong }) {
  const report = `/api/results/${encodeURIComponent(head.id)}/report?lang=${language()}`;
  const rest = make("span", { class: "row" });
  const guarded = (task) => async () => { try { await task(); } catch (error) { fill(wrong, problem(error)); } };
  // Which job made it: where that is known, the same can be sent again, or what is missing of it.
  get("/api/jobs").then(({ jobs }) => {
    const job = jobs.find((each) => each.result_id === head.id && each.origin === "studio");
    if (!job) return;
    const more = guarded(async () => { const next = await post(`/api/jobs/${encodeURIComponent(job.id)}/rest`, {}); toast(say("job.started_toast")); await go(`/jobs/${next.id}`); });
    fill(rest, job.can_run_rest ? button(say("job.rest"), more, { id: "rest" }) : null, button(say("job.again"), guarded(() => startJob(job.request, go)), { id: "again" }));
  }, () => {});
  return make("div", { class: "row acts" },
    head.has_report ? make("a", { class: "as-button primary", href: report, target: "_blank", rel: "noopener", id: "report" }, say("result.report")) : null,
    head.has_report ? make("a", { class: "as-button", href: `${report}&download=true`, download: true }, say("result.download")) : null,
    make("a", { class: "as-button", href: `/api/results/${encodeURIComponent(head.id)}/file`, download: true, id: "data" }, say("result.data")),
    head.state === "unreadable" ? null : link(`/history?pick=${encodeURIComponent(head.id)}&kind=${head.kind}`, say("result.compare")),
    rest,
    button(say("result.label"), () => editHead(head, again), { id: "label" }),
    head.ours ? button(say("delete"), () => dropResult(head, () => go("/history")), { class: "danger" }) : null);
}

export function editHead(head, done) {
  const label = textField(say("label"), head.label, { name: "label", maxlength: 120 });
  const note = textField(say("note"), head.note, { area: true, name: "note", maxlength: 4000 });
  return dialog(say("result.label"), make("div", {}, label, note), [[say("save"), async () => { await call("PATCH", `/api/results/${encodeURIComponent(head.id)}`, { body: { label: label.control.value, note: note.control.value } }); await done(); }, "primary"]]);
}

export const dropResult = (head, done) => confirmed(say("result.delete"), say("result.delete_text", { file: head.file }), say("delete"), async () => { await call("DELETE", `/api/results/${encodeURIComponent(head.id)}`); toast(say("result.deleted")); await done(); });

function about({ head, document: found }) {
  const config = found?.config || {};
  const settings = found?.settings || {};
  const list = [
    [say("result.started"), moment(head.started_at)], [say("result.took"), between(head.started_at, head.ended_at)], [say("result.file"), foreign(head.file)],
    [say("target.address"), config.url ? foreign(config.url) : null], [say("provider.format"), config.format], [say("target.model_name"), config.model ? foreign(config.model) : null],
    [say("run.order"), settings.order ? say(`run.${settings.order === "lanes" ? "lanes" : "interleaved"}`) : null], [say("run.runs"), settings.runs ? `${settings.runs} × ${settings.threads ?? 1}` : null],
    [say("result.host"), foreign(machine(found?.host_info ? found : config))], [say("settings.version"), found?.version || config.version],
    [say("result.command"), found?.command || config.command ? make("code", {}, found.command || config.command) : null, true],
  ].filter(([, value]) => value && value.textContent !== "");
  return make("section", { class: "card" }, make("h2", {}, say("result.method")), facts(list));
}
