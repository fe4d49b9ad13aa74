"""What the compiled reader of lines takes, it takes for the same as Python; and it takes what this version writes."""

from __future__ import annotations

import json
import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from damage import VALUES, damaged
from line_readers import lines_read_by
from sse_perf_tool.metrics.distribution import Distribution
from sse_perf_tool.metrics.time_series import TimeSeries
from sse_perf_tool.records import Lumps, Outcome, Phase, RequestRecord
from sse_perf_tool.records.compiled import compiled_lines
from sse_perf_tool.records.file import LONGEST_MS, record_line
from sse_perf_tool.records.rows import Gaps, Rows, rows_in, rows_of

MS, S = 1_000_000, 1_000_000_000
STARTED = 1_700_000_000_123_456_789
PLAIN = RequestRecord(
    request_id=7, thread_id=2, started_ns=3 * S + 1, outcome=Outcome.OK, latency_ns=900 * MS + 5, status=200,
    ttfb_ns=299_999_999, ttft_ns=300 * MS, ttfa_ns=300 * MS, streaming_ns=500 * MS, start_slack_ns=51,
    output_tokens=41, prompt_tokens=9, token_source="usage", chunks=5, gaps_us=(20_000, 0, 1, 262_144), text_chars=12,
    bytes_received=4_000, finish_reason="stop", query='为什么 "x"\n', format="openai_chat", clock="kernel",
    came=Lumps(5, 4, 2, lump_bytes=99), intended_ns=3 * S - 7,
)  # fmt: skip
"""A request with nothing odd, every kind of value, and an escape in its query."""


@pytest.fixture(autouse=True)
def _compiled() -> Iterator[None]:
    with lines_read_by("compiled"):
        yield


def line_of(record: RequestRecord) -> bytes:
    return record_line(record, STARTED).encode() + b"\n"


def taken(lines: Sequence[bytes]) -> Rows | None:
    """As the compiled reader takes them, None where it leaves them to Python."""
    rows = rows_in(lines, STARTED)
    return rows if rows is not None and isinstance(rows.gaps_us, Gaps) else None


def plain(rows: Rows) -> dict[str, Any]:
    found = {name: list(getattr(rows, name)) for name in Rows.__dataclass_fields__ if not name.startswith("_")}
    found["columns"] = {name: list(values) for name, values in rows.columns.items()}
    found["gaps_us"] = [list(gaps) for gaps in rows.gaps_us]
    return found | {"records": [rows.record(at) for at in range(len(rows))]}


def parsed(lines: Sequence[bytes]) -> dict[str, Any]:
    rows = rows_of([orjson.loads(line) for line in lines], STARTED)
    assert rows is not None
    return plain(rows)


def test_what_this_version_writes_is_taken() -> None:
    empty = RequestRecord(1, 1, 0, Outcome.EMPTY, 0)
    warmup = replace(PLAIN, phase=Phase.WARMUP, refused=True, gaps_us=(0, 0, 3), chunks=4, gap_sum_us=3, max_gap_us=3)
    lines = [line_of(each) for each in (PLAIN, empty, warmup, replace(PLAIN, estimates=(4, 5)))]
    rows = taken([*lines, lines[0].rstrip()])
    assert rows is not None
    assert plain(rows) == parsed([*lines, lines[0]])
    assert list(rows.columns["first_chunks"]) == [1, 0, 3, 1, 1]
    assert [list(gaps) for gaps in rows.gaps_us[1:3]] == [[], [0, 0, 3]]


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_left_to_python_or_taken_for_the_same(seed: int) -> None:
    kept = 0
    for data in damaged(line_of(PLAIN), seed=seed):
        rows = taken([data])
        if rows is not None:
            assert plain(rows) == parsed([data]), data
            kept += 1
    assert kept > 100, "a digit that is another one is a value like others"


@pytest.mark.parametrize("name", list(json.loads(line_of(PLAIN))))
def test_any_value_at_any_place_is_left_to_python_or_taken_for_the_same(name: str) -> None:
    line = line_of(PLAIN).decode()
    before = f'"{name}":'
    value = orjson.dumps(json.loads(line)[name]).decode()
    assert line.count(before + value) == 1
    more = (
        *VALUES,
        "01",
        "1.",
        "-0",
        "1E2",
        "1e2",
        "1e-6",
        "1e-06",
        "1e-",
        "1e-006",
        "1e-16",
        "1e-0",
        "1.5e-5",
        "1.5e-05",
        "1.0000001",
        "0.000001",
        "9" * 18,
        "9" * 19,
        "18446744073709551616",
        str(2**53),
        str(2**53 + 1),
        f"{LONGEST_MS}.0",
        f"{LONGEST_MS}.000001",
        "[0,01]",
        "[2147483648]",
        "[1,]",
        "[ 1]",
        "[1.5]",
        '"\\u00e9"',
        '"\\u12"',
        '"\\x"',
        '"\t"',
        '"\x7f"',
        '"\xe9"',
    )
    for each in more:
        data = line.replace(before + value, before + each).encode()
        rows = taken([line_of(PLAIN), data])
        if rows is not None:
            assert plain(rows) == parsed([line_of(PLAIN), data]), each


