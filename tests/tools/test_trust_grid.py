"""The grid that holds the bounds of the tool against the truth: its cells, its table and what it concludes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trust_grid import Cell, Measured, cells, chunks_of, conclusion, read, table

CELL = Cell(50, 20.0, "idle")


def measured(ttft_error: float = 0.1, gap_error: float = 0.0, verdict: str = "trusted", cell: Cell = CELL) -> Measured:
    """A run whose bounds are 1 ms and whose true figures are 50 and 20 ms."""
    return Measured(cell, 0, 100, 50, 50 + ttft_error, 1, 20, 20 + gap_error, 1, verdict, {})


def test_the_grid_has_every_load_idle_and_busy() -> None:
    grid = [cell for cell in cells(quick=False) if cell.beside != "one core"]
    assert len(grid) == 6 * 3 * 2
    assert {cell.beside for cell in grid} == {"idle", "busy"}
    assert len(cells(quick=True)) < len(grid) / 2


def test_answers_are_long_enough_to_be_many_and_short_where_the_server_is_full() -> None:
    # 4 s with 100 answers of 10 threads are 0.5 s (the least) each, with 50 threads 1.5 s (the most).
    assert chunks_of(Cell(10, 5.0, "idle"), 4) == 90
    assert chunks_of(Cell(50, 5.0, "idle"), 4) == 290
    assert chunks_of(Cell(1000, 5.0, "idle"), 4) == 90
    assert chunks_of(Cell(1, 200.0, "idle"), 4) == 3


@pytest.mark.parametrize(
    ("ttft_error", "gap_error", "covered", "wrong"),
    [
        (0.9, -0.9, True, False),
        (1.1, 0, False, False),
        (0, -1.1, False, False),
        (10.1, 0, False, True),
        (0, 4.1, False, True),
    ],
)
def test_a_run_is_covered_within_both_bounds_and_wrong_beyond_ten_milliseconds_or_a_fifth(
    ttft_error: float, gap_error: float, covered: bool, wrong: bool
) -> None:
    run = measured(ttft_error, gap_error)
    assert (run.covered, run.wrong) == (covered, wrong)


def test_nineteen_of_twenty_runs_covered_are_enough() -> None:
    runs = [measured() for _ in range(19)]
    lines, good = conclusion([*runs, measured(2)])
    assert lines[0] == "The bounds covered both errors in 19 of 20 runs (95.0 %)."
    assert good
    assert not conclusion([*runs, measured(2), measured(2)])[1]


def test_one_wrong_run_that_was_trusted_is_too_many() -> None:
    runs = [measured() for _ in range(99)]
    assert conclusion([*runs, measured(11, verdict="degraded")])[1]
    lines, good = conclusion([*runs, measured(11)])
    assert not good
    assert lines[1].startswith("Of 1 runs with an error over 10 ms or 20 %, 1 were called trusted: [Cell(threads=50")


def test_the_table_has_the_largest_error_of_a_load_with_its_bound() -> None:
    other = Cell(1, 5.0, "busy")
    rows = table([measured(0.1), measured(-0.5, 2, "degraded"), measured(cell=other)])[2:]
    assert rows == [
        "| 50 | 20 | idle | 0.50 (1.00) | 2.00 (1.00) | trusted, degraded | 1/2 |",
        "| 1 | 5 | busy | 0.10 (1.00) | 0.00 (1.00) | trusted | 1/1 |",
    ]


def test_runs_that_are_in_the_file_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "grid.jsonl"
    assert read(file) == []
    file.write_text(json.dumps(measured()._asdict()) + "\n", encoding="utf-8")
    assert read(file) == [measured()]
