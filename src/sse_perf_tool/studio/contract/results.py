"""Earlier runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .basis import Answer, Body, Document, Line, Text

Kind = Literal["bench", "run", "capacity"]


class Head(Answer):
    """A result as a list shows it."""

    id: str
    kind: Kind
    file: str
    started_at: str
    ended_at: str | None
    state: Literal["running", "done", "cancelled", "interrupted", "failed", "unreadable"]
    label: str = ""
    note: str = ""
    providers: list[str] = Field(default_factory=list)
    models: list[str] = Field(default_factory=list)
    cells: int = 0
    sent: int = 0
    ok: int = 0
    failed: int = 0
    best_ttft_ms: float | None = None
    best_ttft_model: str | None = None
    best_tokens_per_s: float | None = None
    best_tokens_model: str | None = None
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None
    requests_per_s: float | None = None
    tokens_per_s: float | None = None
    threads: int | None = None
    level: float | None = None
    thresholds_missed: int = 0
    trust: str | None = None
    problem: str | None = None
    ours: bool = True
    has_report: bool = True


class Results(Answer):
    """A page of them, the newest first."""

    results: list[Head]
    next: str | None
    total: int
    matching: int


class Stretch(Answer):
    """Some seconds of a run, from `second` on; null: too few answers."""

    second: int
    p50_ms: float | None
    p95_ms: float | None


class TtftOverTime(Answer):
    """The time to the first token over a run."""

    width_s: int
    stretches: list[Stretch]


class Result(Answer):
    """One of them, whole."""

    head: Head
    document: Document
    ttft_over_time: TtftOverTime | None = None
    """Of a load test whose records are there."""
    said: list[str] = Field(default_factory=list)
    """What the command line would say of it: who is fastest, and what to keep in mind."""


class Remark(Body):
    """What a person says of a result; what is not given stays."""

    label: Line | None = None
    note: Text | None = None


class DifferenceShown(Answer):
    """By how much a figure is above that of the first; `shown`: by more than chance."""

    shift: float | None
    low: float | None
    high: float | None
    shown: bool


class ComparedRow(Answer):
    """A figure of the same thing in all results."""

    name: list[str | int]
    title: str
    figure: str
    more_is_better: bool
    values: list[float | None]
    differences: list[DifferenceShown | None]


class ComparedVerdict(Answer):
    """How a result compares with the first, in words; `lead` is null where there are too few samples to tell."""

    grade: Literal["good", "bad", "none"]
    headline: str
    lead: str | None


class Comparison(Answer):
    """Two to six results side by side."""

    kind: Kind
    ids: list[str]
    names: list[str]
    cells: list[ComparedRow]
    verdicts: list[ComparedVerdict]
    """Of each but the first."""
    nothing_in_common: bool
    notes: list[str] = Field(default_factory=list)
