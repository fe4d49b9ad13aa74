"""What metrics come to: worked out by hand, while others look."""

from __future__ import annotations

import threading

from sse_perf_tool.telemetry.instruments import BY_NAME, INSTRUMENTS
from sse_perf_tool.telemetry.readings import Reading
from sse_perf_tool.telemetry.sums import Sums

HERE, THERE = (("server.address", "h"), ("server.port", 1)), (("server.address", "h"), ("server.port", 2))
DELAY, ENDED, ACTIVE = "sse_perf.request.schedule_delay", "sse_perf.requests", "sse_perf.requests.active"


def taken(sums: Sums, *readings: tuple[str, float]) -> Sums:
    for name, value in readings:
        sums.take(Reading(name, (value,), HERE))
    return sums


def test_a_counter_adds_a_gauge_replaces_and_each_set_of_attributes_is_one_series() -> None:
    sums = taken(Sums(), (ENDED, 1), (ENDED, 1), (ACTIVE, 7), (ACTIVE, 4))
    sums.take(Reading(ENDED, (5,), THERE))
    found = sums.given()
    assert [(each.attributes, each.value) for each in found[BY_NAME[ENDED]]] == [(HERE, 2), (THERE, 5)]
    assert [each.value for each in found[BY_NAME[ACTIVE]]] == [4]
    assert list(found) == [each for each in INSTRUMENTS if each.name in (ENDED, ACTIVE)], "in the order of the table"


def test_a_bucket_holds_its_upper_bound_and_what_is_above_all_has_one_too() -> None:
    sums = taken(Sums(), *((DELAY, value) for value in (0.0, 0.001, 0.0011, 2.5, 2.6, 99.0)))
    ((series,),) = sums.given().values()
    buckets = BY_NAME[DELAY].buckets
    assert len(series.counts) == len(buckets) + 1
    filled = {(*buckets, None)[at]: number for at, number in enumerate(series.counts) if number}
    assert filled == {0.001: 2, 0.0025: 1, 2.5: 1, None: 2}
    assert (series.count, round(series.value, 6), series.least, series.most) == (6, 104.1021, 0.0, 99.0)


def test_what_was_given_out_does_not_change() -> None:
    sums = taken(Sums(), (DELAY, 0.1))
    ((before,),) = sums.given().values()
    taken(sums, (DELAY, 0.1))
    assert (before.count, before.value) == (1, 0.1)


def test_one_that_forgets_begins_anew_but_for_its_gauges() -> None:
    sums = taken(Sums(forgets=True), (DELAY, 0.1), (ENDED, 3), (ACTIVE, 2))
    assert len(sums.given()) == 3
    assert [each.name for each in sums.given()] == [ACTIVE]
    ((series,),) = (taken(sums, (ENDED, 1)).given()[BY_NAME[ENDED]],)
    assert series.value == 1


def test_nothing_is_lost_or_told_twice_while_another_thread_looks() -> None:
    sums, over, seen = Sums(forgets=True), threading.Event(), []

    def look() -> None:
        while not over.is_set():
            seen.extend(each for series in sums.given().values() for each in series)

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(3000):
        taken(sums, (DELAY, 0.5))
    over.set()
    looking.join()
    seen += [each for series in sums.given().values() for each in series]
    assert sum(each.count for each in seen) == 3000
    assert sum(each.value for each in seen) == 1500