def test_times_are_exact_to_the_nanosecond_or_left_to_python() -> None:
    chance = random.Random(1)
    times = [*range(200), *(chance.randrange(1 << bits) for bits in range(8, 50) for _ in range(50))]
    lines = [line_of(replace(PLAIN, latency_ns=ns, ttft_ns=None, chunks=0, gaps_us=(), streaming_ns=None, ttfb_ns=None,
                             ttfa_ns=None)) for ns in times]  # fmt: skip
    rows = taken(lines)
    assert rows is not None
    assert list(rows.columns["latency_ns"]) == times
    assert any(b"e-" in line for line in lines)
    before = taken([line.replace(b"e-", b"e-0") for line in lines])
    assert before is not None, "as json.dumps writes them"
    assert list(before.columns["latency_ns"]) == times
    assert taken([line_of(replace(PLAIN, latency_ns=2**50 + 1))]) is None
    assert rows_in([line_of(replace(PLAIN, latency_ns=2**50 + 1))], STARTED) is not None


@pytest.mark.parametrize(
    "odd",
    [
        b'{"server_metrics":{}}\n', b"", b"\n", b"null\n", line_of(PLAIN)[:-2], b" " + line_of(PLAIN),
        line_of(PLAIN)[:-1] + b" ", line_of(PLAIN).replace(b":7,", b": 7,"), line_of(PLAIN).replace(b"}", b',"x":1}'),
        line_of(PLAIN).replace(b"]}", b'],"gaps_us":[1]}'), line_of(PLAIN).replace(b"]}", b"],}"),
        line_of(replace(PLAIN, format="a\\b")), line_of(replace(PLAIN, outcome=Outcome.OK)).replace(b'"ok"', b'"no"'),
    ],
)  # fmt: skip
def test_what_is_written_otherwise_is_left_to_python(odd: bytes) -> None:
    assert taken([line_of(PLAIN), odd]) is None


def test_a_line_that_is_too_long_is_left_to_python() -> None:
    lines: list[Any] = [line_of(PLAIN), None]
    assert taken(lines) is None


def shapes(seed: int) -> list[tuple[int, list[int]]]:
    chance = random.Random(seed)
    kinds = (0, 1, 7, 20_000, 262_143, 262_144, 999_999, 1_000_000, 4_000_001, 2**31 - 1)
    return [
        (chance.randrange(5 * 10**6), [chance.choice(kinds[:9]) for _ in range(chance.choice((0, 1, 3, 40)))])
        for _ in range(60)
    ] + [(0, list(kinds))]


def counted(answers: Sequence[tuple[int, list[int]]]) -> tuple[Any, ...]:
    gaps, series = Distribution(), TimeSeries()
    for at, (first_us, gaps_us) in enumerate(answers):
        gaps.add(gaps_us)
        latency_ns = (first_us + sum(gaps_us)) * 1000
        series.add(
            RequestRecord(
                at, 1, 0, Outcome.OK, latency_ns, ttft_ns=first_us * 1000, chunks=len(gaps_us) + 1, gaps_us=gaps_us,
                output_tokens=2 * at,
            ),
            0,
        )  # fmt: skip
    return gaps.histogram(), gaps.stats(), series.rows(3600 * S)


@pytest.mark.parametrize("seed", range(3))
def test_gaps_are_counted_as_in_python(seed: int) -> None:
    found = counted(shapes(seed))
    with lines_read_by("python"):
        assert found == counted(shapes(seed))


def test_a_histogram_of_many_values_is_rounded_as_in_python() -> None:
    values = [number * 7 for number in range(40_000)]

    def histogram() -> list[tuple[int, int]]:
        found, other = Distribution(), Distribution()
        for at in range(0, len(values), 1_000):
            (found if at % 2_000 else other).add(values[at : at + 1_000])
        found.merge(other)
        return found.histogram()

    compiled = histogram()
    with lines_read_by("python"):
        assert compiled == histogram()
    assert len(compiled) < 16_384 < len(values)


def test_wrong_arguments_are_errors() -> None:
    module = compiled_lines()
    assert module is not None
    for wrong in ([-1], ["x"], [1.5], [2**70], 5, array("h", [1])):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            module.count(wrong, array("I", [0, 0]))
    for gaps, ends, firsts, width in (
        ([1], [2], [0], 1), ([1], [1], [], 1), ([1], [1], [-2], 1), ([1], [1], [0], 0), ([2**62], [1], [0], 1),
        ([2**40], [1], [0], 1), ([1], [1], [2**62], 1), ([-1], [1], [0], 1), ([1, 1], [1, 0], [0, 0], 1),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError, OverflowError)):
            module.places(gaps, ends, firsts, width)
    with pytest.raises(ValueError, match="no lines"):
        module.read([], ())
    with pytest.raises(ValueError, match="no such layout"):
        module.read([b"{}"], ((b"{", 99, False, 0, 0, 0, ()),))
    assert module.count(array("i", [1, 1, 5]), found := array("I", [0, 0])) == [5]
    assert list(found) == [0, 2]
    assert module.places((5, 6), (2,), (-1,), 10) == ([], {})
