// First use: three ways in, none of which wants anything else to be set up before.
import { problem } from "../parts/dialog.js";
import { button, fill, link, make } from "../parts/dom.js";
import { lead, title } from "../parts/show.js";
import { state } from "../parts/session.js";
import { say } from "../parts/words.js";
import { LOCAL, WITH_KEY, addProvider } from "./provider_form.js";
import { startJob } from "./start.js";

export function firstUse({ go, again }) {
  const wrong = make("div", { role: "alert" });
  const demo = button(say("first.demo_go"), async () => {
    demo.disabled = true;
    try { await startJob({ kind: "bench", demo: true, models: [], runs: 2, context_tiers: [0], order: "lanes", threads: 1, label: say("first.demo_label") }, go); } catch (error) { fill(wrong, problem(error)); demo.disabled = false; }
  }, { class: "primary big", id: "demo", disabled: state.demo_available === false });
  const way = (name, text, ...rest) => make("section", { class: "card way", "aria-labelledby": `way-${name}` }, make("h2", { id: `way-${name}` }, say(`first.${name}`)), make("p", {}, text), ...rest);
  const presets = (list) => make("div", { class: "chips" }, ...list.map((preset) => button(preset.display_name, () => addProvider({ preset, etag: "\"none\"", done: again, all: list }))));
  return make("div", {}, title(say("first.title")), make("p", { class: "lead spaced" }, say("first.lead")), make("div", { class: "three" },
    way("demo", say("first.demo_text"), make("p", {}, demo), wrong, make("p", { class: "hint" }, say("first.demo_hint"))),
    way("local", say("first.local_text"), presets(LOCAL), make("p", { class: "hint" }, say("first.local_hint"))),
    way("key", say("first.key_text"), presets(WITH_KEY), make("p", { class: "hint" }, say("first.key_hint"))),
  ), make("p", { class: "hint" }, say("first.file", { path: state.config.path }), " ", link("/load", say("first.load"))));
}
