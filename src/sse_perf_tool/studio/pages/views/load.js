// Load test: the load tester's own form.
import { get } from "../parts/api.js";
import { fill, make } from "../parts/dom.js";
import { choiceField, draft, numberField, textField } from "../parts/forms.js";
import { title } from "../parts/show.js";
import { say } from "../parts/words.js";
import { cost, otherFlags, plainTarget, rulesField, targetOf, targetSection } from "../setup/load_form.js";
import { startRow } from "../setup/start.js";

const KNOWN = ["threads", "rate", "stages", "duration", "requests", "warmup", "query", "threshold", "url", "format", "model", "host", "port", "api_path", "demo"];
const SHAPES = { threads: ["threads", "duration", "requests"], rate: ["rate", "duration", "threads"], stages: ["stages"] };

export async function view({ go }) {
  const [config, env] = await Promise.all([get("/api/config"), get("/api/env")]);
  const { values, save } = draft("load", { target: plainTarget, shape: "threads", threads: "10", rate: "5", stages: "30s:10,1m:50", duration: "30s", requests: "", flags: {}, label: "" });
  const fields = {};
  const form = { values, fields, config, env, changed: () => { save(); plan.ask(); } };
  const plan = startRow({ what: () => body(values), label: say("load.start"), cost, go, nothing: say("target.none") });
  plan.fields = fields;
  const left = make("div", {}, targetSection({ ...form, values: values.target }), shape(form), prompt(form));
  const side = make("section", { class: "card side", "aria-label": say("goals.title") }, goals(form), plan.node);
  otherFlags({ command: "run", known: KNOWN, values: values.flags, fields, changed: form.changed }).then((section) => left.append(section), () => {});
  plan.ask();
  return { title: say("nav.load"), node: make("div", {}, title(say("load.title")), make("div", { class: "split" }, left, side)) };
}

function body(values) {
  const target = targetOf(values.target);
  if (!target) return null;
  const chosen = Object.fromEntries(SHAPES[values.shape].filter((key) => String(values[key]).trim() !== "").map((key) => [key, String(values[key]).trim()]));
  return { kind: "run", target, flags: { ...values.flags, ...chosen }, label: values.label };
}

function shape({ values, fields, changed }) {
  const part = make("div", {});
  const set = (name) => (value) => { values[name] = value; changed(); };
  const make_field = {
    threads: () => numberField(say("load.threads"), values.threads, { change: set("threads"), hint: values.shape === "rate" ? say("load.threads_most") : say("load.threads_hint"), name: "threads" }),
    rate: () => numberField(say("load.rate"), values.rate, { change: set("rate"), hint: say("load.rate_hint"), name: "rate" }),
    stages: () => textField(say("load.stages"), values.stages, { change: set("stages"), hint: say("load.stages_hint"), name: "stages" }),
    duration: () => textField(say("load.duration"), values.duration, { change: set("duration"), hint: say("load.duration_hint"), placeholder: "30s", name: "duration" }),
    requests: () => numberField(say("load.requests"), values.requests, { change: set("requests"), hint: say("load.requests_hint"), name: "requests" }),
  };
  const draw = () => {
    const own = SHAPES[values.shape].map((key) => { fields[key] = make_field[key](); return fields[key]; });
    fields.warmup = textField(say("load.warmup"), values.flags.warmup ?? "", { change: (value) => { if (value.trim()) values.flags.warmup = value.trim(); else delete values.flags.warmup; changed(); }, placeholder: "10s", hint: say("load.warmup_hint") });
    const apart = values.shape === "stages" ? [make("div", {}, ...own)] : [];
    fill(part, ...apart, make("div", { class: "trio" }, ...(apart.length ? [] : own), fields.warmup));
  };
  draw();
  return make("section", { class: "card" }, make("h2", {}, say("load.shape")), choiceField(say("load.kind"), values.shape, Object.keys(SHAPES).map((name) => [name, say(`load.by_${name}`)]), (name) => { values.shape = name; draw(); changed(); }), part);
}

function prompt({ values, fields, changed }) {
  fields.query = textField(say("run.prompt"), values.flags.query ?? "", { area: true, hint: say("load.query_hint"), change: (value) => { if (value.trim()) values.flags.query = value; else delete values.flags.query; changed(); } });
  return make("section", { class: "card" }, make("h2", {}, say("load.asks")), fields.query);
}

function goals({ values, fields, changed }) {
  const metrics = [["ttft_ms:p(95)<500", "TTFT P95 < 500 ms"], ["latency_ms:p(95)<5000", say("goals.latency")], ["errors:rate<1%", say("goals.errors")], ["tokens:rate>=1000", `${say("unit.tokens_per_s")} ≥ 1,000`]];
  const rules = rulesField({ label: say("goals.title"), values: values.flags, key: "threshold", fields, changed, hint: say("goals.hint"), metrics });
  fields.label = textField(say("label"), values.label, { change: (value) => { values.label = value; changed(); } });
  return make("div", {}, rules, fields.label);
}
