"""What a person sees while a run goes on and at its end, on a terminal, in a pipe and in a CI log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from .compare import Difference
from .masking import mask_key, mask_url, names_a_secret
from .metrics import PERCENTILES, enough_for, success_rate
from .records import (
    Abort,
    Goodput,
    GroupStats,
    IntervalSample,
    Outcome,
    RequestRecord,
    RunConfig,
    RunResult,
    Stats,
    Summary,
)
from .report_parts.comparison import run_letter, unlike_settings
from .report_parts.figures import Both
from .report_parts.shape import short_stalls_text, short_stream_text
from .report_parts.verdict import also_text, baseline_cells, shape_text
from .steadiness import stalls_of
from .test_runner import Snapshot
from .texts import LANGUAGES, Texts, clip, pad, printable, speaker
from .thresholds import value_text
from .trust import verdict_words
from .trust import words as words_of
from .units import NS_PER_MS, NS_PER_S

TEXTS: Texts = {
    "title": ("SSE performance test", "SSE 性能测试"),
    "target": ("Target", "目标"),
    "query": ("Query", "查询"),
    "load": ("Load", "负载"),
    "one_thread": ("1 thread", "1 个线程"),
    "many_threads": ("{number} threads", "{number} 个线程"),
    "load_once": ("{threads}, one request each", "{threads}，各发送一次"),
    "load_single": ("1 request", "1 个请求"),
    "load_for": ("{threads} for {seconds:g} s", "{threads}，持续 {seconds:g} 秒"),
    "also": (", {text}", "，{text}"),
    "by_turn": ("By turn, times in ms", "按轮次（时间单位 ms）"),
    "turn": ("turn", "轮次"),
    "by_context": ("By context tier (tokens of filler), times in ms", "按上下文档位（填充 token 数；时间单位 ms）"),
    "context": ("context", "上下文"),
    "tier": ("context of {tokens} tokens ({number} of {all})", "上下文 {tokens} token（{number}/{all}）"),
    "group_ok": ("ok", "成功"),
    "group_ttft": ("TTFT avg", "TTFT 平均"),
    "group_ttft_p95": ("TTFT P95", "TTFT P95"),
    "group_latency": ("response avg", "响应 平均"),
    "group_latency_p95": ("response P95", "响应 P95"),
    "group_tokens": ("tokens", "token 数"),
    "more_groups": ("… and {number} more rows", "……另有 {number} 行"),
    "load_conversation": ("{threads}, one conversation each", "{threads}，各一个会话"),
    "load_total": ("{threads}, {requests} requests in all", "{threads}，共 {requests} 个请求"),
    "ramp": (", started over {seconds:g} s", "，在 {seconds:g} 秒内启动"),
    "format": ("Format", "格式"),
    "auto": ("auto: the stream will tell", "自动识别：由数据流判断"),
    "auto_guess": ("{guess} (auto, by the URL)", "{guess}（根据网址自动识别）"),
    "auto_seen": ("{seen} (auto)", "{seen}（自动识别）"),
    "warning": ("warning: {text}", "警告：{text}"),
    "time": ("time", "时间"),
    "threads": ("threads", "线程"),
    "blocks": ("blocks", "数据块"),
    "avg_rt": ("avg resp ms", "平均响应 ms"),
    "tpot": ("TPOT ms", "TPOT ms"),
    "tpot_fact": ("TPOT", "TPOT"),
    "tps": ("tokens/s", "tokens/s"),
    "success": ("success", "成功率"),
    "left": ("{left} left, {rest}", "剩余 {left}，{rest}"),
    "done_of": ("{done} of {all} requests", "已完成 {done}/{all} 个请求"),
    "running": ("{done} requests done", "已完成 {done} 个请求"),
    "stopping": (
        "stopping: running answers get {seconds:g} s; press Ctrl-C again to end at once",
        "正在停止：进行中的回答最多再等 {seconds:g} 秒；再按一次 Ctrl-C 立即结束",
    ),
    "status": ("HTTP status", "HTTP 状态"),
    "first_byte": ("TTFB", "TTFB（首字节）"),
    "first_token": ("TTFT", "TTFT（首 token）"),
    "answer": ("Answer", "回答"),
    "outcome": ("outcome", "结果"),
    "error": ("error", "错误"),
    "conversation_id": ("conversation id", "会话 ID"),
    "message_id": ("message id", "消息 ID"),
    "finish_reason": ("finish reason", "结束原因"),
    "tokens": ("tokens", "token 数"),
    "tokens_from": ("{tokens} ({source})", "{tokens}（{source}）"),
    "usage": ("reported by the server", "服务端上报"),
    "estimate": ("estimated from the text", "按文本估算"),
    "tokenizer": ("counted by the tokenizer", "由分词器统计"),
    "mixed": ("partly reported, partly estimated", "部分上报，部分估算"),
    "length": ("length", "长度"),
    "characters": ("{number} characters", "{number} 字符"),
    "connect": ("connect", "建立连接"),
    "streaming": ("streaming", "流式传输"),
    "total": ("total", "总耗时"),
    "throughput": ("throughput", "吞吐量"),
    "retries": ("retries", "重试次数"),
    "summary": ("Summary", "汇总"),
    "interrupted": ("interrupted: the figures are of what was done until then", "已中断：以下数据仅包含中断前的部分"),
    "aborting": (
        "aborting: {rule} is true after {at} s ({value})",
        "正在中止：{at} 秒后条件 {rule} 成立（{value}）",
    ),
    "aborted": (
        "aborted after {at} s because {rule} was true ({value}): the figures are of what was done until then",
        "{at} 秒后因条件 {rule} 成立（{value}）而中止：以下数据仅包含此前的部分",
    ),
    "thresholds": ("Thresholds", "阈值"),
    "trust": ("Trust", "可信度"),
    "baseline": ("Against {file}", "与 {file} 对照"),
    "rule": ("rule", "规则"),
    "old": ("old", "旧"),
    "new": ("new", "新"),
    "missed": ("missed", "未达到"),
    "worse": ("worse", "变差"),
    "goodput": ("goodput", "goodput"),
    "goodput_of": (
        "{met} of {all} ({share}), {rate} requests/s",
        "{all} 个中的 {met} 个（{share}），{rate} 请求/秒",
    ),
    "requests": ("requests", "请求数"),
    "wall": ("wall time", "总用时"),
    "ok": ("ok", "成功"),
    "failed": ("failed", "失败"),
    "cancelled": ("cancelled", "已取消"),
    "retried": ("needed a retry", "经过重试"),
    "left_early": ("left early", "中途离开"),
    "left_early_of": ("{number}, as asked; {tokens} tokens had come", "{number}（按设定），已收到 {tokens} 个 token"),
    "left_out": ("in no figure", "未计入指标"),
    "left_out_of": ("{number} of {phase}", "{phase} {number}"),
    "warmup": ("the warm-up", "预热"),
    "cooldown": ("the cool-down", "收尾"),
    "schedule": ("schedule", "计划"),
    "schedule_of": (
        "{asked} requests/s asked for, {sent} sent; {late} late, {worst} at worst",
        "要求 {asked} 请求/秒，实际 {sent}；{late} 个未按时，最多晚 {worst}",
    ),
    "dropped": ("never sent", "未发送"),
    "rates": ("rates", "速率"),
    "rates_of": (
        "{requests} requests/s, {tokens} tokens/s, {chunks} blocks/s",
        "{requests} 请求/秒，{tokens} token/秒，{chunks} 数据块/秒",
    ),
    "rates_whole": (
        "{requests} requests/s, {tokens} tokens/s, {kilobytes} kB/s",
        "{requests} 请求/秒，{tokens} token/秒，{kilobytes} kB/秒",
    ),
    "stream_shape": ("stream", "流的形态"),
    "stalls": ("stalls", "停顿"),
    "sum_rt": ("response sum", "响应时间合计"),
    "metric": ("metric", "指标"),
    "average": ("avg", "平均"),
    "min": ("min", "最小"),
    "max": ("max", "最大"),
    "ttfb_ms": ("TTFB ms", "TTFB ms"),
    "ttft_ms": ("TTFT ms", "TTFT ms"),
    "ttfa_ms": ("first answer ms", "首个可见文本 ms"),
    "itl_ms": ("token gap ms", "token 间隔 ms"),
    "tpot_ms": ("TPOT ms", "TPOT ms"),
    "latency_ms": ("response ms", "响应时间 ms"),
    "tokens_per_s": ("tokens/s", "tokens/s"),
    "response_bytes": ("response bytes", "响应字节"),
    "received": ("received", "接收"),
    "bytes": ("{number} bytes", "{number} 字节"),
    "schedule_delay_ms": ("schedule delay", "调度延迟 ms"),
    "ttft_from_schedule_ms": ("TTFT, schedule", "TTFT（计划）"),
    "latency_from_schedule_ms": ("response, sched.", "响应（计划）"),
    "few": (
        "n/a: too few requests (P99 needs 100, P95 20, P90 10, P50 2)",
        "n/a：请求数不足（P99 需 100 个，P95 需 20 个，P90 需 10 个，P50 需 2 个）",
    ),
    "errors": ("Errors", "错误"),
    "example": (" (e.g. request {number})", "（例如请求 {number}）"),
    "more_errors": ("… and {number} more kinds", "……另有 {number} 种"),
    "report": ("report", "报告"),
    "records": ("records", "逐请求记录"),
    "nothing": ("no request was sent", "没有发送任何请求"),
    "no_figures": ("no answer was whole, so there are no times to show", "没有完整的回答，因此没有可显示的时间指标"),
    "comparison": ("Comparison of SSE performance tests", "SSE 性能测试对比"),
    "run_facts": ("{sent} requests, {share} ok", "{sent} 个请求，成功 {share}"),
    "unlike": ("the runs differ in: {names}", "各次测试的设置不同：{names}"),
    "interval": ("95 % interval", "95 % 区间"),
    "difference": ("difference", "差异"),
    "word_better": ("better", "更好"),
    "word_worse": ("worse", "更差"),
    "word_same": ("none shown", "未显示"),
    "word_unknown": ("too few", "样本不足"),
    "difference_note": (
        "One figure in twenty differs by chance, and runs vary: repeat them.",
        "每二十项中约有一项因偶然而不同，多次测试之间也有波动：请重复测试。",
    ),
    "success_rate": ("success %", "成功率 %"),
    "requests_per_s": ("requests/s", "请求/秒"),
    "output_tokens_per_s": ("tokens/s, whole run", "token/秒（整体）"),
    "max_gap_ms": ("longest gap ms", "最长间隔 ms"),
}

Cell = tuple[str, int]
LIVE_COLUMNS: Sequence[Cell] = (
    ("time", 9), ("threads", 11), ("blocks", 9), ("avg_rt", 12), ("tpot", 9), ("tps", 10), ("success", 8),
)  # fmt: skip
WHOLE_COLUMNS: Sequence[Cell] = (
    ("time", 9), ("threads", 11), ("requests", 9), ("avg_rt", 12), ("tps", 10), ("success", 8),
)  # fmt: skip
"""Those of a run of whole answers, which has neither blocks nor a time between tokens."""
SUMMARY_METRICS = ("ttfb_ms", "ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "latency_ms", "tokens_per_s")
WHOLE_METRICS = ("ttfb_ms", "latency_ms", "tokens_per_s", "response_bytes")
OPEN_LOOP_METRICS = ("schedule_delay_ms", "ttft_from_schedule_ms", "latency_from_schedule_ms")
MOST_ERRORS = 8
MOST_GROUPS = 12
GROUP_COLUMNS: Sequence[Cell] = (
    ("group_ok", 11), ("group_ttft", 10), ("group_ttft_p95", 10), ("group_latency", 12), ("group_latency_p95", 12),
    ("group_tokens", 8),
)  # fmt: skip
STREAM_CELLS = frozenset({"group_ttft", "group_ttft_p95"})
"""Those of `GROUP_COLUMNS` that a run of whole answers does not have."""
FACT_COLUMNS = 20
"""Where the values of facts begin."""
DIFFERENCE_WIDTHS = (19, 8, 8, 8, 17)
BASELINE_WIDTHS = (24, 9, 9, 10, 19)
RULE_COLUMNS = 36
TICK, CROSS = "✓", "✗"
GREEN, RED, YELLOW, BOLD, DIM = "32", "31", "33", "1", "2"
TRUST_COLORS = {"trusted": GREEN, "degraded": YELLOW, "invalid": RED}
WORD_COLORS = {"better": GREEN, "worse": RED, "same": DIM, "unknown": DIM}


def number(value: float | None, unit: str = "") -> str:
    """A figure for a table: three to four significant digits below 1000, whole above; n/a for None."""
    if value is None:
        return "n/a"
    size = abs(value)
    text = f"{value:.2f}" if size < 10 else f"{value:.1f}" if size < 1000 else f"{value:.0f}"
    return text + unit


def percent(share: float | None) -> str:
    """A share of 1 as per cent; only 1 itself is 100 %, so that one failure in a million still shows."""
    if share is None:
        return "n/a"
    return "100%" if share == 1 else f"{min(share * 100, 99.99):.2f}%"


def clock_time(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class Console:
    """Writes to `stream`, in `lang`, with colours when `color`; `terminal` also gets a line that is written over."""

    def __init__(
        self, stream: TextIO, lang: str, color: bool = False, terminal: bool = False, columns: int = 80
    ) -> None:
        self.say = speaker(TEXTS, lang)
        self._lang = lang
        self.column = LANGUAGES.index(lang)
        """Which of two texts is in its language."""
        self._stream = stream
        self._color = color
        self._terminal = terminal
        self._columns = columns
        self._room = min(60, max(20, columns - FACT_COLUMNS))
        self._progress_shown = False
        self._gap_shown = True  # nothing stands above
        self._gone = False
        self._table_begun = False

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour, where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._gone = True  # the reader (head, a pager) has seen enough; the run and its files go on

    def line(self, text: str = "") -> None:
        """One line, in place of the progress line if there is one."""
        self._write(("\r\x1b[K" if self._progress_shown else "") + text + "\n")
        self._progress_shown, self._gap_shown = False, not text

    def _gap(self) -> None:
        """An empty line, unless there is one already."""
        if not self._gap_shown:
            self.line()

    def progress(self, text: str) -> None:
        """A line that the next one is written over, on a terminal; nothing elsewhere."""
        if self._terminal:
            self._write("\r\x1b[K" + self.paint(clip(text, self._columns - 1), DIM))
            self._progress_shown = True

    def _facts(self, facts: Iterable[tuple[str, str | None]]) -> None:
        for key, value in facts:
            if value is not None:
                self.line(pad("  " + self.say(key), FACT_COLUMNS - 2) + f"  {value}")

    def warn(self, text: str) -> None:
        """A warning, in yellow."""
        self.line(self.paint(self.say("warning", text=text), YELLOW))

    def start(
        self,
        config: RunConfig,
        warnings: Sequence[str] = (),
        guessed_format: str | None = None,
        seen_format: str | None = None,
    ) -> None:
        """What is about to be done.

        When the user named no format, `guessed_format` is what the URL speaks for, `seen_format` what the answers were.
        """
        say = self.say
        self.line(self.paint(say("title"), BOLD))
        load = _load_words(self, config)
        self._facts(
            [
                ("target", config.url),
                ("format", _format_words(self, config, guessed_format, seen_format)),
                ("query", clip(printable(config.query), self._room) if config.query else config.param_file),
                ("load", load),
            ]
        )
        for text in warnings:
            self.warn(text)
        self._gap()

    def _table_head(self, columns: Sequence[Cell]) -> None:
        cells = (pad(self.say(name), width, ">") for name, width in columns)
        self.line(self.paint(" ".join(cells), BOLD))

    def row(self, sample: IntervalSample, totals: Snapshot, config: RunConfig) -> None:
        """One second of the live table: averages of the run so far, tokens/s of this second."""
        columns = LIVE_COLUMNS if config.stream else WHOLE_COLUMNS
        if not self._table_begun:
            self._table_begun = True
            self._gap()
            self._table_head(columns)
        rate = totals.requests_ok / (totals.requests_ok + totals.requests_failed or 1)
        finished = totals.requests_ok + totals.requests_failed
        cells = {
            "time": clock_time(sample.second + 1),
            "threads": f"{sample.threads_active}/{config.threads}",
            "blocks": str(totals.chunks),
            "requests": str(totals.requests_done),
            "avg_rt": number(totals.latency_ns / totals.requests_ok / NS_PER_MS) if totals.requests_ok else "-",
            "tpot": number(totals.tpot_ns / totals.tpot_count / NS_PER_MS) if totals.tpot_count else "-",
            "tps": number(sample.tokens),
            "success": percent(rate) if finished else "-",
        }
        self.line(" ".join(pad(cells[name], width, ">") for name, width in columns))
        self.progress(_progress_words(self, sample.second + 1, totals, config))

    def notice(self, key: str, value: str) -> None:
        """A fact of a single request, as soon as it is known."""
        self._facts([(key, value)])

    def stopping(self, grace_s: float) -> None:
        """After the first interrupt."""
        self.line(self.paint(self.say("stopping", seconds=grace_s), YELLOW))

    def answer(self, record: RequestRecord) -> None:
        """The closing block of a single request."""
        say = self.say
        good = record.outcome is Outcome.OK
        self._gap()
        self.line(self.paint(say("answer"), BOLD))
        rate = record.tokens_per_s
        whole = good and record.streaming_ns is None
        self._facts(
            [
                ("outcome", self.paint(record.outcome.value, GREEN if good else RED)),
                ("error", record.error),
                ("retries", str(record.retries) if record.retries else None),
                ("conversation_id", record.conversation_id),
                ("message_id", record.message_id),
                ("finish_reason", record.finish_reason),
                ("blocks", None if whole else str(record.chunks)),
                ("tokens", self._tokens(record.output_tokens, record.token_source)),
                ("length", say("characters", number=record.text_chars)),
                ("received", say("bytes", number=record.bytes_received) if whole else None),
                ("connect", _ms(record.connect_ns)),
                ("first_byte", _ms(record.ttfb_ns)),
                ("first_token", _ms(record.ttft_ns)),
                ("streaming", _ms(record.streaming_ns)),
                ("total", _ms(record.latency_ns)),
                ("tpot_fact", _ms(record.tpot_ns)),
                ("throughput", None if rate is None else number(rate, " tokens/s")),
            ]
        )

    def _tokens(self, tokens: int | None, source: str | None) -> str | None:
        return self.say("tokens_from", tokens=tokens, source=self.say(source)) if tokens and source else None

    def summary(self, result: RunResult) -> None:
        """The closing block of a run with several requests."""
        found, say = result.summary, self.say
        self._gap()
        self.line(self.paint(say("summary"), BOLD))
        if result.interrupted:
            self.line(self.paint("  " + say("interrupted"), YELLOW))
        if result.aborted:
            self.line(self.paint("  " + self._abort_words("aborted", result.aborted), YELLOW))
        if not found.sent:
            self.line("  " + say("nothing"))
            return
        finished = found.ok + found.failed
        latency = found.metrics["latency_ms"]
        failed = self.paint(str(found.failed), RED) if found.failed else "0"
        self._facts(
            [
                ("threads", str(result.config.threads)),
                ("requests", str(found.sent)),
                ("wall", number(result.duration_ns / NS_PER_S, " s")),
                ("ok", self.paint(str(found.ok), GREEN) if found.ok else "0"),
                ("failed", failed),
                ("cancelled", str(found.cancelled - found.left_early) if found.cancelled > found.left_early else None),
                ("left_early", _left_early_words(self, found)),
                ("left_out", _left_out_words(self, found)),
                ("retried", str(found.retried) if found.retried else None),
                ("success", percent(found.ok / finished) if finished else "n/a"),
                ("blocks", str(found.chunks) if result.config.stream else None),
                ("tokens", self._tokens(found.output_tokens, found.token_source)),
                ("rates", _rate_words(self, result)),
                ("schedule", _schedule_words(self, found)),
                ("dropped", str(found.schedule.dropped) if found.schedule and found.schedule.dropped else None),
                ("goodput", _goodput_words(self, found.goodput) if found.goodput else None),
                ("stream_shape", self._both(short_stream_text(found.shape))),
                ("stalls", self._both(short_stalls_text(stalls_of(result)))),
                ("sum_rt", number(latency.mean * latency.count / 1000, " s") if latency.mean else None),
            ]
        )
        self._gap()
        if found.ok:
            self._metrics_table(result)
            self._groups_table("context", found.context_tiers, result.config.stream)
            self._groups_table("turn", found.turns, result.config.stream)
        else:
            self.line("  " + say("no_figures"))

    def _both(self, text: Both | None) -> str | None:
        return None if text is None else text[self.column]

    def _metrics_table(self, result: RunResult) -> None:
        say, found = self.say, result.summary
        heads = [say("metric"), say("average"), say("min"), *(f"P{p}" for p in PERCENTILES), say("max")]
        widths = [16, *[7] * (len(heads) - 1)]  # 74 columns in all, of the 80 of a terminal
        aligns = "<" + ">" * (len(heads) - 1)

        def joined(cells: Sequence[str]) -> str:
            return " ".join(map(pad, cells, widths, aligns))

        self.line(self.paint("  " + joined(heads), BOLD))
        names = (*(SUMMARY_METRICS if result.config.stream else WHOLE_METRICS), *OPEN_LOOP_METRICS)
        rows = [(say(name), found.metrics[name]) for name in names if self._worth_a_row(name, found)]
        for title, stats in rows:
            self.line("  " + joined([title, *_cells(stats)]))
        if any("n/a" in _cells(stats) for _, stats in rows):
            self.line(self.paint("  " + say("few"), DIM))

    def _groups_table(self, kind: str, groups: Sequence[GroupStats], stream: bool) -> None:
        if not groups:
            return
        self._gap()
        self.line(self.paint(self.say(f"by_{kind}"), BOLD))
        columns = ((kind, 7), *GROUP_COLUMNS)

        def row(cells: Iterable[str]) -> str:
            shown = zip(cells, columns, strict=True)
            kept = (pad(cell, width, ">") for cell, (name, width) in shown if stream or name not in STREAM_CELLS)
            return "  " + " ".join(kept)

        self.line(self.paint(row(self.say(name) for name, _ in columns), BOLD))
        for each in groups[:MOST_GROUPS]:
            times = (cell for stats in (each.ttft_ms, each.latency_ms) for cell in (_cells(stats)[0], _cells(stats)[4]))
            self.line(row((str(each.value), f"{each.ok}/{each.sent}", *times, number(each.output_tokens))))
        if len(groups) > MOST_GROUPS:
            self.line("  " + self.say("more_groups", number=len(groups) - MOST_GROUPS))

    def tier(self, number: int, config: RunConfig) -> None:
        """The context tier that begins, counted from 0."""
        tiers = config.context_tiers
        self.line(self.paint(self.say("tier", tokens=tiers[number], number=number + 1, all=len(tiers)), BOLD))

    @staticmethod
    def _worth_a_row(name: str, found: Summary) -> bool:
        if name in OPEN_LOOP_METRICS:
            return found.metrics[name].count > 0
        if name == "ttfa_ms":  # only where reasoning makes it another figure than the first token
            return found.metrics[name] != found.metrics["ttft_ms"]
        return True

    def errors(self, found: Summary) -> None:
        """Failed requests by kind, each with an example."""
        if not found.errors:
            return
        self._gap()
        self.line(self.paint(self.say("errors"), BOLD))
        for group in found.errors[:MOST_ERRORS]:
            example = self.say("example", number=group.example_request)
            self.line(f"  {group.count:>6} x {self.paint(group.outcome, RED)}: {group.message}{example}")
        if len(found.errors) > MOST_ERRORS:
            self.line("  " + self.say("more_errors", number=len(found.errors) - MOST_ERRORS))

    def aborting(self, abort: Abort) -> None:
        """When a rule ends the run."""
        self.line(self.paint(self._abort_words("aborting", abort), YELLOW))

    def _abort_words(self, key: str, abort: Abort) -> str:
        return self.say(key, rule=abort.rule, at=abort.at_s, value=value_text(abort.value))

    def trust(self, result: RunResult) -> None:
        """Whether the figures are true, how far off they can be at most, and why if that is too much."""
        trust = result.trust
        if trust is None or trust.verdict == "not_measured":
            return
        self._gap()
        words = verdict_words(trust)[self.column]
        self.line(f"{self.paint(self.say('trust'), BOLD)}  {self.paint(words, TRUST_COLORS[trust.verdict])}")
        for reason in trust.reasons:
            self.line(f"  - {words_of(reason, self._lang)}")

    def goals(self, result: RunResult) -> None:
        """Each rule beside what was measured, with a tick or a cross; nothing when there was none."""
        if result.thresholds:
            self._gap()
            self.line(self.paint(self.say("thresholds"), BOLD))
            width = max(RULE_COLUMNS, *(len(each.rule) for each in result.thresholds))
            for each in result.thresholds:
                note = each.note or ("" if each.ok else self.say("missed"))
                cells = f"{pad(each.rule, width)} {pad(value_text(each.value), 12, '>')}  {self._judged(each.ok, note)}"
                self.line(f"  {self._mark(each.ok)} {cells}".rstrip())
        if result.baseline:
            self._baseline_table(result)

    def _mark(self, ok: bool) -> str:
        return self.paint(TICK, GREEN) if ok else self.paint(CROSS, RED)

    def _judged(self, ok: bool, words: str) -> str:
        return words if ok else self.paint(words, RED)

    def _baseline_table(self, result: RunResult) -> None:
        say = self.say
        widths = (max(BASELINE_WIDTHS[0], *(len(each.rule) for each in result.baseline)), *BASELINE_WIDTHS[1:])

        def joined(cells: Sequence[str]) -> str:
            return " ".join(map(pad, cells, widths, "<>>>>"))

        self._gap()
        self.line(self.paint(say("baseline", file=printable(result.config.baseline or "")), BOLD))
        heads = (say("rule"), say("old"), say("new"), say("difference"), say("interval"))
        self.line(self.paint("    " + joined(heads), BOLD))
        for each in result.baseline:
            self.line(f"  {self._mark(each.ok)} {joined([each.rule, *baseline_cells(each)])}")
            if note := each.note or ("" if each.ok else self.say("worse")):
                self.line(f"      {self._judged(each.ok, note)}")

    def comparison(
        self, results: Sequence[RunResult], names: Sequence[str], compared: Sequence[Sequence[Difference]]
    ) -> None:
        """The runs with their letters, and a table of the differences of each from the first."""
        say = self.say
        self.line(self.paint(say("comparison"), BOLD))
        for at, (result, name) in enumerate(zip(results, names, strict=True)):
            found = result.summary
            share = percent(success_rate(found.ok, found.ok + found.failed))
            self.line(f"  {run_letter(at)}  {printable(name)}: " + say("run_facts", sent=found.sent, share=share))
        unlike = unlike_settings(results)
        if unlike:
            self.warn(say("unlike", names=unlike[LANGUAGES.index(self._lang)]))
        for at, differences in enumerate(compared, 1):
            self._gap()
            self._difference_table(run_letter(at), differences)
        self.line(self.paint("  " + say("difference_note"), DIM))

    def _difference_table(self, letter: str, differences: Sequence[Difference]) -> None:
        say = self.say
        heads = (say("metric"), "A", letter, f"{letter} - A", say("interval"), say("difference"))

        def joined(cells: Sequence[str]) -> str:
            return "  " + " ".join(map(pad, cells, DIFFERENCE_WIDTHS, "<>>>>")) + "  "

        self.line(self.paint(joined(heads[:-1]) + heads[-1], BOLD))
        for each in differences:
            scale = 100 if each.metric == "success_rate" else 1
            shown = [None if value is None else value * scale for value in (each.base, each.other)]
            low, high = _signed(each.low, scale), _signed(each.high, scale)
            cells = [f"{say(each.metric)} {each.statistic}".rstrip(), *map(number, shown)]
            cells += [_signed(each.difference, scale), "n/a" if each.low is None else f"{low} … {high}"]
            self.line(joined(cells) + self.paint(say(f"word_{each.word}"), WORD_COLORS[each.word]))

    def written(self, files: Iterable[tuple[str, str]]) -> None:
        """The files that were written: (what it is, path)."""
        self._gap()
        for label, path in files:
            self.line(pad("  " + label, FACT_COLUMNS - 2) + f"  {path}")


def _ms(ns: float | None) -> str | None:
    return None if ns is None else number(ns / NS_PER_MS, " ms")


def _signed(value: float | None, scale: float) -> str:
    if value is None:
        return "n/a"
    sign = "+" if value > 0 else "-" if value < 0 else ""
    return sign + number(abs(value) * scale)


def _cells(stats: Stats) -> list[str]:
    percentiles = (
        number(value) if enough_for(p, stats.count) else "n/a"
        for p, value in zip(PERCENTILES, (stats.p50, stats.p90, stats.p95, stats.p99), strict=True)
    )
    return [number(stats.mean), number(stats.min), *percentiles, number(stats.max)]


def _format_words(console: Console, config: RunConfig, guessed: str | None, seen: str | None) -> str:
    if config.format != "auto":
        return config.format
    if seen:
        return console.say("auto_seen", seen=seen)
    return console.say("auto_guess", guess=guessed) if guessed else console.say("auto")


def _load_words(console: Console, config: RunConfig) -> str:
    say = console.say
    threads = say("one_thread") if config.threads == 1 else say("many_threads", number=config.threads)
    if shape := shape_text(config):
        threads = shape[console.column]
    if config.duration_s:
        words = say("load_for", threads=threads, seconds=config.duration_s)
    elif config.threads == 1 and config.requests_wanted == 1:
        words = say("load_single")
    elif config.requests is not None:
        words = say("load_total", threads=threads, requests=config.requests)
    else:
        words = say("load_once" if config.turns == 1 else "load_conversation", threads=threads)
    words += "".join(say("also", text=more[console.column]) for more in also_text(config))
    return words + (say("ramp", seconds=config.ramp_up_s) if config.ramp_up_s else "")


def _goodput_words(console: Console, goodput: Goodput) -> str:
    return console.say(
        "goodput_of",
        met=goodput.met,
        all=goodput.of,
        share=percent(goodput.share),
        rate=number(goodput.requests_per_s),
    )


def _progress_words(console: Console, elapsed_s: int, totals: Snapshot, config: RunConfig) -> str:
    say = console.say
    if config.duration_s:
        left_s = max(0.0, (config.ramp_up_s + config.duration_s) * config.rounds - elapsed_s)
        return say("left", left=clock_time(left_s), rest=say("running", done=totals.requests_done))
    return say("done_of", done=totals.requests_done, all=config.requests_wanted)


def _rate_words(console: Console, result: RunResult) -> str:
    found = result.summary
    return console.say(
        "rates_of" if result.config.stream else "rates_whole",
        requests=number(found.requests_per_s),
        tokens=number(found.output_tokens_per_s),
        chunks=number(found.chunks_per_s),
        kilobytes=number(found.bytes_per_s / 1000),
    )


def _left_early_words(console: Console, found: Summary) -> str | None:
    tokens = found.left_early_tokens
    return console.say("left_early_of", number=found.left_early, tokens=tokens) if found.left_early else None


def _left_out_words(console: Console, found: Summary) -> str | None:
    parts = [
        console.say("left_out_of", number=sum(counts.values()), phase=console.say(phase))
        for phase, counts in found.left_out.items()
    ]
    return ", ".join(parts) or None


def _schedule_words(console: Console, found: Summary) -> str | None:
    kept = found.schedule
    if kept is None or kept.worst_delay_ms is None:
        return None
    rates = {"asked": number(kept.asked_per_s), "sent": number(kept.sent_per_s)}
    return console.say("schedule_of", **rates, late=kept.late, worst=number(kept.worst_delay_ms, " ms"))


class SingleRequestNotices:
    """Prints status, TTFB and TTFT of a single request as they become known."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, key: str, value: float) -> None:
        """`status` as it is, times in nanoseconds."""
        self._console.notice(key, str(int(value)) if key == "status" else number(value / NS_PER_MS, " ms"))


def debug_trace(console: Console, mask: Callable[[str], str]) -> Callable[[str, int, bytes], None]:
    """A trace for `SSETester` that prints what is sent and received, with the milliseconds since the first of it."""
    began_ns: list[int] = []

    def show(direction: str, at_ns: int, data: bytes) -> None:
        if not began_ns:
            began_ns.append(at_ns)
        at = f"{(at_ns - began_ns[0]) / NS_PER_MS:10.3f} ms"
        if not data:
            console.line(f"{at} {direction} (connection closed)")
        for text in data.decode("utf-8", "replace").splitlines():
            shown = mask(_masked_head(text) if direction == ">" else text)
            console.line(f"{at} {direction} {printable(shown, 2000)}")

    return show


def _masked_head(line: str) -> str:
    """A line of a request without its secrets, those too short to be known to a `Masker` as well."""
    if line.endswith(" HTTP/1.1"):
        return mask_url(line)
    header = re.fullmatch(r"([\w-]+): (.*)", line)
    return f"{header[1]}: {mask_key(header[2])}" if header and names_a_secret(header[1]) else line
