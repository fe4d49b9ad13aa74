"""The live table of a run, one row per second, and the messages when it is stopped."""

from __future__ import annotations

from ..goals.thresholds import measured_text
from ..records import Abort, IntervalSample, RunConfig
from ..report_parts.figures import percent_text
from ..test_runner import Snapshot
from ..texts import Texts, clock_time
from ..units import NS_PER_MS, TOKENS_PER_S, figure
from .writer import YELLOW, Writer, in_columns, shown_columns

TEXTS: Texts = {
    "tier": ("context of {tokens} tokens ({number} of {all})", "上下文 {tokens} token（{number}/{all}）"),
    "time": ("time", "时间"),
    "threads": ("threads", "线程"),
    "blocks": ("chunks", "数据块"),
    "block_at": ("at ms", "时刻 ms"),
    "block_gap": ("gap ms", "间隔 ms"),
    "block_mean": ("mean gap", "平均间隔"),
    "requests": ("requests", "请求数"),
    "avg_rt": ("avg resp ms", "平均响应 ms"),
    "ttft": ("TTFT ms", "TTFT ms"),
    "tpot": ("TPOT ms", "TPOT ms"),
    "tps": TOKENS_PER_S,
    "success": ("success", "成功率"),
    "left": ("{left} left, {rest}", "剩余 {left}，{rest}"),
    "done_of": ("{done} of {all} requests", "已完成 {done}/{all} 个请求"),
    "running": ("{done} requests done", "已完成 {done} 个请求"),
    "stopping": (
        "stopping: requests in flight may take up to {seconds:g} s more; press Ctrl-C again to end at once",
        "正在停止：进行中的请求最多再等 {seconds:g} 秒；再按一次 Ctrl-C 立即结束",
    ),
    "aborting": (
        "aborting: {rule} is true after {at} s ({value})",
        "正在中止：{at} 秒后条件 {rule} 成立（{value}）",
    ),
}


LIVE_COLUMNS = {
    "time": 8, "threads": 11, "blocks": 11, "ttft": 7, "avg_rt": 11, "tpot": 7, "tps": 9, "success": 8,
}  # fmt: skip
WHOLE_COLUMNS = {"time": 9, "threads": 11, "requests": 9, "avg_rt": 12, "tps": 10, "success": 8}
"""The columns for whole answers, which have neither blocks nor a time between tokens."""
DROPPED_FIRST = ("threads", "blocks", "avg_rt", "requests", "success", "tpot")
"""What a narrow terminal goes without, in this order."""


class LiveTable:
    """Averages of the run so far and tokens/s of each second, a row a second; its head comes with the first row."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._begun = False

    def row(self, sample: IntervalSample, totals: Snapshot, config: RunConfig) -> None:
        """The row of one second."""
        writer = self._writer
        columns = shown_columns(LIVE_COLUMNS if config.stream else WHOLE_COLUMNS, DROPPED_FIRST, writer.width)
        if not self._begun:
            self._begun = True
            writer.gap()
            writer.bold(in_columns(map(writer.say, columns), columns.values()))
        ok, finished = totals.requests_ok, totals.requests_ok + totals.requests_failed
        cells = {
            "time": clock_time(sample.second + 1),
            "threads": f"{sample.threads_active}/{config.threads}",
            "blocks": f"{totals.chunks:,}",
            "requests": f"{totals.requests_done:,}",
            "avg_rt": figure(totals.latency_ns / ok / NS_PER_MS) if ok else "-",
            "ttft": _average_ms(totals.ttft_so_far),
            "tpot": _average_ms(totals.tpot_so_far),
            "tps": figure(sample.tokens),
            "success": percent_text(ok / finished) if finished else "-",
        }
        writer.line(in_columns(map(cells.__getitem__, columns), columns.values()))
        words, share = _progress(writer, sample.second + 1, totals, config)
        writer.progress(words, share)


def tier(writer: Writer, number: int, config: RunConfig) -> None:
    """The context tier that begins, counted from 0."""
    tiers = config.context_tiers
    writer.heading("tier", tokens=tiers[number], number=number + 1, all=len(tiers))


def stopping(writer: Writer, grace_s: float) -> None:
    """After the first interrupt."""
    writer.progress("")  # the terminal has written ^C at the begin of this line
    writer.line(writer.paint(writer.say("stopping", seconds=grace_s), YELLOW))


def aborting(writer: Writer, abort: Abort) -> None:
    """When a rule ends the run."""
    writer.line(writer.paint(abort_words(writer, "aborting", abort), YELLOW))


def abort_words(writer: Writer, key: str, abort: Abort) -> str:
    """The text of this key, with the rule that ended the run."""
    return writer.say(key, rule=abort.rule, at=abort.at_s, value=measured_text(abort.rule, abort.value, writer.lang))


def _average_ms(so_far: tuple[float, int]) -> str:
    """The mean of a sum of nanoseconds and its count, in ms."""
    return figure(so_far[0] / so_far[1] / NS_PER_MS) if so_far[1] else "-"


def _progress(writer: Writer, elapsed_s: int, totals: Snapshot, config: RunConfig) -> tuple[str, float | None]:
    """What is done, what is left, and the share of the whole that is done.

    Where a number of requests ends the run, what is left is reckoned from the pace so far.
    """
    say, done, wanted = writer.say, totals.requests_done, config.requests_wanted
    if config.duration_s:
        whole_s = (config.ramp_up_s + config.duration_s) * config.rounds
        left = say("left", left=clock_time(max(0.0, whole_s - elapsed_s)), rest=say("running", done=f"{done:,}"))
        return left, elapsed_s / whole_s
    words = say("done_of", done=f"{done:,}", all=wanted if wanted is None else f"{wanted:,}")
    if not wanted:
        return words, None
    if done:
        words = say("left", left=clock_time(elapsed_s * (wanted - done) / done), rest=words)
    return words, done / wanted
