"""What was seen of the server's processes while a load ran, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..units import SHARES, SIZES, TIMES, figure, telling_digits

Words = tuple[str, str]
"""A text in English and in Chinese."""

MET, MISSED, NOT_MEASURED_STATE = "met", "missed", "not_measured"


_LIMIT = re.compile(r"\w+<([0-9.]+)(\S+)")
_UNITS = TIMES | SIZES | SHARES


def target_text(rule: str, value: float | None, unit: str) -> str:
    """What was measured for a target, of as few digits as show on which side of the limit it is."""
    limit = _LIMIT.fullmatch(rule)
    if value is None or limit is None:
        return f"{figure(value)} {unit}"
    most = float(limit[1]) * _UNITS[limit[2]]
    return f"{figure(value, telling_digits(value, lambda shown: shown < most))} {unit}"


@dataclass(frozen=True, slots=True)
class ProfileTarget:
    """One target or warning sign: what was measured, held against its limit.  `value` is None if it was not."""

    name: str
    rule: str
    """As `--target` takes it, e.g. "ttfc<500ms"."""
    value: float | None
    unit: str
    state: str
    """`MET`, `MISSED` or `NOT_MEASURED_STATE`."""
    is_target: bool = True
    """False: a warning sign, which never decides the exit status."""
    why: Words = ("", "")
    """Why it was not measured."""


@dataclass(frozen=True, slots=True)
class ProfileFinding:
    """What limits the server, or will, in one sentence each: the figure, where, what to do."""

    name: str
    process: str
    """Name and PID of the process, several joined by commas; "" when it is no matter of one."""
    where: str
    """Function, file and line; "" when they are not known."""
    figure: Words
    advice: Words
    second: float | None = None
    """When it was worst, in seconds of the run."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """One process of the server.  Memory is in 10^6 bytes; CPU in percent of one core, its mean during the load."""

    pid: int
    name: str
    kind: str
    """"python", "node" or "other"."""
    cpu_percent: float | None = None
    peak_mb: float | None = None
    threads: int | None = None
    ended_at_s: float | None = None
    """When it ended during the load, in seconds of the run."""


@dataclass(frozen=True, slots=True)
class ProfileCost:
    """The load without profilers and with them: medians of TTFT, and server CPU in milliseconds a request."""

    ttft_ms: tuple[float | None, float | None]
    cpu_ms: tuple[float | None, float | None]
    requests: tuple[int, int]

    @property
    def worst(self) -> float | None:
        """By which share the TTFT, the figure of the load, is higher with profilers; None when that cannot be told."""
        before, after = self.ttft_ms
        return after / before - 1 if before and after is not None else None


COST_LIMIT = 0.15
"""From this share on, the figures of the load are marked: they are those of a server under profilers."""


@dataclass(frozen=True, slots=True)
class Profile:
    """All of it, for every output; what only the page draws is not here."""

    command: str = ""
    """What was started, secrets masked; "" for a server that ran already."""
    passes: Sequence[str] = ()
    processes: Sequence[ServerProcess] = ()
    targets: Sequence[ProfileTarget] = ()
    findings: Sequence[ProfileFinding] = ()
    not_measured: Sequence[Words] = ()
    """What could not be looked at, and why, a line each."""
    steps: Sequence[Words] = ()
    """How the server was stopped, or ended by itself."""
    cost: ProfileCost | None = None
    folder: str = ""
    """Where what was recorded stands."""
    decides: bool = False
    """Whether a missed target counts as a missed goal of the run."""

    @property
    def missed(self) -> bool:
        """Whether a target was missed that counts."""
        return self.decides and any(each.is_target and each.state == MISSED for each in self.targets)


def profile_document(found: Profile, column: int) -> dict[str, Any]:
    """As one object of JSON; `column` is the language, 0 or 1."""
    cost = found.cost
    return {
        "command": found.command,
        "passes": list(found.passes),
        "fail_on_targets": found.decides,
        "folder": found.folder,
        "processes": [
            {
                "pid": each.pid,
                "name": each.name,
                "kind": each.kind,
                "cpu_percent": each.cpu_percent,
                "peak_mb": each.peak_mb,
                "threads": each.threads,
                "ended_at_s": each.ended_at_s,
            }
            for each in found.processes
        ],
        "targets": [
            {
                "name": each.name,
                "rule": each.rule,
                "value": each.value,
                "unit": each.unit,
                "state": each.state,
                "is_target": each.is_target,
                "why": each.why[column],
            }
            for each in found.targets
        ],
        "findings": [
            {
                "name": each.name,
                "process": each.process,
                "where": each.where,
                "second": each.second,
                "figure": each.figure[column],
                "advice": each.advice[column],
            }
            for each in found.findings
        ],
        "not_measured": [each[column] for each in found.not_measured],
        "steps": [each[column] for each in found.steps],
        "cost": cost
        and {
            "ttft_ms": list(cost.ttft_ms),
            "cpu_ms": list(cost.cpu_ms),
            "requests": list(cost.requests),
            "above_limit": cost.worst is not None and cost.worst > COST_LIMIT,
        },
    }
