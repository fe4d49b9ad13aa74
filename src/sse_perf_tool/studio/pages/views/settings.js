// Settings: language and theme of this browser, the defaults of config.yaml, and where everything lies.
import { get } from "../parts/api.js";
import { problem } from "../parts/dialog.js";
import { button, fill, make } from "../parts/dom.js";
import { chipsField, choiceField, numberField, numberOf, textField } from "../parts/forms.js";
import { whole } from "../parts/format.js";
import { redrawAll } from "../parts/charts.js";
import { chooseTheme, state, theme } from "../parts/session.js";
import { facts, title } from "../parts/show.js";
import { language, say } from "../parts/words.js";
import { changeConfig } from "../setup/provider_form.js";

export async function view({ again }) {
  const config = await get("/api/config");
  const look = make("section", { class: "card" }, make("h2", {}, say("settings.look")), choiceField(say("settings.theme"), theme(), ["system", "light", "dark"].map((name) => [name, say(`theme.${name}`)]), (name) => { chooseTheme(name); redrawAll(); }), choiceField(say("settings.language"), language(), [["en", "English"], ["zh", "中文"]], () => document.getElementById("language").click()));
  return { title: say("nav.settings"), node: make("div", {}, title(say("nav.settings")), make("div", { class: "two" }, defaults(config, again), make("div", {}, look, places()))) };
}

function defaults({ defaults: found, etag, read_only: closed }, again) {
  const values = { ...found, temperature: found.temperature ?? "", context_tiers: [...found.context_tiers] };
  const set = (name) => (value) => { values[name] = value; };
  const wrong = make("div", { role: "alert" });
  const fields = {
    prompt: textField(say("run.prompt"), values.prompt, { area: true, change: set("prompt") }),
    runs: numberField(say("run.runs"), values.runs, { change: set("runs") }),
    max_tokens: numberField(say("run.max_tokens"), values.max_tokens, { change: set("max_tokens") }),
    temperature: numberField(say("run.temperature"), values.temperature, { change: set("temperature"), placeholder: say("run.temperature_unset") }),
    context_tiers: chipsField(say("run.tiers"), values.context_tiers, { read: (text) => { if (!/^\d+$/.test(text)) throw new Error(say("run.tier_wrong")); return Number(text); }, show: whole, change: set("context_tiers") }),
  };
  const save = button(say("go_on"), async () => {
    const sent = { prompt: values.prompt.trim() || null, runs: numberOf(values.runs), max_tokens: numberOf(values.max_tokens), temperature: numberOf(values.temperature), context_tiers: values.context_tiers };
    Object.values(fields).forEach((field) => field.problem(""));
    fill(wrong);
    const changed = Object.fromEntries(Object.entries(sent).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(found[name])));
    if (!Object.keys(changed).length) return fill(wrong, make("p", { class: "hint" }, say("settings.same")));
    try {
      return await changeConfig({ method: "PUT", path: "/api/config/defaults", body: changed, etag, title: say("settings.defaults"), done: again });
    } catch (error) {
      const field = fields[String(error.field || "").split(".").pop()];
      if (!field) return fill(wrong, problem(error));
      return field.problem(error.message);
    }
  }, { class: "primary", disabled: closed });
  return make("section", { class: "card" }, make("h2", {}, say("settings.defaults")), make("p", { class: "muted" }, say("settings.defaults_text")), fields.prompt, make("div", { class: "trio" }, fields.runs, fields.max_tokens, fields.temperature), fields.context_tiers, wrong, save);
}

function places() {
  const list = [
    [say("settings.dir"), state.dir, true], [say("settings.results"), state.results_dir, true], ["config.yaml", state.config.path, true], [".env", state.env_path, true],
    [say("settings.watch"), state.watch?.length ? state.watch.join("\n") : say("settings.no_watch"), true], [say("settings.version"), state.version],
  ];
  return make("section", { class: "card" }, make("h2", {}, say("settings.places")), facts(list), make("p", { class: "hint" }, make("a", { href: "/docs", target: "_blank", rel: "noopener" }, say("settings.api"))));
}
