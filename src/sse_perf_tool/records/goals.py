"""The results of the goals of a run: thresholds, goodput and comparison with a baseline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """One rule held against a run.  `value` is None, and `ok` False, when there was nothing to measure it by."""

    rule: str
    value: float | None
    ok: bool
    note: str = ""
    """Why there is no value, in the language of the run."""


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """One figure held against that of an older run.  `low` and `high` bound `new` - `old` with 95 % confidence.

    `ok` is False when it is worse by more than `rule` allows and the interval shows that it is not by chance, and when
    that cannot be told.
    """

    rule: str
    old: float | None
    new: float | None
    low: float | None
    high: float | None
    ok: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Abort:
    """Why a run was ended before its time: `rule` was true, with this `value`, `at_s` seconds after the start."""

    rule: str
    value: float
    at_s: int
