// The foot of a form: what the job will cost, asked for anew at each change, and the button that starts it.
import { post } from "../parts/api.js";
import { problem, toast } from "../parts/dialog.js";
import { button, fill, foreign, make } from "../parts/dom.js";
import { state } from "../parts/session.js";
import { say } from "../parts/words.js";

const PAUSE_MS = 250;

export async function startJob(body, go, key = crypto.randomUUID?.() || String(Math.random())) {
  const job = await post("/api/jobs", body, { headers: { "Idempotency-Key": key } });
  toast(say(state.running ? "job.queued_toast" : "job.started_toast"));
  await go(`/jobs/${job.id}`);
}

// `what()` gives the body of the job, or null when nothing is chosen; `cost(plan)` what the plan says, as nodes.
// `row.fields` are the fields by the name that a refusal gives; `row.ask()` asks for the plan.
export function startRow({ what, label, cost, go, nothing = say("run.nothing") }) {
  const said = make("div", { class: "cost", "aria-live": "polite" });
  const line = make("div", {});
  const start = button(label, press, { class: "primary big", id: "start" });
  const row = { fields: {}, node: make("div", {}, said, make("div", { class: "launch row" }, start), line) };
  let asked = 0;
  let timer = 0;
  let key = crypto.randomUUID?.() || String(Math.random());

  function mark(error) {
    const name = String(error.field || "").replace(/^(flags|target)\./, "").replace(/\[.*/, "");
    Object.values(row.fields).forEach((field) => field.problem?.(""));
    const field = row.fields[name];
    if (!field?.problem) return problem(error);
    field.problem([error.message, error.hint].filter(Boolean).join(" "));
    field.closest("details")?.setAttribute("open", "");
    return make("p", { class: "problem" }, say("form.look"));
  }

  async function plan() {
    const mine = (asked += 1);
    const body = what();
    start.disabled = !body;
    if (!body) { fill(said, make("p", { class: "muted" }, nothing)); fill(line); return; }
    try {
      const found = await post("/api/plan", body);
      if (mine !== asked) return;
      Object.values(row.fields).forEach((field) => field.problem?.(""));
      const waits = state.running ? make("p", { class: "hint" }, say("job.will_wait")) : null;
      fill(said, cost(found), ...(found.warnings || []).map((text) => make("p", { class: "hint" }, foreign(text))), waits);
      fill(line, found.command ? make("details", { class: "small" }, make("summary", {}, say("same_command")), make("pre", { class: "code", id: "command" }, found.command)) : null);
      start.disabled = found.requests === 0;
    } catch (error) {
      if (mine !== asked) return;
      start.disabled = true;
      fill(said, mark(error));
    }
  }

  async function press() {
    start.disabled = true;
    try {
      await startJob(what(), go, key);
      key = crypto.randomUUID?.() || String(Math.random());
    } catch (error) {
      fill(said, mark(error));
      start.disabled = false;
    }
  }

  row.ask = () => { clearTimeout(timer); timer = setTimeout(plan, asked ? PAUSE_MS : 0); };
  return row;
}
