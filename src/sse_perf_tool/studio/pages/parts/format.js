// Numbers and times as a reader wants them.
import { language, named, say } from "./words.js";

const formats = [0, 1, 2, 3].map((n) => new Intl.NumberFormat("en-US", { minimumFractionDigits: n, maximumFractionDigits: n }));
const digits = (value) => {
  const size = Math.abs(value);
  return size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
};
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

const known = (value) => typeof value === "number" && Number.isFinite(value);

export const figure = (value) => (known(value) ? formats[digits(value)].format(value) : say("n_a"));
export const whole = (value) => (known(value) ? formats[0].format(value) : say("n_a"));
export const percent = (share) => (known(share) ? `${figure(share * 100)} %` : say("n_a"));
export const mark = (value) => (Math.abs(value) >= 10000 ? short.format(value) : String(Number(value.toPrecision(6))));
export const signed = (value) => (known(value) && value > 0 ? `+${figure(value)}` : figure(value));

// The machine that sent, in the language of the page; without its parts, as another version told it, its line as it stands.
export function machine({ host, host_info: line }) {
  if (!host) return line || "";
  const parts = [host.system, host.python && `Python ${host.python}`, say("machine.cpus", { n: host.cpus }), host.reader && named("machine.", host.reader)];
  return parts.filter(Boolean).join(language() === "zh" ? "，" : ", ");
}

// A measured value of a rule with its unit, as the command line writes it: "405 ms", "58.3 %", "2,100 tokens/s".
export function measured(rule, value) {
  if (!known(value)) return say("n_a");
  const [subject, called] = rule.split(/[<>=!(]/)[0].toLowerCase().split(":").map((part) => part.trim());
  if (called === "rate" && ["errors", "goodput"].includes(subject)) return percent(value);
  if (called === "count") return whole(value);
  const rates = { "requests:rate": "unit.requests_per_s", "goodput:per_s": "unit.requests_per_s", "tokens:rate": "unit.tokens_per_s" };
  const unit = rates[`${subject}:${called}`] || (subject === "tokens_per_s" ? "unit.tokens_per_s" : null);
  return [figure(value), subject.endsWith("_ms") ? "ms" : unit ? say(unit) : ""].join(" ").trim();
}

// Seconds as 0:07, 12:30 or 1:02:03.
export function clock(seconds) {
  const all = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, String(all % 60).padStart(2, "0")];
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

const locale = () => (language() === "zh" ? "zh-CN" : "en-GB");
const sameDay = (a, b) => a.toDateString() === b.toDateString();

// A moment in the reader's own time zone.
export function moment(iso) {
  const when = new Date(iso);
  if (!iso || Number.isNaN(when.getTime())) return say("n_a");
  const time = new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(when);
  const day = sameDay(when, new Date()) ? say("today") : new Intl.DateTimeFormat(locale(), { year: "numeric", month: "short", day: "numeric" }).format(when);
  return `${day} ${time}`;
}

export const between = (from, to) => (from && to ? clock((Date.parse(to) - Date.parse(from)) / 1000) : say("n_a"));
