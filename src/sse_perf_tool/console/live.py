"""The live table of a run, one row per second, and the messages when it is stopped."""

from __future__ import annotations

from ..goals.thresholds import value_text
from ..records import Abort, IntervalSample, RunConfig
from ..test_runner import Snapshot
from ..texts import Texts, clock_time
from ..units import NS_PER_MS
from .figures import number, percent
from .writer import YELLOW, Writer, in_columns

TEXTS: Texts = {
    "tier": ("context of {tokens} tokens ({number} of {all})", "上下文 {tokens} token（{number}/{all}）"),
    "time": ("time", "时间"),
    "threads": ("threads", "线程"),
    "blocks": ("blocks", "数据块"),
    "requests": ("requests", "请求数"),
    "avg_rt": ("avg resp ms", "平均响应 ms"),
    "tpot": ("TPOT ms", "TPOT ms"),
    "tps": ("tokens/s", "tokens/s"),
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


LIVE_COLUMNS = {"time": 9, "threads": 11, "blocks": 9, "avg_rt": 12, "tpot": 9, "tps": 10, "success": 8}
WHOLE_COLUMNS = {"time": 9, "threads": 11, "requests": 9, "avg_rt": 12, "tps": 10, "success": 8}
"""The columns for whole answers, which have neither blocks nor a time between tokens."""


class LiveTable:
    """Averages of the run so far and tokens/s of each second, a row a second; its head comes with the first row."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._begun = False

    def row(self, sample: IntervalSample, totals: Snapshot, config: RunConfig) -> None:
        """The row of one second."""
        writer = self._writer
        columns = LIVE_COLUMNS if config.stream else WHOLE_COLUMNS
        if not self._begun:
            self._begun = True
            writer.gap()
            writer.bold(in_columns(map(writer.say, columns), columns.values()))
        ok, finished = totals.requests_ok, totals.requests_ok + totals.requests_failed
        cells = {
            "time": clock_time(sample.second + 1),
            "threads": f"{sample.threads_active}/{config.threads}",
            "blocks": str(totals.chunks),
            "requests": str(totals.requests_done),
            "avg_rt": number(totals.latency_ns / ok / NS_PER_MS) if ok else "-",
            "tpot": number(totals.tpot_ns / totals.tpot_count / NS_PER_MS) if totals.tpot_count else "-",
            "tps": number(sample.tokens),
            "success": percent(ok / finished) if finished else "-",
        }
        writer.line(in_columns(map(cells.__getitem__, columns), columns.values()))
        writer.progress(_progress_words(writer, sample.second + 1, totals, config))


def tier(writer: Writer, number: int, config: RunConfig) -> None:
    """The context tier that begins, counted from 0."""
    tiers = config.context_tiers
    writer.heading("tier", tokens=tiers[number], number=number + 1, all=len(tiers))


def stopping(writer: Writer, grace_s: float) -> None:
    """After the first interrupt."""
    writer.line(writer.paint(writer.say("stopping", seconds=grace_s), YELLOW))


def aborting(writer: Writer, abort: Abort) -> None:
    """When a rule ends the run."""
    writer.line(writer.paint(abort_words(writer, "aborting", abort), YELLOW))


def abort_words(writer: Writer, key: str, abort: Abort) -> str:
    """The text of this key, with the rule that ended the run."""
    return writer.say(key, rule=abort.rule, at=abort.at_s, value=value_text(abort.value))


def _progress_words(writer: Writer, elapsed_s: int, totals: Snapshot, config: RunConfig) -> str:
    say = writer.say
    if config.duration_s:
        left_s = max(0.0, (config.ramp_up_s + config.duration_s) * config.rounds - elapsed_s)
        return say("left", left=clock_time(left_s), rest=say("running", done=totals.requests_done))
    return say("done_of", done=totals.requests_done, all=config.requests_wanted)
