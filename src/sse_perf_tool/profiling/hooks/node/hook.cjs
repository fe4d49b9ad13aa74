// Looks at the Node.js process that it is loaded into (`--require`).  It never throws into the server, and does nothing
// without SSE_PROFILE_DIR.  A line of JSON a second goes to node.PID.jsonl in that folder.  Files in it say what to do:
// cpu.start, cpu.stop, heap.start, heap.stop, rest.
"use strict";
(() => {
  const folder = process.env.SSE_PROFILE_DIR;
  if (!folder) return;
  const fs = require("fs");
  const path = require("path");
  const { monitorEventLoopDelay, performance, PerformanceObserver } = require("perf_hooks");
  if (!require("worker_threads").isMainThread || !fs.existsSync(folder)) return;

  const RESOLUTION_MS = 10;
  const file = path.join(folder, `node.${process.pid}.jsonl`);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let gcMs = 0;
  try {
    new PerformanceObserver((list) => { for (const each of list.getEntries()) gcMs += each.duration; }).observe({ entryTypes: ["gc"] });
  } catch { /* a build without it */ }

  // Requests to other services that are under way: where they were made, and whether they have a connection yet.
  const open = new Set();
  const CALL = /^\s*at (?:(.*?) \()?(?:file:\/\/)?(.+?):(\d+):\d+\)?$/;
  function caller() {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 25;
    const lines = (new Error().stack || "").split("\n").slice(2);
    Error.stackTraceLimit = before;
    // A function without a name, such as that of a promise, is called by the name of the one around it.
    let inner = null;
    for (const line of lines) {
      const found = CALL.exec(line);
      if (!found) continue;
      const [, name, where, number] = found;
      if (where.startsWith("node:") || where === __filename || /[\\/]node_modules[\\/]/.test(where)) continue;
      const named = name && name !== "<anonymous>" && !name.endsWith(".<anonymous>");
      if (inner && (where !== inner.where || !named)) continue;
      if (named) return `${name.replace(/^async /, "")}|${where}|${inner ? inner.number : number}`;
      inner = { where, number };
    }
    return inner && `(anonymous)|${inner.where}|${inner.number}`;
  }
  function watch(phase) {
    const call = { where: null, phase };
    try { call.where = caller(); } catch { /* the server goes on */ }
    if (call.where) open.add(call);
    return call;
  }
  try {
    const http = require("http");
    const add = http.Agent.prototype.addRequest;
    // No listener is added: whether there is one decides in Node.js whether an answer is thrown away and an error fatal.
    http.Agent.prototype.addRequest = function addRequest(request, ...rest) {
      const call = watch("connection");
      const emit = request.emit;
      request.emit = function (event, ...values) {
        if (event === "socket") call.phase = "answer";
        else if (event === "response") call.phase = "body";
        else if (event === "close" || event === "error") open.delete(call);
        return emit.call(this, event, ...values);
      };
      return add.call(this, request, ...rest);
    };
    const own = globalThis.fetch;
    if (own) {
      globalThis.fetch = function fetch(...values) {
        const call = watch("answer");
        const over = () => open.delete(call);
        return own.apply(this, values).then((answer) => { over(); return answer; }, (error) => { over(); throw error; });
      };
    }
  } catch { /* the server goes on */ }

  let session = null;
  const done = {};
  const there = (name) => fs.existsSync(path.join(folder, name));
  function post(method, parameters, then) {
    if (!session) {
      const inspector = require("inspector");
      session = new inspector.Session();
      session.connect();
    }
    session.post(method, parameters || {}, (error, answer) => { if (!error && then) then(answer); });
  }
  function once(name, act) {
    if (done[name] || !there(name)) return;
    done[name] = true;
    act();
  }
  const keep = (name, value) => fs.writeFileSync(path.join(folder, name), JSON.stringify(value));
  // [first line, last line] of the functions of each file of the server.  V8 counts a profile's ticks by line, but those
  // of a function that it has inlined stand among them with their own lines: only what lies within is the function's.
  function extents(profile, scripts) {
    const found = {};
    const profiled = new Set(profile.nodes.map((node) => node.callFrame.url));
    for (const { url, functions } of scripts) {
      if (!profiled.has(url) || !/^(file:|[\\/]|[A-Za-z]:)/.test(url) || /[\\/]node_modules[\\/]/.test(url)) continue;
      try {
        const source = fs.readFileSync(url.startsWith("file:") ? new URL(url) : url, "utf8");
        const ends = [...source.matchAll(/\n/g)].map((each) => each.index);
        const lineOf = (offset) => { const at = ends.findIndex((end) => end >= offset); return (at < 0 ? ends.length : at) + 1; };
        found[url] = functions.filter((each) => each.functionName || each.ranges[0].startOffset > 0)
          .map(({ ranges: [whole] }) => [lineOf(whole.startOffset), lineOf(whole.endOffset - 1)]);
      } catch { /* no such file: it was made in memory */ }
    }
    return found;
  }
  let cpuFrom = null;
  function control() {
    once("cpu.start", () => {
      post("Profiler.enable");
      post("Profiler.setSamplingInterval", { interval: 10000 });
      post("Profiler.start", {}, () => { cpuFrom = String(process.hrtime.bigint()); });
    });
    if (cpuFrom) once("cpu.stop", () => post("Profiler.stop", {}, ({ profile }) => {
      let functions = {};
      post("Profiler.getBestEffortCoverage", {}, ({ result }) => { functions = extents(profile, result); });
      keep(`cpu.node.${process.pid}.json`, { from_ns: cpuFrom, profile, functions });
    }));
    once("heap.start", () => collect(() => post("HeapProfiler.startSampling", { samplingInterval: 65536 })));
    if (done["heap.start"]) once("heap.stop", () => collect(() => {
      post("HeapProfiler.stopSampling", {}, ({ profile }) => keep(`heap.node.${process.pid}.json`, profile));
    }));
    for (const stage of [1, 2]) once(`gc.${stage}`, () => collect(() => { collected[stage] = heldMb(process.memoryUsage()); }));
  }
  // V8 collects in a task of its own, later: what is done at once would still find all the garbage.
  const collect = (then) => post("HeapProfiler.collectGarbage", {}, then);
  const collected = {};
  const heldMb = (used) => (used.heapUsed + (used.external || 0)) / 1e6;

  let before = performance.eventLoopUtilization();
  const ms = (ns) => Math.max(0, Math.round((ns / 1e6 - RESOLUTION_MS) * 1000) / 1000);
  function line() {
    const used = process.memoryUsage();
    const now = performance.eventLoopUtilization();
    const elu = performance.eventLoopUtilization(now, before).utilization;
    before = now;
    const kinds = {};
    for (const kind of process.getActiveResourcesInfo ? process.getActiveResourcesInfo() : []) kinds[kind] = (kinds[kind] || 0) + 1;
    const waits = {};
    for (const { where, phase } of open) waits[`${where}\n${phase}`] = (waits[`${where}\n${phase}`] || 0) + 1;
    const found = {
      at_ns: Number(process.hrtime.bigint()),
      delay: delay.count ? { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), n: delay.count } : null,
      elu: Math.round(elu * 1000) / 1000,
      mb: heldMb(used),
      gc_ms: Math.round(gcMs * 1000) / 1000,
      resources: kinds,
      waits: Object.entries(waits).map(([key, number]) => [...key.split("\n"), number]),
      collected,
    };
    delay.reset();
    gcMs = 0;
    return found;
  }
  const timer = setInterval(() => {
    try {
      control();
      fs.appendFileSync(file, JSON.stringify(line()) + "\n");
    } catch { /* the server goes on */ }
  }, 1000);
  timer.unref();
})();
