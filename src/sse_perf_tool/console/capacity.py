"""The console output of a search for capacity: a row per step, and the result."""

from __future__ import annotations

from collections.abc import Sequence

from ..capacity.search import StepTimes
from ..metrics import enough_for
from ..records import Capacity, CapacitySearch, IntervalSample, RunConfig, Stats, StepResult
from ..report_parts.capacity import check_text, evidence, headline, level_text, sentence
from ..report_parts.figures import percent_text
from ..report_parts.server import figures_words
from ..test_runner import OnSample, Snapshot
from ..texts import Texts, printable, speaker
from ..units import TOKENS_PER_S, figure
from .console import Console
from .writer import BOLD, GREEN, RED, YELLOW, in_columns, shown_columns

TEXTS: Texts = {
    "title": ("Search for capacity", "容量搜索"),
    "target": ("Target", "目标"),
    "demands": ("Demands", "要求"),
    "levels": ("Levels", "负载范围"),
    "threads": ("{levels} threads", "{levels} 个线程"),
    "thread": ("{levels} thread", "{levels} 个线程"),
    "rate": ("{levels} requests/s", "{levels} 请求/s"),
    "resumed": ("{steps} steps were resumed from {path}", "已有 {steps} 步结果：{path}"),
    "step": ("step", "步"),
    "level_threads": ("threads", "线程"),
    "level_rate": ("asked/s", "目标/s"),
    "requests": ("requests", "请求数"),
    "per_s": ("ok/s", "成功/s"),
    "tokens": TOKENS_PER_S,
    "ttft_p50": ("TTFT P50", "TTFT P50"),
    "ttft_p95": ("P95 ms", "P95 ms"),
    "latency_p95": ("resp P95", "响应 P95"),
    "failed": ("failed", "失败"),
    "now": (
        "step {step}: {level}, {left:.0f} s left, {done} done",
        "第 {step} 步：{level}，剩余 {left:.0f} 秒，已完成 {done}",
    ),
    "answer": ("Capacity: {headline}", "容量：{headline}"),
    "knee": ("The throughput curve flattens at {level}.", "吞吐曲线在 {level}处趋于平缓。"),
}

COLUMNS = {
    "step": 5, "level": 8, "requests": 9, "per_s": 8, "tokens": 9, "ttft_p50": 9, "ttft_p95": 8, "latency_p95": 9,
    "failed": 7,
}  # fmt: skip
DROPPED_FIRST = ("latency_p95", "ttft_p50", "requests", "step", "tokens", "failed")
MARK_ROOM = 4
PASSED_MARKS = {True: ("✓", GREEN), False: ("✗", RED), None: ("?", YELLOW)}


class CapacityConsole:
    """Writes to `console`; no row for each step without `rows`."""

    def __init__(self, console: Console, search: CapacitySearch, lang: str, rows: bool = True) -> None:
        self._writer, self._search, self._rows = console.writer, search, rows
        self._say = speaker(TEXTS, lang)
        self._number = 0
        self._columns = shown_columns(COLUMNS, DROPPED_FIRST, self._writer.width - MARK_ROOM)

    def start(self, config: RunConfig, steps: Sequence[StepResult], path: object) -> None:
        """The target and range of the search, and the steps that are known already."""
        writer, say, search = self._writer, self._say, self._search
        levels = ", ".join(f"{level:g}" for level in search.ladder) or f"{search.least:g} – {search.most:g}"
        writer.bold(say("title"))
        demands = ", ".join((*search.slo, *search.rules))
        facts = [("target", config.url), ("demands", demands), ("levels", say(search.by, levels=levels))]
        for key, value in facts:
            writer.fact(say(key), printable(value))
        if steps:
            writer.line("  " + say("resumed", steps=len(steps), path=printable(str(path))))
        if not self._rows:
            return
        writer.line()
        heads = (say(f"level_{search.by}" if name == "level" else name) for name in self._columns)
        writer.bold(in_columns(heads, self._columns.values()))
        for step in steps:
            self.step(step)

    def on_start(self, level: float, times: StepTimes, config: RunConfig) -> OnSample:
        """A progress line that is overwritten while the step goes on."""
        if not self._rows:
            return lambda _sample, _totals: None
        whole_s, step = times.ramp_s + config.duration_s, self._number + 1
        asked = self._say("threads" if level != 1 else "thread", levels=f"{level:g}")
        if self._search.by == "rate":
            asked = self._say("rate", levels=f"{level:g}")

        def show(sample: IntervalSample, totals: Snapshot) -> None:
            left_s = max(0.0, whole_s - sample.second - 1)
            said = self._say("now", step=step, level=asked, left=left_s, done=f"{totals.requests_done:,}")
            self._writer.progress(said, (sample.second + 1) / whole_s if whole_s else None)

        return show

    def step(self, step: StepResult) -> None:
        """The row of a finished step: figures, whether it met the goals, and the values measured for them."""
        self._number += 1
        if not self._rows:
            return
        ttft, latency = (step.metrics.get(name, Stats()) for name in ("ttft_ms", "latency_ms"))
        finished = step.ok + step.failed
        cells = {
            "step": str(self._number),
            "level": f"{step.level:g}",
            "requests": f"{step.sent:,}",
            "per_s": figure(step.requests_per_s),
            "tokens": figure(step.output_tokens_per_s),
            "ttft_p50": _percentile(ttft, 50, ttft.p50),
            "ttft_p95": _percentile(ttft, 95, ttft.p95),
            "latency_p95": _percentile(latency, 95, latency.p95),
            "failed": percent_text(step.failed / finished if finished else None),
        }
        mark, color = PASSED_MARKS[step.passed]
        missed = "  ".join(check_text(check)[self._writer.column] for check in step.checks if not check.ok)
        row = in_columns(map(cells.__getitem__, self._columns), self._columns.values())
        self._writer.line(f"{row}  {self._writer.paint(mark, color)} {missed}".rstrip(), hang=4)
        if step.server:
            self._writer.line(f"       {figures_words(step.server)[self._writer.column]}")

    def answer(self, capacity: Capacity) -> None:
        """The result in a sentence, and the knee of the curve."""
        column, writer = self._writer.column, self._writer
        color = RED if capacity.level is None else GREEN
        writer.line()
        writer.line(writer.paint(self._say("answer", headline=headline(capacity)[column]), f"{BOLD};{color}"))
        writer.line("  " + sentence(capacity)[column] + (".", "。")[column])
        if (found := evidence(capacity)) is not None:
            writer.line("  " + found[column] + (".", "。")[column])
        if capacity.knee is not None:
            writer.line("  " + self._say("knee", level=level_text(capacity, capacity.knee)[column]))


def _percentile(stats: Stats, percent: int, value: float | None) -> str:
    return figure(value if enough_for(percent, stats.count) else None)
