// Capacity: how much load the service bears before the demands are missed.
import { get } from "../parts/api.js";
import { make } from "../parts/dom.js";
import { choiceField, draft, textField } from "../parts/forms.js";
import { lead, title } from "../parts/show.js";
import { say } from "../parts/words.js";
import { otherFlags, plainTarget, rulesField, targetOf, targetSection } from "../setup/load_form.js";
import { startRow } from "../setup/start.js";

const KNOWN = ["by", "min", "max", "sweep", "slo", "slo_share", "step_duration", "query", "url", "format", "model", "host", "port", "api_path", "resume"];

export async function view({ go }) {
  const [config, env] = await Promise.all([get("/api/config"), get("/api/env")]);
  const { values, save } = draft("capacity", { target: plainTarget, by: "threads", flags: { slo: ["ttft_ms:p(95)<1500", "errors:rate<1%"] }, label: "" });
  const fields = {};
  const changed = () => { save(); plan.ask(); };
  const form = { values, fields, config, env, changed };
  const plan = startRow({ what: () => body(values), label: say("capacity.start"), cost: () => [make("p", { id: "cost" }, make("b", {}, say("capacity.will")), make("br", {}), make("span", { class: "muted" }, say("capacity.will_text")))], go, nothing: say("target.none") });
  plan.fields = fields;
  const left = make("div", {}, targetSection({ ...form, values: values.target }), search(form));
  const metrics = [["ttft_ms:p(95)<1500", "TTFT P95 < 1.5 s"], ["itl_ms:p(99)<200", say("goals.gaps")], ["errors:rate<1%", say("goals.errors")]];
  fields.label = textField(say("label"), values.label, { change: (value) => { values.label = value; changed(); } });
  const side = make("section", { class: "card side", "aria-label": say("capacity.demands") }, rulesField({ label: say("capacity.demands"), values: values.flags, key: "slo", fields, changed, hint: say("capacity.demands_hint"), metrics }), fields.label, plan.node);
  otherFlags({ command: "capacity", known: KNOWN, values: values.flags, fields, changed }).then((section) => left.append(section), () => {});
  plan.ask();
  return { title: say("nav.capacity"), node: make("div", {}, title(say("capacity.title")), make("p", { class: "lead spaced" }, say("capacity.lead")), make("div", { class: "split" }, left, side)) };
}

function body(values) {
  const target = targetOf(values.target);
  return target && { kind: "capacity", target, flags: { ...values.flags, by: values.by }, label: values.label };
}

function search({ values, fields, changed }) {
  const flag = (key, label, hint, placeholder) => {
    fields[key] = textField(label, values.flags[key] ?? "", { hint, placeholder, name: key, change: (text) => { if (text.trim()) values.flags[key] = text.trim(); else delete values.flags[key]; changed(); } });
    return fields[key];
  };
  const by = choiceField(say("capacity.by"), values.by, [["threads", say("load.by_threads")], ["rate", say("load.by_rate")]], (name) => { values.by = name; changed(); });
  const query = textField(say("run.prompt"), values.flags.query ?? "", { area: true, hint: say("load.query_hint"), change: (text) => { if (text.trim()) values.flags.query = text; else delete values.flags.query; changed(); } });
  return make("section", { class: "card" }, make("h2", {}, say("capacity.search")), by, make("div", { class: "trio" }, flag("min", say("capacity.min"), say("capacity.min_hint"), "1"), flag("max", say("capacity.max"), say("capacity.max_hint"), "200"), flag("step_duration", say("capacity.step_duration"), say("capacity.step_hint"), "30s:120s")), flag("sweep", say("capacity.sweep"), say("capacity.sweep_hint"), "1,2,4,8"), query);
}
