"""Times in which no request succeeded, and first tokens that failed requests had.  Pure functions of the requests.

An outage is the longest row of requests, in order of their start, of which none is ok.  It begins when the first of
them failed, and ends when the next request that is ok started; a server that died never has one.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence

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


class _Sent:
    """The requests that were not cancelled, in order of their start: a column each, as there may be a million."""

    def __init__(self, table: RequestTable) -> None:
        names = ("started_ns", "latency_ns", "outcome", "status", "chunks", "refused")
        starts, latencies, outcomes, statuses, chunks, refused = (table[name] for name in names)
        kept = (row for row, outcome in enumerate(outcomes) if outcome != _CANCELLED)
        order = array("q", sorted(kept, key=starts.__getitem__))
        self.starts = array("q", (starts[row] for row in order))
        self.ends = array("q", (starts[row] + latencies[row] for row in order))
        self.ok = bytes(outcomes[row] == _OK for row in order)
        self.broke = bytes(chunks[row] > 0 or outcomes[row] == _TRUNCATED for row in order)
        """Whether it was answered and then cut off."""
        self._columns, self._order = (outcomes, statuses, refused), order

    def __len__(self) -> int:
        return len(self.ok)

    def kind(self, at: int) -> tuple[str, int, bool]:
        """Outcome, status, and whether its connection was refused."""
        outcome, status, refused = (column[self._order[at]] for column in self._columns)
        return OUTCOMES[outcome].value, status, refused > 0


_OK, _CANCELLED, _TRUNCATED = map(OUTCOMES.index, (Outcome.OK, Outcome.CANCELLED, Outcome.TRUNCATED))


def outage_of(table: RequestTable) -> Outage | None:
    """The outage that the requests show, None where they show none."""
    outcomes = Counter(table["outcome"])
    if len(table) - outcomes[_OK] - outcomes[_CANCELLED] < FEWEST:
        return None
    sent = _Sent(table)
    begin, end = _longest_row(sent.ok)
    row = _without_early(range(begin, end), sent)
    if len(row) < FEWEST or not any(ok or broke for ok, broke in zip(sent.ok, sent.broke, strict=True)):
        return None
    begin_ns = min(sent.ends[at] for at in row)
    end_ns = sent.starts[end] if end < len(sent) else None
    until_ns = math.inf if end_ns is None else end_ns
    within = array("q", (at for at, ok in enumerate(sent.ok) if not ok and begin_ns <= sent.ends[at] <= until_ns))
    failures = sent.ok.count(0)
    if len(within) < MOST_OF * failures or _by_chance(len(row), failures, len(sent)):
        return None
    kinds = Counter(sent.kind(at) for at in within if not sent.broke[at])
    if not kinds:
        return None
    (outcome, status, refused), _ = kinds.most_common(1)[0]
    return Outage(
        begin_s=begin_ns / 1e9,
        end_s=None if end_ns is None else end_ns / 1e9,
        failures=len(within),
        all_failures=failures,
        outcome=outcome,
        status=None if status == NOT_MEASURED else status,
        refused=refused,
        broken=sum(1 for at in row if sent.broke[at] and sent.ends[at] - begin_ns <= TOGETHER_NS),
    )


def _longest_row(ok: bytes) -> tuple[int, int]:
    """From and to (exclusive) of the longest row of requests of which none is ok."""
    best, begin = (0, 0), 0
    while begin <= len(ok):
        end = ok.find(1, begin)
        end = len(ok) if end < 0 else end
        if end - begin > best[1] - best[0]:
            best = begin, end
        begin = end + 1
    return best


def _without_early(row: range, sent: _Sent) -> Sequence[int]:
    """A row without answers that broke off before another one, begun earlier, was ok: the service was up then."""
    if not row:
        return row
    first_ns = sent.starts[row[0]]
    before = (end for end, start, ok in zip(sent.ends, sent.starts, sent.ok, strict=True) if ok and start <= first_ns)
    alive_ns = max(before, default=0) - TOGETHER_NS
    return array("q", (at for at in row if not sent.broke[at] or sent.ends[at] >= alive_ns))


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
