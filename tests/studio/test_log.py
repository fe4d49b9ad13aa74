"""The events of a job in their file: whole lines, numbers without gaps, and no day of seconds read again."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from sse_perf_tool.studio.jobs.log import MOST_SECONDS, EventLog, LogReader
from sse_perf_tool.studio.jobs.tail import RecordsTail


def test_events_are_numbered_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    log = EventLog(path, lambda: 7)
    assert [log.append(kind, {"a": number}).id for number, kind in enumerate(("job", "run", "run"))] == [1, 2, 3]
    log.close()
    assert path.stat().st_mode & 0o777 == 0o600
    again = EventLog(path, lambda: 8)
    reader = LogReader(path, 1)
    assert [(event.id, event.data) for event in reader.new()] == [(2, {"at": 7, "a": 1}), (3, {"at": 7, "a": 2})]
    again.append("end", {})
    assert [(event.id, event.kind) for event in reader.new()] == [(4, "end")]
    assert list(reader.new()) == []
    again.close()


@pytest.mark.parametrize("rest", [b"[4,", b'[4,"run",{}]', b"\x00\xff"])
def test_half_a_line_of_a_killed_process_is_taken_away(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "x.jsonl"
    log = EventLog(path)
    for _ in range(3):
        log.append("run", {})
    log.close()
    whole = path.read_bytes()
    path.write_bytes(whole + rest)
    assert [event.id for event in LogReader(path).new()] == [1, 2, 3]
    again = EventLog(path)
    assert path.read_bytes() == whole
    assert again.append("end", {}).id == 4
    again.close()


def test_lines_that_are_none_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'[1,"a",{}]\n{}\n[]\nnull\n[2,"b"]\n["3","c",{}]\n[2,"b",{}]\n')
    assert [event.id for event in LogReader(path).new()] == [1, 2]


def test_of_a_long_run_as_many_seconds_are_read_again_as_a_chart_has_points(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    seconds = 10 * MOST_SECONDS
    rows = [[1, "load", {}], *([2 + at, "snapshot", {"second": at}] for at in range(seconds)), [seconds + 2, "end", {}]]
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    reader = LogReader(path)
    found = list(reader.new())
    assert [found[0].kind, found[-1].kind] == ["load", "end"]
    assert len(found) - 2 == MOST_SECONDS
    gaps = {later.id - earlier.id for earlier, later in pairwise(found[1:-1])}
    assert gaps == {10}
    with path.open("a") as file:
        file.writelines(f'[{seconds + 3 + at},"snapshot",{{}}]\n' for at in range(5))
    assert len(list(reader.new())) == 5, "what comes later is not thinned"


def test_the_percentiles_are_of_the_newest_answers_and_of_as_many_seconds_as_they_need(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    tail = RecordsTail(path)
    assert tail.ttft_ms() == (None, None), "no file yet"

    def add(*values: float | None, outcome: str = "ok") -> None:
        common = {"outcome": outcome, "started_at_ns": 1, "latency_ms": 2.0}
        with path.open("a") as file:
            file.writelines(json.dumps({**common, "ttft_ms": value}) + "\n" for value in values)

    path.write_text('{"schema": "x"}\n')
    add(*range(1, 101))
    assert tail.ttft_ms() == (50.5, pytest.approx(95.05))
    add(*[7.0] * 20)
    assert tail.ttft_ms() == (7, 7), "twenty are enough: those of before are left out"
    add(1000, None)
    add(5000, outcome="timeout")
    with path.open("a") as file:
        file.write('{"outcome": "ok", "tt')
    p50, p95 = tail.ttft_ms()
    assert (p50, p95) == (7, 7), "one of this second and twenty of the one before: the twentieth of 21"
    with path.open("a") as file:
        file.write('ft_ms": 1000, "started_at_ns": 1, "latency_ms": 2}\n')
    assert tail.ttft_ms() == (7, pytest.approx(7 + 0.95 * 993)), "with the line that was half there: 19.95 of 0 to 21"
    for _ in range(10):
        last = tail.ttft_ms()
    assert last == (None, None), "nothing of the last ten seconds"
    add(4, 8)
    assert tail.ttft_ms() == (6, None), "two are enough for a median and not for a P95"
