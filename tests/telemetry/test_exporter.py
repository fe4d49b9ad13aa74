"""The process beside the run: it takes each line, and no line can stop it."""

from __future__ import annotations

from itertools import count

import pytest

from sse_perf_tool.telemetry.exporter import Exporter, export
from telemetry_lines import OK, lines_of


class Taken:
    """In place of sums."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def take(self, reading) -> None:
        self.names.append(reading.name)


@pytest.mark.parametrize(
    "damage",
    [b'{"requests":[[1,"form', b"\xff\xfe", b"3", b'{"sample":{}}', b'{"requests":[[1]]}', b'{"records":[{}]}'],
)
def test_a_damaged_line_is_counted_and_the_next_is_read(damage: bytes) -> None:
    header, line = lines_of(OK)
    sums = Taken()
    exporter = Exporter(sums)  # type: ignore[arg-type]
    for each in (header, damage, line):
        exporter.take(each)
    assert exporter.unread == 1
    assert sums.names.count("sse_perf.requests") == 1


def test_lines_of_other_kinds_are_passed_over() -> None:
    exporter = Exporter()
    for line in (b'{"server_metrics": {}}', b'{"workers": [], "missing_requests": 0}'):
        exporter.take(line)
    assert exporter.unread == 0


def test_it_says_every_five_seconds_and_at_its_end_what_came_of_it() -> None:
    ticks = count(0, 1.25)
    told: list[tuple[str, dict]] = []
    export(Exporter(), [b"no line"] * 8, lambda *what: told.append(what), lambda: next(ticks))
    assert [state["unread"] for _, state in told] == [4, 8, 8]
    assert {kind for kind, _ in told} == {"state"}
