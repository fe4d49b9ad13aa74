"""The whole console output of a run, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from ..goals.compare import Difference
from ..records import Abort, IntervalSample, RequestRecord, RunConfig, RunResult, Summary
from ..test_runner import Snapshot
from ..texts import Texts, printable, together
from . import answer, comparison, goals, live, start, summary, tables, workers
from .writer import Writer

TEXTS: Texts = {
    "report": ("report", "报告"),
    "records": ("records", "逐请求记录"),
    "steps": ("steps", "各步结果"),
    "evaluating": ("evaluating the results ...", "正在汇总结果……"),
    "writing": ("writing {path} ...", "正在写 {path}……"),
    "reading": ("reading {name}: {requests} requests ...", "正在读取 {name}：{requests} 个请求……"),
    "not_whole": ("{label}, not whole", "{label}（不完整）"),
    "records_beside": (
        "{path} is there already: it stays until the run is over, the new lines go into {beside}",
        "{path} 已存在：测试结束前保持不变，新的记录先写入 {beside}",
    ),
    "compression_check": (
        "one more request, which accepts a compressed answer (--no-compression-check leaves it out)",
        "再发一个接受压缩回答的请求（--no-compression-check 可关闭）",
    ),
    "records_end": (
        "{path}: cannot be written: {reason}: the run goes on, the records end here",
        "{path}：无法写入：{reason}：测试继续，记录到此为止",
    ),
    "records_partial": (
        "the records are not whole: {path}: {reason}: {missing} lines are missing; all else is of all requests",
        "逐请求记录不完整：{path}：{reason}：缺少 {missing} 行；其余结果包含全部请求",
    ),
    "steps_end": (
        "{path}: cannot be written: {reason}: the search goes on, the steps from here on are not in it",
        "{path}：无法写入：{reason}：搜索继续，此后的结果不再写入其中",
    ),
    "steps_partial": (
        "the steps are not whole: {path}: {reason}: {missing} lines are missing; all else is of all steps",
        "各步结果不完整：{path}：{reason}：缺少 {missing} 行；其余结果包含全部步骤",
    ),
}

READING_S = 0.3

_PARTS = (start, live, answer, summary, tables, goals, comparison, workers)


class Console:
    """Writes to `stream`, in `lang`, with colours when `color`; `terminal` also gets a line that is written over."""

    def __init__(
        self, stream: TextIO, lang: str, color: bool = False, terminal: bool = False, columns: int = 80
    ) -> None:
        texts = together(TEXTS, *(part.TEXTS for part in _PARTS))
        self.writer = Writer(stream, lang, texts, color=color, terminal=terminal, columns=columns)
        self.say, self.line, self.warn = self.writer.say, self.writer.line, self.writer.warn
        self._table = live.LiveTable(self.writer)

    def start(
        self,
        config: RunConfig,
        warnings: Sequence[str] = (),
        guessed_format: str | None = None,
        seen_format: str | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        """The header of a run: target, format, query and load.

        Without --format, `guessed_format` is the format guessed from the URL, `seen_format` that of the answers.
        """
        start.show(self.writer, config, warnings, guessed_format, seen_format, notes)

    def reader(self, kind: str) -> None:
        """Which thread reads the sockets: `compiled` or `python`."""
        start.show_reader(self.writer, kind)

    def tier(self, number: int, config: RunConfig) -> None:
        """The context tier that begins, counted from 0."""
        live.tier(self.writer, number, config)

    def row(self, sample: IntervalSample, totals: Snapshot, config: RunConfig) -> None:
        """One second of the live table: averages of the run so far, tokens/s of this second."""
        self._table.row(sample, totals, config)

    def working(self, key: str, **values: object) -> None:
        """What goes on after a load or instead of one, in the line that is written over."""
        self.writer.soon(self.say(key, **values))

    def reading(self, name: str) -> Callable[[int], None]:
        """Shows how much of a records file has been read, a few times a second at most."""
        shown_s = time.monotonic()

        def show(requests: int) -> None:
            nonlocal shown_s
            now_s = time.monotonic()
            if now_s - shown_s >= READING_S:
                shown_s = now_s
                self.writer.progress(self.say("reading", name=printable(name, 60), requests=f"{requests:,}"))

        return show

    def stopping(self, grace_s: float) -> None:
        """After the first interrupt."""
        live.stopping(self.writer, grace_s)

    def aborting(self, abort: Abort) -> None:
        """When a rule ends the run."""
        live.aborting(self.writer, abort)

    def answer(self, record: RequestRecord) -> None:
        """The summary of a run with a single request."""
        answer.show(self.writer, record)

    def summary(self, result: RunResult) -> None:
        """The summary of a run with several requests."""
        summary.show(self.writer, result)

    def errors(self, found: Summary) -> None:
        """Failed requests by error, each with an example."""
        tables.show_errors(self.writer, found)

    def trust(self, result: RunResult) -> None:
        """Whether the figures can be trusted, the bounds of their errors, and the reasons for doubts."""
        goals.show_trust(self.writer, result)

    def workers(self, result: RunResult) -> None:
        """What each machine did, and what of it is missing."""
        workers.show(self.writer, result)

    def findings(self, result: RunResult) -> None:
        """What the run shows beside its figures."""
        goals.show_findings(self.writer, result)

    def goals(self, result: RunResult) -> None:
        """Each rule with its measured value and a tick or a cross; nothing when there are no rules."""
        goals.show(self.writer, result)

    def comparison(
        self, results: Sequence[RunResult], names: Sequence[str], compared: Sequence[Sequence[Difference]]
    ) -> None:
        """The runs with their letters, and a table of the differences of each from the first."""
        comparison.show(self.writer, results, names, compared)

    def written(self, files: Iterable[tuple[str, str]]) -> None:
        """The files that were written: (what it is, path)."""
        self.writer.gap()
        for label, path in files:
            self.writer.fact(label, path)
