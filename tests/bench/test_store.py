"""The folder of results: what is written while a benchmark goes on, what is found again, files of another tool."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool.bench.results import SCHEMA
from sse_perf_tool.bench.store import Store, cells_of_both, find, listed, read_result
from sse_perf_tool.errors import UsageError

NOON = datetime(2026, 11, 29, 12, 0, 0)


def cell(key: str = "p", ok: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "provider_key": key,
        "model_id": "m",
        "context_tokens": 0,
        "requests": {"sent": ok, "ok": ok, "failed": 0},
        "runs": [],
        **more,
    }


def document(state: str = "done", *cells: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "id": "x",
        "state": state,
        "started_at": "2026-11-29T12:00:00Z",
        "settings": {"order": "lanes"},
        "cells": list(cells),
    }


def test_two_benchmarks_of_one_second_do_not_meet(tmp_path: Path) -> None:
    first, second = Store(tmp_path, NOON), Store(tmp_path, NOON)
    assert (first.id, second.id) == ("bench_20261129_120000", "bench_20261129_120000_2")


def test_a_result_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    store = Store(tmp_path, NOON)
    store.write(document("running", cell()))
    store.write(document("done", cell()))
    assert sorted(path.name for path in tmp_path.iterdir()) == [store.id, f"{store.id}.json"]
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert read_result(store.path)["state"] == "done"


def test_the_machine_of_an_older_version_is_read_out_of_its_line(tmp_path: Path) -> None:
    store = Store(tmp_path, NOON)
    store.write({**document(), "host_info": "Linux, Python 3.12.3, 8 CPUs"})
    host = {"system": "Linux", "python": "3.12.3", "cpus": 8, "reader": ""}
    assert read_result(store.path)["host"] == host
    store.write({**document(), "host_info": "of now", "host": {**host, "cpus": 9}})
    assert read_result(store.path)["host"]["cpus"] == 9
    store.write({**document(), "host": 8})
    with pytest.raises(UsageError, match="no result of a benchmark"):
        read_result(store.path)


def test_a_benchmark_that_was_killed_is_read_as_interrupted(tmp_path: Path) -> None:
    store = Store(tmp_path, NOON)
    store.write(document("running", cell()))
    assert read_result(store.path)["state"] == "interrupted"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        Store(tmp_path / "file" / "results", NOON)


def test_the_newest_stand_first_and_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for name in ("bench_20260101_000000", "benchmark_20260301_000000", "bench_20260201_000000"):
        (tmp_path / f"{name}.json").write_text(json.dumps(document("done", cell())))
    (tmp_path / "bench_20260401_000000.json").write_text('{"schema"')
    (tmp_path / "other.json").write_text("{}")
    found = listed(tmp_path)
    assert [each.id[-15:] for each in found] == [
        "20260401_000000",
        "20260301_000000",
        "20260201_000000",
        "20260101_000000",
    ]
    assert found[0].document is None
    assert found[0].problem.endswith("is no result of a benchmark")
    assert listed(tmp_path / "none") == []


def test_a_result_is_found_by_its_id_or_its_path(tmp_path: Path) -> None:
    path = tmp_path / "bench_20260101_000000.json"
    path.write_text(json.dumps(document("done", cell())))
    assert find(tmp_path, "bench_20260101_000000") == find(Path("elsewhere"), str(path))
    with pytest.raises(UsageError, match="there is no such result in"):
        find(tmp_path, "bench_1")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "sse-perf-bench/1"}', '{"schema": "sse-perf-bench/1", "cells": 3}',
     '{"schema": "sse-perf-bench/1", "state": "done", "cells": [{}]}', '{"timestamp": 1, "results": [{}]}',
     "[" * 5000, "\x00"],
)  # fmt: skip
def test_anything_else_is_no_result(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bench_20260101_000000.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no result of a benchmark"):
        read_result(path)


def test_the_files_of_the_older_tool_are_read(tmp_path: Path) -> None:
    row = {
        "provider": "ZAI",
        "model": "GLM",
        "model_id": "zai/GLM",
        "context_tokens": 1000,
        "avg_tokens_per_second": 41.5,
        "avg_ttft_ms": 812.25,
        "avg_total_time_s": 3.5,
        "avg_output_tokens": 145,
        "runs": 3,
        "failures": 1,
        "error": "429",
    }
    path = tmp_path / "benchmark_20260210_101010.json"
    path.write_text(json.dumps({"timestamp": "2026-02-10T10:10:10", "prompt": "p", "results": [row]}))
    found = read_result(path)
    (cell_,) = found["cells"]
    assert cell_["requests"] == {"sent": 3, "ok": 2, "failed": 1}
    assert (cell_["metrics"]["ttft_ms"]["mean"], cell_["metrics"]["latency_ms"]["mean"]) == (812.25, 3500)
    assert (cell_["context_tokens"], cell_["timed_by"], cell_["errors"][0]["message"]) == (1000, "litellm", "429")
    assert found["remarks"] == [{"key": "averages_only"}]


def test_two_results_share_the_cells_that_were_answered_in_both() -> None:
    older = document("done", cell("a"), cell("b"), cell("c", 0))
    newer = document("done", cell("b"), cell("c"), cell("d"))
    assert [(one["provider_key"], two["provider_key"]) for one, two in cells_of_both(older, newer)] == [("b", "b")]
