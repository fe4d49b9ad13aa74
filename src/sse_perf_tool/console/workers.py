"""What each machine of a run did, as a table."""

from __future__ import annotations

from ..records import RunResult, WorkerFacts
from ..records.workers import clock_uncertainty_ms
from ..texts import Texts, clip_middle, printable
from ..trust import TEXTS as TRUST_TEXTS
from .writer import BOLD, RED, Writer, in_columns

TEXTS: Texts = {
    "workers": ("Workers", "工作机"),
    "clocks": ("clocks known to ± {ms} ms", "时钟误差 ± {ms} ms"),
    "partial_run": (
        "PARTIAL: {n} requests of lost processes or workers are missing",
        "结果不完整（PARTIAL）：缺少已丢失的进程或工作机的 {n} 个请求",
    ),
    "worker": ("worker", "工作机"),
    "worker_requests": ("requests", "请求"),
    "worker_chunks": ("blocks/s", "块/s"),
    "worker_cpu": ("CPU", "CPU"),
    "worker_offset": ("clock ms", "时钟差 ms"),
    "worker_trip": ("trip ms", "往返 ms"),
    "worker_trust": ("trust", "可信度"),
    "worker_lost": ("lost", "丢失"),
}

WIDTHS = (22, 8, 8, 7, 12, 8, 12)
ALIGNS = "<>>>>><"


def show(writer: Writer, result: RunResult) -> None:
    """A line a worker, and how many requests are missing; nothing for a whole run on one machine."""
    if result.workers:
        writer.gap()
        apart_ms = clock_uncertainty_ms(result.workers)
        known = "" if apart_ms is None else f"  {writer.say('clocks', ms=_figure(apart_ms))}"
        writer.line(f"{writer.paint(writer.say('workers'), BOLD)}{known}")
        keys = ("requests", "chunks", "cpu", "offset", "trip", "trust")
        heads = (writer.say("worker"), *(writer.say(f"worker_{key}") for key in keys))
        writer.line("  " + in_columns(heads, WIDTHS, ALIGNS).rstrip())
        for each in result.workers:
            writer.line("  " + in_columns(_cells(writer, each), WIDTHS, ALIGNS).rstrip())
    if result.partial:
        writer.line(writer.paint(writer.say("partial_run", n=result.missing_requests), RED))


def _cells(writer: Writer, each: WorkerFacts) -> tuple[str, ...]:
    trust = TRUST_TEXTS.get(each.trust, TRUST_TEXTS["not_measured"])[writer.column]
    cpu = "" if each.cpu_share is None else f"{each.cpu_share:.0%}"
    return (
        clip_middle(f"{each.number} {printable(each.name)}", WIDTHS[0]),
        str(each.requests),
        _figure(each.chunks_per_s),
        cpu,
        _figure(each.clock_offset_ms),
        _figure(each.round_trip_ms),
        writer.say("worker_lost") if each.lost else trust,
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
