"""The run's end of the telemetry: what a run hands over while it goes on, and what it says of it at its end."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import asdict
from importlib.util import find_spec
from typing import IO, Any, cast

from .. import __version__
from ..arguments.parsed import TelemetryWanted
from ..errors import UsageError
from ..load.program import end_within, start_program
from ..masking import Masker, mask_url, url_secrets
from ..records import IntervalSample, RequestRecord
from ..records.writer import Lines, LineWriter, Tee
from ..texts import Say, Texts, printable, speaker
from .lines import Row, joined, row_of, sample_line

TEXTS: Texts = {
    "missing": (
        '{flag} needs {package}; install it: pip install "sse-perf-tool[{extra}]"',
        '{flag} 需要 {package}，请安装：pip install "sse-perf-tool[{extra}]"',
    ),
    "place": (
        "--prometheus {place}: cannot listen there: {reason}; name another address or port",
        "--prometheus {place}：无法监听：{reason}；请换一个地址或端口",
    ),
    "no_start": (
        "the process for {flags} did not start; leave {flags} out, or run it again",
        "{flags} 的进程未能启动，请去掉 {flags} 或重试",
    ),
    "page": ("metrics for Prometheus: {url}", "Prometheus 指标：{url}"),
    "lost_spans": (
        "--otlp {url}: {lost} of {spans} spans did not arrive{why}",
        "--otlp {url}：{spans} 个 span 中有 {lost} 个未送达{why}",
    ),
    "lost_metrics": (
        "--otlp {url}: {failed} of {exports} exports of metrics failed, {last}{why}",
        "--otlp {url}：{exports} 次指标导出中有 {failed} 次失败，{last}{why}",
    ),
    "last_failed": ("the last one too: final values are missing", "最后一次也失败：缺少最终值"),
    "last_came": ("the last one came: no value is missing", "最后一次成功：数值没有缺失"),
    "dropped": (
        "{flags}: {dropped} finished requests or seconds are not in it, as it could not keep up",
        "{flags}：因处理不及，有 {dropped} 个已完成的请求或秒未计入",
    ),
    "ended": (
        "{flags}: its process ended early or did not end in time; what came last is not in it",
        "{flags}：其进程提前结束或未按时结束，缺少最后的数据",
    ),
}

READY_S = 30.0
"""So long a run waits for the process before its load; importing the SDK takes about a second."""
FLUSH_S = 5.0
"""So long a run waits at its end until the rest is delivered."""
HAND_OVER_S = 2.0
"""What came is handed over with each second of the run, and after this time also without one."""
MOST_BYTES = 32 << 20
"""Of lines and requests that wait; further ones are dropped and counted."""
REQUEST_BYTES = 1 << 10
"""What the values of a request take, about."""


_EXTRAS = {
    "prometheus": ("--prometheus", "prometheus_client", "prometheus_client", "prometheus"),
    "otlp": ("--otlp", "opentelemetry.exporter.otlp.proto.http", "the OpenTelemetry SDK", "otel"),
}
"""Field -> flag, module that it needs, what that is called, the extra that brings it."""
_EXPORTER = "from sse_perf_tool.telemetry.exporter import main; main()"


class Telemetry(Lines):
    """Hands over what happens while it is entered.  UsageError when what it needs is missing or its place is taken.

    `write` and `write_request` are called from any thread, and never wait.
    """

    def __init__(self, wanted: TelemetryWanted, lang: str, program: str = _EXPORTER, flush_s: float = FLUSH_S) -> None:
        self._say, self._wanted = speaker(TEXTS, lang), wanted
        asked = {"--prometheus": wanted.prometheus, "--otlp": wanted.otlp}
        self._flags = ", ".join(name for name, value in asked.items() if value is not None)
        for field, (flag, module, package, extra) in _EXTRAS.items():
            if getattr(wanted, field) is not None and not _is_there(module):
                raise UsageError(self._say("missing", flag=flag, package=package, extra=extra))
        self._program, self._flush_s = program, flush_s
        self.missing = 0
        """Lines of records that a part of the run could not hand over; as `Lines` has it."""
        self.dropped = 0
        """Lines and requests that found no room."""
        self.port: int | None = None
        """The port of the page."""
        self._waiting: list[bytes | Row] = []
        self._bytes = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._due = threading.Event()
        self._ready = threading.Event()
        self._began = False
        self._failed: str | None = None
        self._state: dict[str, Any] = {}
        self._in_time = False

    def __enter__(self) -> Telemetry:
        wanted = self._wanted
        self._process = start_program(self._program)
        self._reader = threading.Thread(target=self._read, name="telemetry-state", daemon=True)
        self._reader.start()
        asked = {**asdict(wanted), "version": __version__}
        with contextlib.suppress(OSError):  # it has died: the reader notices
            self._input.write(json.dumps(asked).encode() + b"\n")
            self._input.flush()
        self._ready.wait(READY_S)
        if not self._began:
            self._process.kill()
            self._process.wait()
            raise UsageError(self._refusal(self._say))
        self._writer = threading.Thread(target=self._hand_over, name="telemetry", daemon=True)
        self._writer.start()
        return self

    def _refusal(self, say: Say) -> str:
        if self._failed is None or self._wanted.prometheus is None:
            return say("no_start", flags=self._flags)
        host, port = self._wanted.prometheus
        return say("place", place=f"{host}:{port}", reason=self._failed)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delivers what is left, within `flush_s`; then the process is ended.  Nothing when that was done already."""
        if self._over.is_set():
            return
        until_s = time.monotonic() + self._flush_s
        self._over.set()
        self._due.set()
        # Where it has to be killed, the collector is slow, or gone.
        in_time = end_within(self._process, max(0.0, until_s - time.monotonic()))
        self._in_time = in_time and self._process.returncode == 0
        self._writer.join()
        self._reader.join()
        with contextlib.suppress(OSError):
            self._input.close()
        cast("IO[str]", self._process.stdout).close()

    @property
    def _input(self) -> IO[bytes]:
        return cast(Any, self._process.stdin).buffer  # type: ignore[no-any-return]

    def lines(self) -> list[str]:
        """What is to be said when it has begun."""
        if self._wanted.prometheus is None:
            return []
        host = self._wanted.prometheus[0]
        return [self._say("page", url=f"http://{host}:{self.port}/metrics")]

    def tee(self, records: LineWriter | None) -> Lines:
        """What takes the lines of the run: these, and the file of its records if it has one."""
        return Tee(records, self)

    def write(self, line: str) -> None:
        """Takes a line of the records."""
        data = line.encode("utf-8", "replace")
        self._keep(data, len(data) + 1)

    def write_request(self, record: RequestRecord, shift_ns: int) -> None:
        """Takes a finished request."""
        self._keep(row_of(record, shift_ns), REQUEST_BYTES)

    def _keep(self, what: bytes | Row, size: int) -> None:
        with self._lock:
            if self._bytes + size > MOST_BYTES:
                self.dropped += 1
                return
            self._bytes += size
            self._waiting.append(what)

    def second(self, sample: IntervalSample | None) -> None:
        """A second of the run is over, or what came behind the last; None is nothing."""
        if sample is not None:
            self.write(sample_line(sample))
            self._due.set()

    def _hand_over(self) -> None:
        last = False
        with contextlib.suppress(OSError):  # it has died, or was ended because it was slow
            while not last:
                self._due.wait(HAND_OVER_S)
                self._due.clear()
                last = self._over.is_set()
                with self._lock:
                    waiting, self._waiting, self._bytes = self._waiting, [], 0
                for line in joined(waiting):
                    self._input.write(line + b"\n")
                self._input.flush()
        with contextlib.suppress(OSError):
            self._input.close()

    def _read(self) -> None:
        for line in cast("IO[str]", self._process.stdout):
            with contextlib.suppress(ValueError):  # cut short by its end
                told = json.loads(line)
                self._failed = told.get("failed", {}).get("reason", self._failed)
                if "ready" in told:
                    self._began, self.port = True, told["ready"]["port"]
                self._state = told.get("state", self._state)
            self._ready.set()
        self._ready.set()

    def warnings(self) -> list[str]:
        """What is to be said of it once it is left: one line for each kind of trouble."""
        say, state, said = self._say, self._state, []
        url = "" if self._wanted.otlp is None else mask_url(self._wanted.otlp)
        why = self._why(state.get("reason", ""))
        if lost := state.get("spans", 0) - state.get("spans_sent", 0):
            said.append(say("lost_spans", url=url, lost=lost, spans=state["spans"], why=why))
        if failed := state.get("exports_failed", 0):
            last = say("last_failed" if state["last_failed"] else "last_came")
            said.append(say("lost_metrics", url=url, failed=failed, exports=state["exports"], last=last, why=why))
        if dropped := self.dropped + state.get("unread", 0):
            said.append(say("dropped", flags=self._flags, dropped=dropped))
        if not self._in_time:
            said.append(say("ended", flags=self._flags))
        return said

    def _why(self, reason: str) -> str:
        """The reason in brackets; it may hold what a collector said, and the URL."""
        if not reason:
            return ""
        shown = Masker(url_secrets(self._wanted.otlp or ""))(mask_url(printable(reason)))
        return f" ({shown[:200]})"


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False
