"""Reads the metrics of the server while a load runs."""

from __future__ import annotations

import contextlib
import json
import threading
from importlib.util import find_spec
from typing import IO, cast

from ..errors import UsageError
from ..load.program import end_within, start_program
from ..records import ServerMetrics
from ..texts import Texts, speaker
from .series import Pages, metrics_of

TEXTS: Texts = {
    "missing": (
        '--metrics-url needs prometheus_client; install it: pip install "sse-perf-tool[profile]"',
        '--metrics-url 需要 prometheus_client，请安装：pip install "sse-perf-tool[profile]"',
    ),
    "failed": (
        "--metrics-url {url}: {failed} of {scrapes} scrapes failed ({error})",
        "--metrics-url {url}：{scrapes} 次读取中有 {failed} 次失败（{error}）",
    ),
    "unknown": (
        "--metrics-url {url}: the page has no metric of a known server; nothing is shown",
        "--metrics-url {url}：页面中没有已知服务的指标，因此不显示",
    ),
    "ended": (
        "--metrics-url {url}: the process that reads it ended early; later seconds are missing",
        "--metrics-url {url}：读取进程提前结束，缺少其后的数据",
    ),
}

EVERY_S = 1.0
FIRST_S = 5.0
"""So long a run waits for the first page, which is there before its load begins."""
END_S = 1.0
"""So long the sampler may take for its last scrape."""
_SAMPLER = "from sse_perf_tool.profiling.sampler import main; main()"


class ServerWatch:
    """Scrapes `url` while it is entered; `shown` is the URL without its secrets, `verify` as `requests` takes it."""

    def __init__(self, url: str, shown: str, verify: bool | str, lang: str, every_s: float = EVERY_S) -> None:
        self._say = speaker(TEXTS, lang)
        if find_spec("prometheus_client") is None:
            raise UsageError(self._say("missing"))
        self._told = {"url": url, "verify": verify, "every_s": every_s}
        self._shown = shown
        self._pages = Pages()
        self._first = threading.Event()
        self._silent = False
        """Whether it will say nothing more: known before the system says that it has ended."""
        self._ended_early = False

    def __enter__(self) -> ServerWatch:
        self._process = start_program(_SAMPLER)
        self._reader = threading.Thread(target=self._read, name="server-metrics", daemon=True)
        self._reader.start()
        with contextlib.suppress(OSError):  # it has died: the reader notices
            self._input.write(json.dumps(self._told) + "\n")
            self._input.flush()
        self._first.wait(FIRST_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended_early = self._silent or self._process.poll() is not None
        with contextlib.suppress(OSError):
            self._input.close()
        end_within(self._process, END_S)  # it may be in the middle of a scrape
        self._reader.join()
        self._output.close()

    @property
    def _input(self) -> IO[str]:
        return cast("IO[str]", self._process.stdin)

    @property
    def _output(self) -> IO[str]:
        return cast("IO[str]", self._process.stdout)

    def _read(self) -> None:
        for line in self._output:
            with contextlib.suppress(ValueError):  # cut short by its end
                self._pages.add(json.loads(line))
            self._first.set()
        self._silent = True
        self._first.set()

    def metrics(self, origin_ns: int) -> ServerMetrics:
        """What was found, for a run that began at `origin_ns` of `time.perf_counter_ns`; known once it is left."""
        return metrics_of(self._shown, self._pages, origin_ns)

    def warnings(self, found: ServerMetrics) -> list[str]:
        """What is to be said of it: one line for each kind of trouble."""
        said = []
        if found.failed:
            said.append(
                self._say("failed", url=self._shown, failed=found.failed, scrapes=found.scrapes, error=found.error)
            )
        if found.failed < found.scrapes and not self._pages.told:
            said.append(self._say("unknown", url=self._shown))
        if self._ended_early:
            said.append(self._say("ended", url=self._shown))
        return said
