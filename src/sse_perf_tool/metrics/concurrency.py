"""How many requests were under way at once, and how many of them the service answered at once.  Pure.

A service that answers N at a time (N workers, threads or slots of a scheduler) leaves three marks in the requests
alone.  There are never more than N in service, however many are under way.  Who has to wait begins when another has
ended: in service from its first text, less the shortest time that any answer took to begin.  And where more wait, the
number in service stays at N.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from heapq import merge
from operator import sub
from typing import NamedTuple

from ..records import NOT_MEASURED, OUTCOMES, Outcome, RequestTable, ServiceQueue
from ..units import NS_PER_MS
from .percentiles import percentile

LOOKED_AT = 100_000
"""So many requests are enough to see a queue, and are looked at in a second."""
WAITING = 5
"""Fewer requests that had to wait show nothing."""
WAITED_NS, WAITED_SHARE = 20 * NS_PER_MS, 0.5
"""A request waited if its begin took longer than the shortest by this, and by this share of it."""
FOLLOWS_NS, FOLLOWS_SHARE = 10 * NS_PER_MS, 0.25
"""By how much a begin may miss the end that it follows, and as a share of the shortest time to begin."""
FOLLOWED = 0.9
"""From this share on of the waiting ones that began when another ended it is a queue."""
BY_CHANCE = 0.5
"""Where so many ends fall into the time looked at anyway, following one is no evidence ..."""
FILLED = 0.97
"""... unless nearly the most are in service, on average, whenever more are under way: by chance they would vary."""
NOTABLE_SHARE = 0.2
"""A wait below this share of the time to begin is not worth a word."""


class _Service(NamedTuple):
    """The requests that were answered: when each came, began and ended to be in service, in nanoseconds."""

    starts: array[int]
    begins: array[int]
    ends: array[int]
    to_begin: array[int]
    """How long each took from its start to its first text."""
    least_ns: int
    """The shortest of these."""


def most_at_once(starts: Iterable[int], ends: Iterable[int]) -> int:
    """The most intervals that have one moment in common; one that ends as another begins is over."""
    ends_in_order, ended, most = sorted(ends), 0, 0
    for begun, start in enumerate(sorted(starts), 1):
        while ended < len(ends_in_order) and ends_in_order[ended] <= start:
            ended += 1
        most = max(most, begun - ended)
    return most


def _changes(starts: Iterable[int], ends: Iterable[int]) -> Iterable[tuple[int, int]]:
    return merge(((at, -1) for at in sorted(ends)), ((at, 1) for at in sorted(starts)))


def service_queue_of(table: RequestTable) -> ServiceQueue | None:
    """The queue before a service that answers only so many at a time; None where the requests show none.

    Of a long run the first `LOOKED_AT` requests tell.
    """
    table = table.first(LOOKED_AT)
    service = _service(table)
    if service is None:
        return None
    limit_ns = service.least_ns + max(WAITED_NS, round(WAITED_SHARE * service.least_ns))
    waiting = [row for row, ns in enumerate(service.to_begin) if ns > limit_ns]
    if len(waiting) < WAITING:
        return None
    slack_ns = max(FOLLOWS_NS, round(FOLLOWS_SHARE * service.least_ns))
    if (percentile(sorted(map(sub, service.ends, service.begins)), 50) or 0) <= 2 * slack_ns:
        return None  # too short to tell one after another from both at once
    under_way_until = _ends(table)
    begins = sorted(service.begins[row] for row in waiting)
    followed = _followed(begins, sorted(under_way_until), slack_ns)
    to_begin_ns = percentile(sorted(service.to_begin[row] for row in waiting), 50) or 0
    queue_ns = to_begin_ns - service.least_ns
    if followed < FOLLOWED * len(waiting) or queue_ns < NOTABLE_SHARE * to_begin_ns:
        return None
    spans = zip(service.begins, service.ends, strict=True)
    until = array("q", (max(end - slack_ns, begin + 1) for begin, end in spans))
    answered, under_way = most_at_once(service.begins, until), most_under_way(table)
    if answered >= under_way:
        return None
    by_chance = _by_chance(begins, under_way_until, slack_ns) > BY_CHANCE
    if by_chance and _filled(table, service, answered) < FILLED:
        return None
    return ServiceQueue(answered, under_way, len(waiting), followed, queue_ns / NS_PER_MS, to_begin_ns / NS_PER_MS)


def most_under_way(table: RequestTable) -> int:
    """The most requests that were under way at one moment."""
    return most_at_once(table["started_ns"], _ends(table))


def _ends(table: RequestTable) -> array[int]:
    return array("q", (start + max(1, latency) for start, latency in table.rows("started_ns", "latency_ns")))


def _service(table: RequestTable) -> _Service | None:
    """The ok answers; of whole documents the first byte is what first text is to a stream."""
    ok = OUTCOMES.index(Outcome.OK)
    starts, firsts, ends = array("q"), array("q"), array("q")
    rows = table.rows("outcome", "started_ns", "ttft_ns", "ttfb_ns", "latency_ns")
    for outcome, start_ns, ttft_ns, ttfb_ns, latency_ns in rows:
        first_ns = ttfb_ns if ttft_ns == NOT_MEASURED else ttft_ns
        if outcome == ok and first_ns != NOT_MEASURED:
            starts.append(start_ns)
            firsts.append(first_ns)
            ends.append(start_ns + latency_ns)
    if not starts:
        return None
    least_ns = min(firsts)
    begins = array("q", (start + first - least_ns for start, first in zip(starts, firsts, strict=True)))
    return _Service(starts, begins, ends, firsts, least_ns)


def _followed(begins: Sequence[int], ends: Sequence[int], slack_ns: int) -> int:
    """How many of the begins have an end of another request near them, each end taken once; both ascending."""
    found = at = 0
    for begin in begins:
        at = bisect_left(ends, begin - slack_ns, lo=at)
        if at < len(ends) and ends[at] <= begin + slack_ns:
            found, at = found + 1, at + 1
    return found


def _by_chance(begins: Sequence[int], ends: Sequence[int], slack_ns: int) -> float:
    """How many ends fall into the time looked at for each begin, if they have nothing to do with each other."""
    length_ns = max(ends) - begins[0]
    return 2 * slack_ns * len(ends) / length_ns if length_ns > 0 else float("inf")


def _filled(table: RequestTable, service: _Service, most: int) -> float:
    """How many were in service while more were under way than ever could be, on average, as a share of the most."""
    under = ((at, change, 0) for at, change in _changes(table["started_ns"], _ends(table)))
    served = ((at, 0, change) for at, change in _changes(service.begins, service.ends))
    total_ns = served_ns = way = answered = before_ns = 0
    for at_ns, more_under_way, more_answered in merge(under, served):
        if way > most:
            total_ns += at_ns - before_ns
            served_ns += (at_ns - before_ns) * min(answered, most)
        way, answered, before_ns = way + more_under_way, answered + more_answered, at_ns
    return served_ns / total_ns / most if total_ns else 0.0
