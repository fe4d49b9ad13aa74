// The frame of the page: header, navigation, routes, and what is said when the server does not answer.
import { call, onReach } from "./parts/api.js";
import { redrawAll, sweepCharts } from "./parts/charts.js";
import { problem } from "./parts/dialog.js";
import { button, fill, make } from "./parts/dom.js";
import { onEvents, onJobs, startLive } from "./parts/live.js";
import { chooseLanguage, chooseTheme, isDark, jobsChanged, keptLanguage, onState, other, refresh, showTheme, state } from "./parts/session.js";
import { jobPill } from "./parts/show.js";
import { loadWords, say, setLanguage } from "./parts/words.js";

const GROUPS = [
  ["measure", ["run", "load", "capacity"]],
  ["read", ["history", "compare"]],
  ["set_up", ["providers", "keys", "settings"]],
];
// First part of the path -> [the page it belongs to, its module].
const ROUTES = {
  run: ["run", "./views/run.js"], load: ["load", "./views/load.js"], capacity: ["capacity", "./views/capacity.js"],
  jobs: ["run", "./views/job.js"], results: ["history", "./views/result.js"], history: ["history", "./views/history.js"],
  compare: ["compare", "./views/compare.js"], providers: ["providers", "./views/providers.js"],
  keys: ["keys", "./views/keys.js"], settings: ["settings", "./views/settings.js"],
};
const [top, rail, main] = ["top", "rail", "main"].map((id) => document.getElementById(id));
const banner = make("div", { class: "banner bad", role: "alert", hidden: true });
const open_door = make("p", { class: "banner", hidden: true });
const now = make("span", { class: "at-work" });
let shown = 0;
let ended = 0; // requests of the job that runs
let leave = () => {};

function mark() {
  const part = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    return node;
  };
  const svg = part("svg", { viewBox: "0 0 32 32", "aria-hidden": "true" });
  svg.append(part("rect", { width: 32, height: 32, rx: 7 }), part("path", { d: "M5 20h4l3-9 5 14 4-10 2 5h4" }));
  return svg;
}

function drawFrame() {
  document.getElementById("skip").textContent = say("skip");
  const menu = button(say("menu"), () => { const open = rail.classList.toggle("open"); menu.setAttribute("aria-expanded", String(open)); }, { class: "menu", "aria-expanded": "false", "aria-controls": "rail" });
  const tongue = button(say("switch_language"), () => { chooseLanguage(other()); drawFrame(); show(); }, { id: "language", lang: other() === "zh" ? "zh-CN" : "en" });
  const dark = button(say("dark"), () => { chooseTheme(isDark() ? "light" : "dark"); dark.setAttribute("aria-pressed", String(isDark())); redrawAll(); }, { id: "theme", "aria-pressed": String(isDark()) });
  const brand = make("a", { class: "brand", href: "/run", "aria-label": say("brand") }, mark(), make("span", {}, say("brand")));
  fill(top, menu, brand, now, make("div", { class: "tools" }, tongue, dark));
  if (!banner.isConnected) top.after(banner, open_door);
  rail.setAttribute("aria-label", say("pages"));
  const entry = (name) => make("a", { href: `/${name}`, "data-page": name }, say(`nav.${name}`));
  fill(rail, ...GROUPS.flatMap(([group, names]) => [make("h2", {}, say(`nav.${group}`)), ...names.map(entry)]));
}

function drawNow() {
  open_door.hidden = !state.remote;
  open_door.textContent = state.remote ? say("remote") : "";
  const job = state.running;
  if (!job || !["running", "cancelling"].includes(job.state)) return fill(now, state.queue.length ? make("a", { class: "now", href: `/jobs/${state.queue[0].id}` }, say("waiting_jobs", { n: state.queue.length })) : null);
  const done = job.total ? ` ${Math.max(ended, job.done)}/${job.total}` : "";
  return fill(now, make("a", { class: "now", href: `/jobs/${job.id}`, id: "now" }, jobPill(job), make("span", {}, `${job.label || job.title}${done}`)));
}

const current = (page) => rail.querySelectorAll("a").forEach((each) => { if (each.dataset.page === page) each.setAttribute("aria-current", "page"); else each.removeAttribute("aria-current"); });

// What went wrong with a whole page, and the way to try again.
const failed = (error) => (error.status === 401 ? make("div", { class: "card empty" }, make("h2", {}, say("gone.token")), make("p", {}, say("gone.token_hint"))) : make("div", { class: "card bad" }, make("h1", {}, say("page_failed")), problem(error), button(say("try_again"), () => show())));

const bones = () => make("div", { class: "card", "aria-hidden": "true" }, ...Array.from({ length: 6 }, () => make("div", { class: "bone" })));

async function show({ focus = false } = {}) {
  const mine = (shown += 1);
  const [first, ...rest] = location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const [page, module] = ROUTES[first] || ROUTES.run;
  rail.classList.remove("open");
  top.querySelector(".menu")?.setAttribute("aria-expanded", "false");
  current(page);
  const slow = setTimeout(() => { if (mine === shown) fill(main, bones()); }, 150);
  document.documentElement.dataset.ready = "false";
  let view;
  try {
    await refresh();
    view = await (await import(module)).view({ path: rest, params: new URLSearchParams(location.search), go, again: show });
  } catch (error) {
    view = { title: say("page_failed"), node: failed(error) };
  }
  clearTimeout(slow);
  if (mine !== shown) { view.leave?.(); return; }
  leave();
  leave = view.leave || (() => {});
  fill(main, view.node);
  sweepCharts();
  if (view.page) current(view.page);
  document.title = `${view.title} · ${say("brand")}`;
  redrawAll();
  if (focus) { main.focus({ preventScroll: true }); scrollTo(0, 0); }
  document.documentElement.dataset.ready = "true";
}

export function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path);
  return show({ focus: true });
}

// Links within the page change it without loading it anew; keys for a new tab or window stay the browser's.
document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.("a[href^='/']");
  if (!anchor || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || anchor.target || anchor.hasAttribute("download")) return;
  event.preventDefault();
  go(anchor.getAttribute("href"));
});
addEventListener("popstate", () => show({ focus: true }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && rail.classList.contains("open")) { rail.classList.remove("open"); top.querySelector(".menu").focus(); }
});

let tries = null;
onReach((reached, status) => {
  banner.hidden = reached;
  if (reached) { clearInterval(tries); tries = null; return; }
  fill(banner, make("p", {}, make("b", {}, say(status === 401 ? "gone.token" : "gone.title"))), make("p", {}, say(status === 401 ? "gone.token_hint" : "gone.hint")));
  if (!tries && status !== 401) tries = setInterval(() => call("GET", "/api/state").then(() => show(), () => {}), 2000);
});

async function start() {
  showTheme();
  await loadWords();
  const told = keptLanguage() || (navigator.language.startsWith("zh") ? "zh" : (await refresh().catch(() => null))?.lang);
  setLanguage(told || "en");
  drawFrame();
  onState(drawNow);
  onJobs(jobsChanged);
  onEvents((event) => {
    if (!event) ended = 0;
    else if (event.name === "run") ended += 1;
    else if (event.name === "snapshot") ended = event.data.total;
    else return;
    if (state) drawNow();
  });
  if (location.pathname === "/") history.replaceState(null, "", "/run");
  startLive();
  await show();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawFrame(); redrawAll(); });
start();
