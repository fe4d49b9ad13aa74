"""What an answer did with its time: reasoning, tools, text, steps, waiting.  Pure functions of the spans of a record.

At each moment of an answer one thing counts: text or reasoning that flows (from the first to the last chunk in a row),
else a tool (from its call to its result), else waiting, in the innermost step that is open if there is one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..records import RequestRecord, Span

WAITING = "waiting"
_RANKS = {"text": 3, "reasoning": 3, "tool_call": 2, "tool_result": 2, "step": 1}

POOLED_KINDS = ("text", "reasoning", "step", "tool_call", "tool_result")
"""Kinds whose spans have a length of their own, by name."""
FLOWS = ("text", "reasoning", "tool_call")
"""Kinds that are output."""
FIRST_KINDS = ("reasoning", "tool_call", "tool_result", "step", "citation")
TIMES = ("text", "reasoning", "tool", WAITING)


class Stretch(NamedTuple):
    """A time of an answer in which one thing counted, in microseconds since the start of the request.

    `kind` is "text", "reasoning", "tool", "step" (waiting in a step, whose name it has) or "waiting".
    """

    kind: str
    name: str
    begin_us: int
    end_us: int


def stretches_of(spans: Sequence[Span], latency_us: int) -> list[Stretch]:
    """All of an answer from its start to its end, without gaps; neighbours differ in kind or name."""
    timed = [span for span in spans if span.lasted_us is not None and span.kind in _RANKS]
    edges = {0, latency_us}
    for span in timed:
        edges.update((span.begin_us, span.begin_us + (span.lasted_us or 0)))
    points = sorted(at for at in edges if 0 <= at <= latency_us)
    timed.sort(key=lambda span: span.begin_us)
    found: list[Stretch] = []
    active: list[Span] = []
    waiting = iter(timed)
    coming = next(waiting, None)
    for begin, end in pairwise(points):
        while coming is not None and coming.begin_us <= begin:
            active.append(coming)
            coming = next(waiting, None)
        active = [span for span in active if span.begin_us + (span.lasted_us or 0) > begin]
        kind, name = _counts(active)
        if found and found[-1][:2] == (kind, name):
            found[-1] = found[-1]._replace(end_us=end)
        else:
            found.append(Stretch(kind, name, begin, end))
    return found


def _counts(active: Sequence[Span]) -> tuple[str, str]:
    """(kind, name) of what counts of the spans that are open."""
    if not active:
        return WAITING, ""
    best = max(active, key=lambda span: (_RANKS[span.kind], span.begin_us))
    return ("tool" if _RANKS[best.kind] == 2 else best.kind), best.name


def times_of(stretches: Sequence[Stretch]) -> Mapping[str, int]:
    """How many microseconds of an answer each of `TIMES` took; a step is waiting."""
    found = dict.fromkeys(TIMES, 0)
    for kind, _, begin_us, end_us in stretches:
        found[kind if kind in found else WAITING] += end_us - begin_us
    return found


def columns_of(record: RequestRecord) -> dict[str, int]:
    """Those of `SPAN_COLUMNS` that a request has; {} for one without spans, of which nothing was noted."""
    if not record.spans:
        return {}
    found: dict[str, int] = {}
    for span in reversed(record.spans):
        if span.kind in FIRST_KINDS:
            at_ns = span.begin_us * 1000
            found[f"first_{span.kind}_ns"] = min(at_ns, found.get(f"first_{span.kind}_ns", at_ns))
    times = times_of(stretches_of(record.spans, record.latency_ns // 1000))
    found |= {f"{name}_time_ns": us * 1000 for name, us in times.items()}
    kinds = Counter(span.kind for span in record.spans)
    return {**found, "tool_calls": kinds["tool_call"], "steps": kinds["step"]}


def duration_key(kind: str, name: str) -> str:
    """The metric of how long spans of a kind and name last."""
    return f"{kind}_ms[{name}]" if name else f"{kind}_ms"


def first_key(kind: str, name: str) -> str:
    """The metric of when the first span of a kind and name begins."""
    return f"first_{kind}_ms[{name}]" if name else f"first_{kind}_ms"


def gap_key(kind: str) -> str:
    """The metric of the gaps between the chunks of a kind."""
    return f"{kind}_gap_ms"


POOLED_METRICS = (*(f"{kind}_ms" for kind in POOLED_KINDS), *map(gap_key, FLOWS))
"""Metrics with several values a request, all of them in one pool."""


_OF_MILESTONES = re.compile(
    rf"(?:first_)?({'|'.join(sorted({*FIRST_KINDS, *POOLED_KINDS}))})_ms(?:\[(.*)\])?", re.DOTALL
)


def milestone_of(metric: str) -> tuple[str, str] | None:
    """(kind, name) of the milestone that a metric is about, the name "" for all of the kind; None for other metrics."""
    found = _OF_MILESTONES.fullmatch(metric)
    if found is None or not (metric.startswith("first_") or found[1] in POOLED_KINDS):
        return None
    return found[1], found[2] or ""


_FIRST_COLUMNS = tuple(first_key(kind, "") for kind in FIRST_KINDS)


def in_milestones_alone(metric: str) -> bool:
    """Whether a metric is shown in the table of milestones and in no table of all metrics.

    So are those of a name (`step_ms[plan]`), and when the first of a kind came that is no metric of a request
    (`first_end_ms`): the time to it is another metric already, or says nothing of the service.
    """
    return "[" in metric or (metric.startswith("first_") and metric not in _FIRST_COLUMNS)


def pooled_of(record: RequestRecord) -> Iterator[tuple[str, Sequence[int]]]:
    """(metric, microseconds) of what a request adds to the pools; its `gaps_us` must be there."""
    firsts: dict[tuple[str, str], int] = {}
    chunk = 0
    for kind, name, begin_us, lasted_us, events in record.spans:
        key = kind, name
        firsts[key] = min(begin_us, firsts.get(key, begin_us))
        if kind in POOLED_KINDS and lasted_us is not None:
            yield f"{kind}_ms", (lasted_us,)
            if name:
                yield duration_key(kind, name), (lasted_us,)
        if kind in FLOWS:
            yield gap_key(kind), record.gaps_us[chunk : chunk + events - 1]
            chunk += events
    for (kind, name), begin_us in firsts.items():
        if name or kind not in FIRST_KINDS:  # those are columns of the table
            yield first_key(kind, name), (begin_us,)


def named_value(all_spans: Sequence[Span], metric: str) -> float | None:
    """The value of a request with these spans for a metric with a name in brackets, in ms.

    It is the longest of a duration, the first begin; without brackets of all spans of the kind.  None without any.
    """
    kind, name = milestone_of(metric) or ("", "")
    spans = [span for span in all_spans if span.kind == kind and (not name or span.name == name)]
    if metric.startswith("first_"):
        return min(span.begin_us for span in spans) / 1000 if spans else None
    lengths = [span.lasted_us for span in spans if span.lasted_us is not None]
    return max(lengths) / 1000 if lengths else None
