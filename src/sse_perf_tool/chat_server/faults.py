"""Faults on demand: errors, stalls and broken answers, to test how a client handles them.

One fault is `NAME` or `NAME=VALUE`, and may say `@SHARE` (0 to 1, of the answers that suffer it).  Several are
separated by commas, and the first whose share is drawn is taken: `stall=2s@0.1, http-503@0.05`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

NAMES = {
    "slow": "every delay is VALUE times as long (3)",
    "stall": "the answer stops in its middle for VALUE: 2s, 500ms (2s)",
    "truncate": "the body ends in the middle of the answer, properly, with no end marker",
    "disconnect": "the connection is cut in the middle of the answer",
    "error-event": "the answer ends in its middle with an error event",
    "garbage": "a block in the middle of the answer holds half a JSON object and bytes that are no UTF-8",
    "http-STATUS": "the request is refused with that status, 400 to 599",
}
_ONE = re.compile(r"(?P<name>[a-z]+(?:-[a-z]+)?|http-(?P<status>[45]\d\d))(?:=(?P<value>[^@]+))?(?:@(?P<share>[^@]+))?")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|)")


@dataclass(frozen=True, slots=True)
class Fault:
    """What one answer suffers.  The default is nothing."""

    name: str = ""
    share: float = 1.0
    status: int = 0
    """Of `http-STATUS`, else 0."""
    slow: float = 1.0
    """How many times as long the delays are."""
    stall_s: float = 0.0


NONE = Fault()


class RefusedError(ValueError):
    """What is wrong with a setting or a fault, in English; `chinese` says the same."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.chinese = chinese


def parse_faults(text: str) -> tuple[Fault, ...]:
    """The faults that `text` names, in order; none for an empty text.  RefusedError, one line, for anything else."""
    return tuple(_parse(one.strip()) for one in text.split(",") if one.strip())


def choose(faults: tuple[Fault, ...], draw: Callable[[], float]) -> Fault:
    """The first fault whose share is drawn, `NONE` when no share is.  `draw` gives numbers from 0 up to 1."""
    return next((fault for fault in faults if draw() < fault.share), NONE)


def _parse(text: str) -> Fault:
    match = _ONE.fullmatch(text)
    if match is None or (match["name"] not in NAMES and not match["status"]):
        known = ", ".join(NAMES)
        raise RefusedError(
            f"{text[:40]!r} is no fault; there are {known}", f"没有 {text[:40]!r} 这种故障，可用的有 {known}"
        )
    name, value = match["name"], match["value"]
    if value is not None and name not in ("slow", "stall"):
        raise RefusedError(f"{name} takes no value", f"{name} 不带值")
    return Fault(
        name=name,
        share=_number(match["share"] or "1", ("a share", "比例"), 0, 1),
        status=int(match["status"] or 0),
        slow=_number(value or "3", ("slow", "slow "), 1, 1000) if name == "slow" else 1.0,
        stall_s=_seconds(value or "2s") if name == "stall" else 0.0,
    )


def _number(text: str, what: tuple[str, str], least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise RefusedError(
            f"{what[0]} is a number from {least:g} to {most:g}, not {text[:40]!r}",
            f"{what[1]}应是 {least:g} 到 {most:g} 之间的数，而不是 {text[:40]!r}",
        )
    return number


def _seconds(text: str) -> float:
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise RefusedError(
            f"stall takes a time such as 2s or 500ms, not {text[:40]!r}",
            f"stall 的值是时间，如 2s 或 500ms，而不是 {text[:40]!r}",
        )
    return float(match[1]) / (1000 if match[2] == "ms" else 1)
