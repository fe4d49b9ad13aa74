"""`docs/bench.md` names every field of a result."""

from __future__ import annotations

import re
from pathlib import Path

from sse_perf_tool.bench.cell import CellResult
from sse_perf_tool.bench.endpoint import Endpoint
from sse_perf_tool.bench.plan import Cell
from sse_perf_tool.bench.results import bench_document
from sse_perf_tool.bench.settings import Settings
from sse_perf_tool.formats import FORMATS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "bench.md").read_text(encoding="utf-8")
CELL = Cell("p", "P", "m", "M", 0, Endpoint("http://h", FORMATS["openai_chat"], "m"))


def named_in(table: str) -> set[str]:
    """The names in the first column of the table with this head."""
    rows = re.split(rf"^\| {table} \|.*\n", PAGE, maxsplit=1, flags=re.MULTILINE)[1].partition("\n\n")[0]
    columns = [row.split("|")[1] for row in rows.splitlines()]
    return {name.removesuffix("[]") for column in columns for name in re.findall(r"`([^`]+)`", column)}


def test_every_field_of_a_result_is_explained() -> None:
    document = bench_document([CellResult(CELL, "waiting")], Settings(), "done", "id", (0, 1))
    assert named_in("field") == {*document, "thresholds"}
    assert named_in("field of a cell") == set(document["cells"][0])
