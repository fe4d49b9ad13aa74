"""`calibrate`: the error at one load, then the highest load that the machine can measure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from ..load.run import most_threads
from ..records import CALIBRATION_SCHEMA, Calibration, CalibrationLimit, RunConfig
from ..records.file import iso_utc
from ..records.host import host_document
from . import words
from .ladder import FIRST_THREADS, LIMITS_MS, MOST_THREADS, Ladder, Rung, rung_of
from .measure import Calibrator

LADDER_RUN_S = 2.0
LADDER_S = 40.0
"""No load is begun later than this after the first of the ladder."""


def climb(
    calibrator: Calibrator, asked: Calibration, say_line: Callable[[str], None], clock: Callable[[], float]
) -> tuple[list[Calibration], list[CalibrationLimit]]:
    """(each load that was tried, how far it goes within each of `LIMITS_MS`); a line is said for each."""
    began_s, lang = clock(), calibrator.lang
    tried: list[Calibration] = []

    def measure(threads: int) -> Rung:
        found = calibrator.measure(threads, LADDER_RUN_S)
        tried.append(found)
        rung = rung_of(found)
        say_line(words.rung_line(rung, found.server_late_ms["p99"]))
        return rung

    for line in words.ladder_head(calibrator.itl_ms, lang):
        say_line(line)
    most = min(MOST_THREADS, most_threads() or MOST_THREADS)
    ladder = Ladder(measure, lambda: clock() - began_s < LADDER_S, most)
    limits = [ladder.limit(limit_ms, max(FIRST_THREADS, asked.threads)) for limit_ms in LIMITS_MS]
    for limit in limits:
        say_line(words.limit_line(limit, lang))
    return tried, limits


def calibrate(
    config: RunConfig,
    calibrator: Calibrator,
    quick: bool,
    say_line: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Measures and says; what `--json` writes comes out.  With `quick` the ladder is left out."""
    started_unix_ns = time.time_ns()
    found = calibrator.measure(config.threads)
    for line in words.table(found, config.lang):
        say_line(line)
    tried: list[Calibration] = []
    limits: list[CalibrationLimit] = []
    if not quick:
        say_line("")
        tried, limits = climb(calibrator, found, say_line, clock)
    return document_of(config, started_unix_ns, found, tried, limits)


def document_of(
    config: RunConfig,
    started_unix_ns: int,
    found: Calibration,
    tried: Sequence[Calibration],
    limits: Sequence[CalibrationLimit],
) -> dict[str, Any]:
    """What `--json` writes, see docs/files.md."""
    return {
        "schema": CALIBRATION_SCHEMA,
        "started_at": iso_utc(started_unix_ns),
        "command": config.command,
        "version": config.version,
        "host_info": config.host_info,
        "host": host_document(config.host),
        "calibration": asdict(found),
        "ladder": [asdict(one) for one in tried],
        "limits": [asdict(limit) for limit in limits],
    }
