// Charts over the seconds of a run, of one request or of many, and those of what the server told of itself.
const seconds = data.seconds.columns;
const end_s = Math.max(data.duration_s, 0.001);

const line = (source, column, key, color, more = {}) => ({
  key, color, kind: "line", ...more,
  data: source.columns.second.map((second, at) => ({ x: middle(second, source.width_s, end_s), y: valueAt(source, column, at) })),
});
const cache = (make) => { let found; return () => (found ??= make()); };
const has = (column) => column.some((value) => value !== null);
const overTime = (source) => (grid, id, unit, lines, more = {}) => {
  const { columns, width_s: step, total } = source;
  const sampled = columns.second.length < total;
  const note = () => [
    ...(step > 1 ? [texts("note.width", { step: whole(step) })] : []),
    ...(sampled ? [texts("note.seconds_sampled", { shown: whole(columns.second.length), total: whole(total) })] : []),
  ];
  const measured = lines.filter(([column]) => has(columns[column]));
  addChart(grid, { id, title: "chart." + id, unit, time: true, step, notes: note, series: cache(() => measured.map((args) => line(source, ...args))), empty: !measured.length, ...more });
};
const perSecond = overTime(data.seconds);

// The place of the charts of a part of the page; null where this run does not have that part.
const place = (id) => document.getElementById(id);

// Only what the server told of itself; without --metrics-url there is no such part.
function serverCharts() {
  if (!Object.keys(seconds).some((name) => name.startsWith("server_"))) return;
  place("server").hidden = false;
  const chart = (id, unit, ...lines) => {
    const told = lines.filter(([column]) => seconds[column]);
    if (told.length) perSecond(place("server-charts"), id, unit, told, { things: unit === null });
  };
  chart("server_requests", null, ["server_running", "series.server_running", "c1"], ["server_waiting", "series.server_waiting", "c4"]);
  chart("server_cache", "unit.percent", ["server_kv_cache_percent", "series.server_cache", "c1"]);
  chart("server_tokens", "unit.per_s", ["server_generated_tokens_per_s", "series.server_generated", "c1"], ["server_prompt_tokens_per_s", "series.server_prompt", "c3", { dash: [5, 3] }]);
  chart("server_preemptions", "unit.per_s", ["server_preemptions_per_s", "series.server_preemptions", "c4"]);
  chart("server_memory", "unit.megabytes", ["server_memory_mb", "series.server_memory", "c1"]);
}
