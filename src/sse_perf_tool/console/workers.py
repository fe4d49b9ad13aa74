"""What each machine of a run did, as a table."""

from __future__ import annotations

from ..records import RunResult, WorkerFacts
from ..records.workers import clock_uncertainty_ms
from ..texts import Texts, clip_middle, printable
from ..trust import TEXTS as TRUST_TEXTS
from ..units import CHUNKS_PER_S, figure
from .writer import BOLD, RED, Column, Writer

TEXTS: Texts = {
    "workers": ("Workers", "工作机"),
    "clocks": ("clocks known to ± {ms} ms", "时钟误差 ± {ms} ms"),
    "partial_run": (
        "PARTIAL: {n} requests of lost processes or workers are missing",
        "结果不完整（PARTIAL）：缺少已丢失的进程或工作机的 {n} 个请求",
    ),
    "partial_none": (
        "PARTIAL: a process or a worker ended early, but none of its requests is missing",
        "结果不完整（PARTIAL）：有进程或工作机提前结束，但没有缺少请求",
    ),
    "worker": ("worker", "工作机"),
    "worker_requests": ("requests", "请求"),
    "worker_chunks": CHUNKS_PER_S,
    "worker_cpu": ("CPU", "CPU"),
    "worker_offset": ("clock ms", "时钟差 ms"),
    "worker_trip": ("trip ms", "往返 ms"),
    "worker_trust": ("trust", "可信度"),
    "worker_lost": ("lost", "丢失"),
    "worker_stopped": ("stopped", "已停止"),
}

_GONE = {"left": "worker_stopped", "alone": "worker_stopped"}
"""How a worker was lost -> its word, where that is not "lost": these have told what they had measured."""
LONGEST_NAME = 22
FIGURES_ROOM = 36
"""What the columns that stay beside the name take of a line."""
DROPPED = {"requests": 0, "chunks": 0, "cpu": 1, "offset": 2, "trip": 3}
"""Column of figures -> as `Column.drop`: what the network took goes first."""


def show(writer: Writer, result: RunResult) -> None:
    """A line a worker, and how many requests are missing; nothing for a whole run on one machine."""
    if result.workers:
        writer.gap()
        apart_ms = clock_uncertainty_ms(result.workers)
        known = "" if apart_ms is None else f"  {writer.say('clocks', ms=_microseconds(apart_ms))}"
        writer.line(f"{writer.paint(writer.say('workers'), BOLD)}{known}")
        columns = [Column(writer.say("worker"), "<")]
        columns += [Column(writer.say(f"worker_{key}"), drop=drop) for key, drop in DROPPED.items()]
        rows = [_cells(writer, each) for each in result.workers]
        writer.table([*columns, Column(writer.say("worker_trust"), "<")], rows)
    if result.partial:
        key = "partial_none" if result.missing_requests == 0 else "partial_run"
        writer.line(writer.paint(writer.say(key, n=result.missing_requests), RED))


def _cells(writer: Writer, each: WorkerFacts) -> tuple[str, ...]:
    trust = TRUST_TEXTS.get(each.trust, TRUST_TEXTS["not_measured"])[writer.column]
    cpu = "" if each.cpu_share is None else f"{100 * each.cpu_share:.0f} %"
    return (
        clip_middle(f"{each.number} {printable(each.name)}", min(LONGEST_NAME, max(8, writer.width - FIGURES_ROOM))),
        f"{each.requests:,}",
        _figure(each.chunks_per_s),
        cpu,
        _microseconds(each.clock_offset_ms),
        _microseconds(each.round_trip_ms),
        writer.paint(writer.say(_GONE.get(each.lost, "worker_lost")), RED) if each.lost else trust,
    )


def _microseconds(ms: float | None) -> str:
    """Milliseconds to the microsecond: clocks are not known better."""
    return _figure(None if ms is None else round(ms, 3) + 0.0)  # never -0


def _figure(value: float | None) -> str:
    return "" if value is None else figure(value)
