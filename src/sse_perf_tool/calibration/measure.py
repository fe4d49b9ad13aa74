"""Runs one load against the paced server and compares the tool's figures with the true ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import UsageError
from ..formats import FORMATS
from ..load.run import LoadRun
from ..masking import Masker
from ..metrics import enough_for, stats_of
from ..pace.schedule import processes_for
from ..providers import Query, QueryProvider
from ..records import Calibration, Compared, RunConfig, RunResult, Stats
from ..request.body import BodyBuilder
from ..request.target import Target
from ..texts import Texts, speaker
from ..units import NS_PER_MS, NS_PER_S
from .server import ask, paced_server

DURATION_S = 3.0
TTFT_MS = 50.0
LONGEST_ANSWER_S, SHORTEST_ANSWER_S = 1.5, 0.3
WANTED_ANSWERS = 100
"""So many make a P99 of the TTFT; few threads send short answers, so as to get there."""
PERCENTILES = (50, 90, 99)
DIGITS = 6
"""Behind the point: a nanosecond is the sixth of a millisecond."""

TEXTS: Texts = {
    "no_server": ("the calibration server does not start: {reason}", "校准服务器无法启动：{reason}"),
}


class Pace(NamedTuple):
    """What the server sends and how long the tool asks for it."""

    chunks: int
    """Of one answer."""
    duration_s: float
    """For which a thread begins answers."""


def pace_of(threads: int, itl_ms: float, duration_s: float) -> Pace:
    """Answers of such a length that each thread sends the same whole number of them, two at least, in `duration_s`."""
    wanted_s = duration_s * threads / WANTED_ANSWERS
    longest_s = min(max(wanted_s, SHORTEST_ANSWER_S), LONGEST_ANSWER_S, duration_s / 2)
    chunks = max(2, math.floor((longest_s * 1000 - TTFT_MS) / itl_ms))
    answer_s = (TTFT_MS + chunks * itl_ms) / 1000  # the end comes a gap after the last chunk
    answers = max(2, round(duration_s / answer_s))
    return Pace(chunks, (answers - 0.5) * answer_s)


def compare(truth: Sequence[float], reported: Stats) -> dict[str, Compared]:
    """The percentiles of the true values (ms) beside those that the tool reported."""
    true = stats_of(truth)
    found = {}
    for percent in PERCENTILES:
        name = f"p{percent}"
        sent, seen = getattr(true, name), getattr(reported, name)
        enough = enough_for(percent, true.count) and seen is not None
        found[name] = Compared(*(round(ms, DIGITS) for ms in (sent, seen, seen - sent))) if enough else Compared()
    return found


def calibration_of(result: RunResult, cpu_s: float, truth: Mapping[str, Any]) -> Calibration:
    """A run and what the server says of it (see `server.Truth.as_dict`)."""
    config, summary, duration_s = result.config, result.summary, result.duration_ns / NS_PER_S
    ttft_ms, gap_ms, late_ms = ([ns / NS_PER_MS for ns in truth[name]] for name in ("ttft_ns", "gap_ns", "late_ns"))
    late = stats_of(late_ms)
    per_s = 1 / duration_s if duration_s else 0.0
    return Calibration(
        threads=config.threads,
        processes=config.processes,
        itl_ms=config.calibrate_itl_ms or 0.0,
        duration_s=round(duration_s, DIGITS),
        requests=truth["requests"],
        failed=summary.failed,
        chunks=truth["chunks"],
        chunks_per_s=round(truth["chunks"] * per_s, DIGITS),
        busiest_second_chunks=max((sample.chunks for sample in result.time_series), default=0),
        ttft=compare(ttft_ms, summary.metrics["ttft_ms"]),
        gaps=compare(gap_ms, summary.metrics["itl_ms"]),
        cpu_us_per_chunk=round(cpu_s / truth["chunks"] * 1e6, DIGITS) if truth["chunks"] else None,
        cpu_share=round(cpu_s * per_s, DIGITS),
        server_late_ms={name: round(getattr(late, name) or 0.0, DIGITS) for name in ("p50", "p99", "max")},
        server_cpu_share=round(truth["cpu_s"] * per_s, DIGITS),
    )


class Calibrator:
    """Measures loads of one chunk rate a thread, one after another.  `processes` None is "auto".

    `stop` may be called from a signal handler: what is under way ends, and `measure` raises KeyboardInterrupt.
    """

    def __init__(self, itl_ms: float, processes: int | None, cores: int, lang: str = "en") -> None:
        self.itl_ms, self.lang = itl_ms, lang
        self._processes, self._cores = processes, cores
        self._stopped = False
        self._load: LoadRun | None = None

    def stop(self) -> None:
        """Ends the run under way and lets no other begin."""
        self._stopped = True
        if self._load is not None:
            self._load.stop()

    def measure(self, threads: int, duration_s: float = DURATION_S) -> Calibration:
        """What this load comes to in about `duration_s`.

        UsageError when it cannot be had here: too few open files, no server.
        """
        pace = pace_of(threads, self.itl_ms, duration_s)
        try:
            with paced_server(TTFT_MS, self.itl_ms, pace.chunks) as port:
                return self._run(port, threads, pace)
        except RuntimeError as error:
            raise UsageError(speaker(TEXTS, self.lang)("no_server", reason=error)) from error

    def _run(self, port: int, threads: int, pace: Pace) -> Calibration:
        config = RunConfig(
            url=f"http://127.0.0.1:{port}/v1/chat/completions",
            threads=threads,
            processes=processes_for(self._processes, threads, self._cores),
            duration_s=pace.duration_s,
            calibrate_itl_ms=self.itl_ms,
            retries=0,
            lang=self.lang,
        )
        load = self._load = LoadRun(_target(config), config, grace_s=0.0)
        if self._stopped:  # while there was no run to be stopped
            load.stop()
        result = load.run()
        if self._stopped:
            raise KeyboardInterrupt
        return calibration_of(result, load.cpu_s, ask(port, "/stats"))


def _target(config: RunConfig) -> Target:
    form = FORMATS["openai_chat"]
    return Target(
        url=config.url,
        body=BodyBuilder(None, form),
        queries=QueryProvider([Query("calibration")]),
        masker=Masker(()),
        format=form,
        named=True,
        timeout_s=config.timeout_s,
        retries=config.retries,
        lang=config.lang,
        direct=True,
    )
