// One EventSource for all tabs of this browser: HTTP/1.1 has six connections to a host, and each tab with one of its own
// would use them up.  The tab that holds a lock has the source and tells the others by a channel; when it closes, the next
// one goes on behind the last event that it knows.  A tab that nobody looks at for a minute gives the source up, and takes
// it again in the same way.  Events with an id are applied once, whichever way they come.
import { get } from "./api.js";

const LOCK = "sse-perf-events";
const RETRY_MS = 2000;
const HIDDEN_MS = 60000;
const NAMES = ["job", "plan", "lane", "run", "cell", "load", "snapshot", "tier", "step_begin", "step", "warning", "end"];

const channel = new BroadcastChannel(LOCK);
const watchers = { state: new Set(), event: new Set() };
let jobs = null;
let followed = null;
let events = [];
let last = 0;
let leads = false;
let source = null;
const waiting = new Set();

// `listener({running, queue, changed})` whenever a job changes.
export const onJobs = (listener) => { watchers.state.add(listener); return () => watchers.state.delete(listener); };

// `listener(event)` for each event {id, name, data} of a job, those that came before first; returns what ends it.
export function follow(job, listener) {
  const take = (event, of) => { if (event && of === job) listener(event); };
  const begin = () => {
    waiting.delete(begin);
    if (job !== followed && jobs.running?.id !== job) replay(job, listener);
  };
  watchers.event.add(take);
  if (job === followed) events.forEach((event) => listener(event));
  else if (jobs) begin();
  else waiting.add(begin); // which job runs is not known yet
  return () => { watchers.event.delete(take); waiting.delete(begin); };
}

// `listener(event, job)` for every event of the job that runs; `null` in place of an event when another job begins.
export const onEvents = (listener) => watchers.event.add(listener);

// What is stored of a job that is not running: a stream of its own that ends with the job's last event.
function replay(job, listener) {
  const past = new EventSource(`/api/events?job=${encodeURIComponent(job)}&after=0`);
  const close = () => past.close();
  for (const name of NAMES) past.addEventListener(name, (event) => { listener(read(event)); if (name === "end") close(); });
  past.onerror = close;
  setTimeout(close, 15000);
}

const read = (event) => ({ id: Number(event.lastEventId) || null, name: event.type, data: JSON.parse(event.data) });

function takeState(data) {
  jobs = data;
  if (data.running && data.running.id !== followed) begin(data.running.id);
  waiting.forEach((task) => task());
  watchers.state.forEach((listener) => listener(data));
}

function begin(job) {
  [followed, events, last] = [job, [], 0];
  watchers.event.forEach((listener) => listener(null, job));
  if (leads) open();
}

function takeEvent(event, job) {
  if (job !== followed) return;
  if (event.id) {
    if (event.id <= last) return;
    last = event.id;
    events.push(event);
  }
  watchers.event.forEach((listener) => listener(event, job));
}

function open() {
  if (!leads) return;
  source?.close();
  const job = followed;
  source = new EventSource(job ? `/api/events?job=${encodeURIComponent(job)}&after=${last}` : "/api/events");
  source.addEventListener("state", (event) => {
    const data = JSON.parse(event.data);
    channel.postMessage({ kind: "state", data });
    takeState(data);
  });
  for (const name of [...NAMES, "tick"]) {
    source.addEventListener(name, (message) => {
      const event = name === "tick" ? { ...read(message), id: null } : read(message);
      channel.postMessage({ kind: "event", event, job });
      takeEvent(event, job);
    });
  }
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) again(); else get("/api/health").catch(() => {}); };
}

let retries = false;
function again() {
  if (retries) return;
  retries = true;
  setTimeout(() => { retries = false; if (leads) get("/api/health").then(open, (error) => { if (error.status !== 401) again(); }); }, RETRY_MS);
}

channel.onmessage = ({ data: said }) => {
  if (said.kind === "state") takeState(said.data);
  else if (said.kind === "event") takeEvent(said.event, said.job);
  else if (said.kind === "hello" && leads && jobs) channel.postMessage({ kind: "replay", state: jobs, job: followed, events });
  else if (said.kind === "replay" && !leads) {
    takeState(said.state);
    said.events.forEach((event) => takeEvent(event, said.job));
  }
};

let wish = null; // to lead; an AbortController while it is there
let release = () => {};

function enter() {
  if (wish) return;
  const mine = (wish = new AbortController());
  const lead = () => (wish === mine ? new Promise((done) => { [leads, release] = [true, done]; open(); }) : null);
  // Locks are there on this machine and over HTTPS; elsewhere each tab has its own source.
  if (navigator.locks) navigator.locks.request(LOCK, { signal: mine.signal }, lead).catch((error) => { if (error.name !== "AbortError") throw error; });
  else lead();
  if (!leads) channel.postMessage({ kind: "hello" });
}

function leave() {
  wish?.abort();
  [wish, leads] = [null, false];
  source?.close();
  release();
}

export function startLive() {
  let leaving = 0;
  const look = () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(leave, HIDDEN_MS);
    else enter();
  };
  document.addEventListener("visibilitychange", look);
  enter();
  look(); // a tab may be opened behind another one
}
