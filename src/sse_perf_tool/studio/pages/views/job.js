// One job: what it does now, and how to stop it.  When it ends, its result takes the place of this page.
import { get, post, Refusal } from "../parts/api.js";
import { problem, toast } from "../parts/dialog.js";
import { button, fill, foreign, link, make } from "../parts/dom.js";
import { clock, whole } from "../parts/format.js";
import { follow, onJobs } from "../parts/live.js";
import { empty, jobPill, title } from "../parts/show.js";
import { say } from "../parts/words.js";
import { benchView } from "../live/bench.js";
import { loadView } from "../live/load.js";

const ENDED = ["done", "cancelled", "failed", "interrupted"];

export async function view({ path, go, again }) {
  let job;
  try {
    job = await get(`/api/jobs/${encodeURIComponent(path[0] || "")}`);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    return { title: say("job.none"), node: empty(say("job.none"), say("job.none_text"), link("/history", say("nav.history"))) };
  }
  if (ENDED.includes(job.state) && job.result_id) {
    setTimeout(() => go(`/results/${job.result_id}`, { replace: true }));
    return { title: job.title, node: make("div", {}) };
  }
  return page(job, { go, again });
}

function page(job, { go, again }) {
  const header = make("div", {});
  const wrong = make("div", { role: "alert" });
  const bar = make("i", {});
  const progress = make("div", { class: "bar", role: "progressbar", "aria-label": say("job.progress"), "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
  const about = make("p", { class: "lead" });
  const aloud = make("p", { class: "sr", "aria-live": "polite" });
  const live = (job.kind === "bench" ? benchView : loadView)(job, (text) => { aloud.textContent = text; });
  const node = make("div", { "data-job": job.id }, header, make("div", { class: "spaced" }, about, progress), wrong, live.node, aloud);
  const act = (task) => async (event) => { event.currentTarget.disabled = true; try { fill(wrong); await task(); } catch (error) { fill(wrong, problem(error)); draw(); } };

  function draw() {
    const acts = [
      job.can_cancel && !ENDED.includes(job.state) ? button(say("job.cancel"), act(async () => { job = await post(`/api/jobs/${job.id}/cancel`, {}); draw(); }), { id: "cancel", disabled: job.state === "cancelling", class: "danger" }) : null,
      job.can_run_rest ? button(say("job.rest"), act(async () => { const next = await post(`/api/jobs/${job.id}/rest`, {}); toast(say("job.started_toast")); await go(`/jobs/${next.id}`); }), { class: "primary", id: "rest" }) : null,
    ].filter(Boolean);
    fill(header, title(job.label || job.title, jobPill(job), ...acts));
    live.state(job.state);
    clocked();
  }

  function clocked() {
    const share = job.total ? Math.min(1, job.done / job.total) : live.share?.() ?? null;
    progress.hidden = share === null || job.state === "queued";
    bar.style.width = `${(share ?? 0) * 100}%`;
    progress.setAttribute("aria-valuenow", Math.round((share ?? 0) * 100));
    const parts = [
      job.origin === "terminal" ? say("job.of_terminal") : null,
      job.state === "queued" ? say("job.place", { n: job.position ?? 1 }) : null,
      job.state === "cancelling" ? say("job.stopping") : null,
      job.state === "interrupted" ? say("job.interrupted") : null,
      job.total ? say("job.done_of", { done: whole(job.done), all: whole(job.total) }) : null,
      job.started_at ? clock(((job.ended_at ? Date.parse(job.ended_at) : Date.now()) - Date.parse(job.started_at)) / 1000) : null,
    ].filter(Boolean);
    about.textContent = parts.join(" · ");
  }

  async function ended(data) {
    Object.assign(job, { state: data.state, result_id: data.result_id ?? job.result_id, error: data.error ?? job.error });
    if (job.result_id) { await go(`/results/${job.result_id}`, { replace: true }); return; }
    draw();
    said();
  }

  const said = () => { if (job.error) fill(wrong, make("div", { class: "card bad" }, make("h2", {}, say(job.state === "failed" ? "job.failed" : "job.stopped")), make("p", { class: "problem" }, foreign(job.error, 2000)))); };
  const stops = [
    follow(job.id, (event) => {
      if (event.name === "end") { if (!ENDED.includes(job.state) || event.data.result_id) ended(event.data); return; }
      if (event.name === "job") { job.state = event.data.state; draw(); }
      live.take(event);
      if (event.name === "run") job.done = Math.max(job.done, live.done());
    }),
    onJobs(({ running, queue, changed }) => {
      const found = [running, changed, ...queue].find((each) => each && each.id === job.id);
      if (found) { const done = Math.max(job.done, found.done); job = { ...found, done }; draw(); said(); }
    }),
  ];
  const ticking = setInterval(clocked, 500);
  draw();
  said();
  return { title: job.label || job.title, page: { run: "load", capacity: "capacity" }[job.kind] || "run", node, leave: () => { clearInterval(ticking); stops.forEach((stop) => stop()); } };
}
