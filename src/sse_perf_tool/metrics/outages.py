"""Times in which no request succeeded, and first tokens that failed requests had.  Pure functions of the requests.

An outage is the longest row of requests, in order of their start, of which none is ok.  It begins when the first of
them failed, and ends when the next request that is ok started; a server that died never has one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ..records import NOT_MEASURED, OUTCOMES, FailedFirstTokens, Outage, Outcome, RequestTable
from ..units import NS_PER_MS
from .percentiles import PERCENTILES, enough_for, stats_of

FEWEST = 5
"""Fewer failures in a row are none."""
MOST_OF = 0.5
"""At least this share of all failures is in it."""
BY_CHANCE = 0.01
"""How many such rows there may be by chance, if each request failed as often as they do on the whole."""
TOGETHER_NS = 500 * NS_PER_MS
"""What broke so shortly before or after the begin broke at that moment."""
CHANGES = 1.25
"""A figure of first tokens that is so many times what it was is another picture."""


class _Sent(NamedTuple):
    """One request, times in nanoseconds since the run began."""

    start: int
    end: int
    outcome: Outcome
    status: int
    chunks: int
    refused: bool

    @property
    def broke(self) -> bool:
        """Whether it was answered and then cut off."""
        return self.chunks > 0 or self.outcome is Outcome.TRUNCATED


def outage_of(table: RequestTable) -> Outage | None:
    """The outage that the requests show, None where they show none."""
    names = ("started_ns", "latency_ns", "outcome", "status", "chunks", "refused")
    sent = sorted(
        _Sent(start, start + latency, OUTCOMES[outcome], status, chunks, refused > 0)
        for start, latency, outcome, status, chunks, refused in table.rows(*names)
        if OUTCOMES[outcome] is not Outcome.CANCELLED
    )
    failures = [each for each in sent if each.outcome is not Outcome.OK]
    begin, end = _longest_row(sent)
    row = _without_early(sent[begin:end], sent)
    if len(row) < FEWEST or not any(each.outcome is Outcome.OK or each.broke for each in sent):
        return None
    begin_ns = min(each.end for each in row)
    end_ns = sent[end].start if end < len(sent) else None
    within = [each for each in failures if begin_ns <= each.end and (end_ns is None or each.end <= end_ns)]
    if len(within) < MOST_OF * len(failures) or _by_chance(len(row), len(failures), len(sent)):
        return None
    rest = [each for each in within if not each.broke]
    if not rest:
        return None
    kinds = Counter((each.outcome.value, each.status, each.refused) for each in rest)
    (outcome, status, refused), _ = kinds.most_common(1)[0]
    return Outage(
        begin_s=begin_ns / 1e9,
        end_s=None if end_ns is None else end_ns / 1e9,
        failures=len(within),
        all_failures=len(failures),
        outcome=outcome,
        status=None if status == NOT_MEASURED else status,
        refused=refused,
        broken=sum(1 for each in row if each.broke and each.end - begin_ns <= TOGETHER_NS),
    )


def _longest_row(sent: Sequence[_Sent]) -> tuple[int, int]:
    """From and to (exclusive) of the longest row of requests of which none is ok."""
    best, begin = (0, 0), 0
    for at in range(len(sent) + 1):
        if at == len(sent) or sent[at].outcome is Outcome.OK:
            if at - begin > best[1] - best[0]:
                best = begin, at
            begin = at + 1
    return best


def _without_early(row: Sequence[_Sent], sent: Sequence[_Sent]) -> list[_Sent]:
    """A row without answers that broke off before another one, begun earlier, was ok: the service was up then."""
    if not row:
        return []
    before = [each.end for each in sent if each.outcome is Outcome.OK and each.start <= row[0].start]
    alive_ns = max(before, default=0)
    return [each for each in row if not each.broke or each.end >= alive_ns - TOGETHER_NS]


def _by_chance(length: int, failed: int, sent: int) -> bool:
    """Whether a row of failures of this length is to be expected anyway, failures being where they like.

    The number of rows of at least n in N trials that fail with p is about N (1 - p) p^n.  Where the row is nearly all
    that failed it is p without it that counts: what is left of the failures, among what is left of the requests.
    """
    left_failed, left = failed - length, sent - length
    share = (left_failed + 1) / (left + 2)
    return sent * (1 - share) * math.exp(length * math.log(share)) > BY_CHANCE


def failed_first_tokens_of(table: RequestTable) -> FailedFirstTokens | None:
    """The first tokens of failed requests, where leaving them out changes a figure of the TTFT; else None."""
    ok: list[float] = []
    failed: list[float] = []
    for outcome, ttft_ns in table.rows("outcome", "ttft_ns"):
        if ttft_ns != NOT_MEASURED and OUTCOMES[outcome] is not Outcome.CANCELLED:
            (ok if OUTCOMES[outcome] is Outcome.OK else failed).append(ttft_ns / NS_PER_MS)
    if not failed:
        return None
    shown, whole, median = stats_of(ok), stats_of(ok + failed), stats_of(failed).p50
    found = (len(failed), median or 0.0)
    if not ok:
        return FailedFirstTokens(*found, None, None, None)
    names = ["mean", *(f"p{p}" for p in PERCENTILES if enough_for(p, len(ok)))]
    pairs = {name: (getattr(shown, name), getattr(whole, name)) for name in names}
    name = max(pairs, key=lambda each: _ratio(*pairs[each]))
    return FailedFirstTokens(*found, name, *pairs[name]) if _ratio(*pairs[name]) >= CHANGES else None


def _ratio(one: float, other: float) -> float:
    return max(one, other) / max(min(one, other), 1e-6)
