"""The file that a search goes on from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from capacity_steps import P95, S, asked, problem, step, steps_to
from sse_perf_tool.capacity.file import SearchHeader, header_line, read_search, step_line, step_of, unlike
from sse_perf_tool.records import CapacitySearch, RunConfig

pytestmark = pytest.mark.usefixtures("own_folder")


def test_a_step_comes_back_from_its_line_as_it_was():
    one = step(4, False, per_s=3.25, error="http_error: HTTP 503", client_cpu=0.5)
    assert step_of(json.loads(step_line(one))) == one


def write_search(path: str, steps: list[Any], *argv: str, cut: str = "") -> Path:
    arguments = asked(*argv)
    assert arguments.capacity is not None
    lines = [header_line(SearchHeader(arguments.config, arguments.capacity.search, 5 * S)), *map(step_line, steps)]
    Path(path).write_text("\n".join(lines) + "\n" + cut, encoding="utf-8")
    return Path(path)


def test_a_search_goes_on_from_its_file_where_the_last_whole_line_ends():
    steps = steps_to(5)[:4]
    path = write_search("s.jsonl", steps, "--max", "50", cut='{"level": 1')
    found = asked("--max", "80", "--resume", "s.jsonl").capacity
    assert found is not None
    assert found.steps == tuple(steps)
    assert found.resume_at == path.stat().st_size - len('{"level": 1')


def test_a_step_that_could_not_be_judged_is_measured_again():
    write_search("s.jsonl", [step(1), step(2, False, value=None)])
    found = read_search(Path("s.jsonl"), "en")
    assert [each.level for each in found.judged] == [1]
    assert [each.level for each in found.steps] == [1, 2], "which is why the search ended"


def test_a_lowest_step_into_which_no_request_fell_is_measured_again():
    write_search("s.jsonl", [replace(step(1), ok=0, failed=0), step(2)], "--sweep", "1,2")
    found = read_search(Path("s.jsonl"), "en")
    assert ([each.level for each in found.judged], [each.level for each in found.steps]) == ([2], [1, 2])


@pytest.mark.parametrize(
    ("flags", "levels", "standing"),
    [
        ((), [(1, True), (2, None), (2, True), (4, False)], [1, 2, 4]),
        ((), [(8, None), (4, True), (8, None)], [4, 8]),
        (("--sweep", "1,2,4"), [(1, None), (2, True), (4, False)], [1, 2, 4]),
        (("--sweep", "1,2,4"), [(1, None), (2, True), (4, False), (1, True)], [2, 4, 1]),
    ],
)
def test_a_step_that_was_measured_again_stands_once(flags, levels, standing):
    """Levels in the order of the file, each with whether it passed."""
    steps = [step(level, bool(ok), value=None if ok is None else 1.0) for level, ok in levels]
    write_search("s.jsonl", steps, *flags)
    assert [each.level for each in read_search(Path("s.jsonl"), "en").steps] == standing


def test_a_file_that_is_not_there_or_empty_is_a_new_search():
    Path("empty.jsonl").touch()
    for name in ("new.jsonl", "empty.jsonl"):
        found = asked("--resume", name).capacity
        assert found is not None
        assert (found.steps, found.resume_at) == ((), 0)


def test_the_file_of_another_search_is_refused_by_what_differs():
    write_search("s.jsonl", [], "--slo", P95, "--query", "a")
    assert problem("--resume", "s.jsonl", "--slo", "ttft_ms:p(95)<400", "--query", "b") == (
        "--resume s.jsonl: has the steps of another search, with different query, rules; name another file"
    )
    write_search("s.jsonl", [])
    assert problem("--resume", "s.jsonl", "--by", "rate").endswith("with different by; name another file")


@pytest.mark.parametrize("content", ["a\n", '{"schema": "x"}\n', "[]\n", "[" * 3000 + "\n", "\xff\n"])
def test_a_file_of_something_else_is_refused(content: str) -> None:
    Path("other.jsonl").write_text(content, encoding="latin-1")
    assert problem("--resume", "other.jsonl") == (
        "--resume other.jsonl: not a --resume file, or its first line is damaged; name another file"
    )


def test_a_line_that_is_no_step_is_skipped_and_said():
    write_search("s.jsonl", [step(1), step(2)], cut='{"level": 1}\n')
    found = asked("--resume", "s.jsonl").capacity
    assert found is not None
    assert found.steps == (step(1), step(2))
    assert found.warnings == (
        "--resume s.jsonl: damaged lines skipped: 1, the first is line 4; their steps are measured again",
    )


def test_what_each_step_has_of_its_own_may_differ():
    config, search = RunConfig(), CapacitySearch()
    other = replace(config, threads=9, duration_s=5.0, command="x", lang="zh", version="2")
    assert unlike(SearchHeader(other, replace(search, most=9), 0), config, search) == []
    assert unlike(SearchHeader(replace(config, timeout_s=1.0), search, 0), config, search) == ["timeout_s"]
