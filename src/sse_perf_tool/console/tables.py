"""The tables of a run: metrics, turns, context tiers, errors."""

from __future__ import annotations

from collections.abc import Sequence

from ..metrics import PERCENTILES
from ..records import GroupStats, RunResult, Summary
from ..report_parts.messages import message
from ..report_parts.tables import after_chunks
from ..texts import Texts
from ..units import TOKENS_PER_S, figure
from .figures import stats_cells
from .writer import DIM, RED, Column, Writer

TEXTS: Texts = {
    "metric": ("metric", "指标"),
    "value": ("value", "数值"),
    "average": ("avg", "平均"),
    "min": ("min", "最小"),
    "max": ("max", "最大"),
    "ttfb_ms": ("TTFB ms", "TTFB ms"),
    "ttft_ms": ("TTFT ms", "TTFT ms"),
    "ttfa_ms": ("first answer ms", "首个可见文本 ms"),
    "itl_ms": ("token gap ms", "token 间隔 ms"),
    "tpot_ms": ("TPOT ms", "TPOT ms"),
    "latency_ms": ("response ms", "响应时间 ms"),
    "tokens_per_s": TOKENS_PER_S,
    "response_bytes": ("response bytes", "响应字节"),
    "schedule_delay_ms": ("schedule delay", "调度延迟 ms"),
    "ttft_from_schedule_ms": ("TTFT, schedule", "TTFT（计划）"),
    "latency_from_schedule_ms": ("response, sched.", "响应（计划）"),
    "few": (
        "n/a: too few requests (P99 needs 100, P95 20, P90 10, P50 2)",
        "n/a：请求数不足（P99 需 100 个，P95 需 20 个，P90 需 10 个，P50 需 2 个）",
    ),
    "by_turn": ("By turn, times in ms", "按轮次（时间单位 ms）"),
    "turn": ("turn", "轮次"),
    "by_context": ("By context tier (tokens of filler), times in ms", "按上下文档位（填充 token 数；时间单位 ms）"),
    "context": ("context", "上下文"),
    "group_ok": ("ok", "成功"),
    "group_ttft": ("TTFT avg", "TTFT 平均"),
    "group_ttft_p95": ("TTFT P95", "TTFT P95"),
    "group_latency": ("response avg", "响应 平均"),
    "group_latency_p95": ("response P95", "响应 P95"),
    "group_tokens": ("tokens", "token 数"),
    "more_groups": ("… and {number} more rows", "……另有 {number} 行"),
    "errors": ("Errors", "错误"),
    "example": (" (e.g. request {number})", "（例如请求 {number}）"),
    "more_errors": ("… and {number} more errors", "……另有 {number} 种"),
}


DROPPED = {"P90": 5, "min": 4, "max": 3, "P50": 2, "average": 1, "P95": 0, "P99": 0}
"""The order in which a narrow terminal loses the columns of the metrics, the highest first."""
SUMMARY_METRICS = ("ttfb_ms", "ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "latency_ms", "tokens_per_s")
WHOLE_METRICS = ("ttfb_ms", "latency_ms", "tokens_per_s", "response_bytes")
OPEN_LOOP_METRICS = ("schedule_delay_ms", "ttft_from_schedule_ms", "latency_from_schedule_ms")
MOST_ERRORS = 8
MOST_GROUPS = 12
GROUP_COLUMNS = {
    "group_ok": 11, "group_ttft": 10, "group_ttft_p95": 10, "group_latency": 12, "group_latency_p95": 12,
    "group_tokens": 8,
}  # fmt: skip
GROUP_DROPPED = {"group_tokens": 4, "group_latency": 3, "group_ttft": 2, "group_latency_p95": 1}
STREAM_CELLS = frozenset({"group_ttft", "group_ttft_p95"})
"""The columns of `GROUP_COLUMNS` that a run of whole answers does not have."""


def metrics_table(writer: Writer, result: RunResult) -> None:
    """One row per metric, and an explanation of n/a if it occurs; of a single request its values."""
    say, found = writer.say, result.summary
    names = (*(SUMMARY_METRICS if result.config.stream else WHOLE_METRICS), *OPEN_LOOP_METRICS)
    rows = [(say(name), found.metrics[name]) for name in names if _worth_a_row(name, found)]
    if found.sent == 1:
        # Its many gaps have no single value; TPOT is their mean.
        values = [[title, figure(stats.mean)] for title, stats in rows if stats.count == 1]
        writer.table([Column(say("metric"), "<", 16), Column(say("value"), ">", 9)], values)
        return
    heads = {"average": say("average"), "min": say("min"), **{f"P{p}": f"P{p}" for p in PERCENTILES}, "max": say("max")}
    columns = [Column(say("metric"), "<", 16), *(Column(head, ">", 7, DROPPED[name]) for name, head in heads.items())]
    writer.table(columns, [[title, *stats_cells(stats)] for title, stats in rows])
    if any("n/a" in stats_cells(stats) for _, stats in rows):
        writer.line(writer.paint("  " + say("few"), DIM))


def _worth_a_row(name: str, found: Summary) -> bool:
    if name in OPEN_LOOP_METRICS:
        return found.metrics[name].count > 0
    if name == "ttfa_ms":  # only where reasoning makes it another figure than the first token
        return found.metrics[name] != found.metrics["ttft_ms"]
    return True


def groups_table(writer: Writer, kind: str, groups: Sequence[GroupStats], stream: bool) -> None:
    """A row for each value of "turn" or "context"; nothing without any."""
    if not groups:
        return
    writer.gap()
    writer.heading(f"by_{kind}")
    columns = {kind: 7, **{name: width for name, width in GROUP_COLUMNS.items() if stream or name not in STREAM_CELLS}}
    rows = []
    for each in groups[:MOST_GROUPS]:
        ttft, latency = stats_cells(each.ttft_ms), stats_cells(each.latency_ms)
        cells = {
            kind: f"{each.value:,}",
            "group_ok": f"{each.ok:,}/{each.sent:,}",
            "group_ttft": ttft[0],
            "group_ttft_p95": ttft[4],
            "group_latency": latency[0],
            "group_latency_p95": latency[4],
            "group_tokens": figure(each.output_tokens),
        }
        rows.append([cells[name] for name in columns])
    shown = [Column(writer.say(name), ">", width, GROUP_DROPPED.get(name, 0)) for name, width in columns.items()]
    writer.table(shown, rows)
    if len(groups) > MOST_GROUPS:
        writer.line("  " + writer.say("more_groups", number=len(groups) - MOST_GROUPS))


def show_errors(writer: Writer, found: Summary) -> None:
    """Failed requests by error, each with an example."""
    if not found.errors:
        return
    writer.gap()
    writer.heading("errors")
    for group in found.errors[:MOST_ERRORS]:
        example = writer.say("example", number=group.example_request)
        chunks = after_chunks(group)
        after = "" if chunks is None else f" [{chunks[writer.column]}]"
        told = message(group.message)[writer.column]
        said = f"  {group.count:>6,} x {writer.paint(group.outcome, RED)}: {told}{after}{example}"
        writer.line(said, hang=11)
    if len(found.errors) > MOST_ERRORS:
        writer.line("  " + writer.say("more_errors", number=len(found.errors) - MOST_ERRORS))
