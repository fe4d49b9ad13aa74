"""Stacks are read from what py-spy and Node.js write, get their times, and fit on a page."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from profiles import HANDLER, stacks
from sse_perf_tool.profiling.hooks.reading import Code
from sse_perf_tool.profiling.stacks import node
from sse_perf_tool.profiling.stacks.code import is_own, module_of, short
from sse_perf_tool.profiling.stacks.heap import read_growth
from sse_perf_tool.profiling.stacks.pyspy import stacks_of
from sse_perf_tool.profiling.stacks.samples import MOST_NODES, Sample, Stacks, columns_of

FRAMES = [
    {"name": 'process 7:"python app.py"', "file": "", "line": 0},
    {"name": "handler", "file": "/srv/shop/app.py", "line": 12},
    {"name": "burn", "file": "/srv/shop/app.py", "line": 5},
]
SPEEDSCOPE = {
    "shared": {"frames": FRAMES},
    "profiles": [{"name": 'Process 7 Thread 70 "MainThread"', "samples": [[0, 1, 2]] * 4, "weights": [0.01] * 4}],
}


def test_samples_of_py_spy_get_the_times_at_which_their_thread_was_at_work() -> None:
    curve = [(0.0, 1.0), (1.0, 1.0), (2.0, 3.0), (3.0, 3.0)]
    (found,) = stacks_of(SPEEDSCOPE, (0.0, 3.0), {7: "python 7"}, {(7, 70): curve})
    assert [sample.at_s for sample in found.samples] == [1.125, 1.375, 1.625, 1.875], "it worked in the second second"
    assert found.samples[0].stack == (Code("handler", "/srv/shop/app.py", 12), Code("burn", "/srv/shop/app.py", 5))
    assert [sample.ms for sample in found.samples] == [500] * 4, "2 s of CPU, however many samples there are"


def test_what_the_hook_itself_does_is_left_out() -> None:
    hook = {"name": "_with_beat.<locals>.run", "file": "/x/hooks/python/sse_profile_hook.py", "line": 71}
    frames = [*FRAMES, hook, {**hook, "name": "Watcher._watch"}]
    (profile,) = SPEEDSCOPE["profiles"]
    made = {"shared": {"frames": frames}, "profiles": [{**profile, "samples": [[0, 3, 1], [0, 4], [0, 1], [0, 4]]}]}
    (found,) = stacks_of(made, (0.0, 4.0), {}, {})
    assert [[place.function for place in sample.stack] for sample in found.samples] == [["handler"], ["handler"]]


def test_without_the_thread_s_time_they_are_spread_evenly() -> None:
    (found,) = stacks_of(SPEEDSCOPE, (0.0, 4.0), {}, {})
    assert [sample.at_s for sample in found.samples] == [0.5, 1.5, 2.5, 3.5]
    assert found.samples[0].ms == 10
    assert found.label == "python 7"


def test_the_hottest_function_is_the_server_s_own_by_way_of_which_a_package_works() -> None:
    place, share = stacks().hottest(0, 10) or (None, 0)
    assert (place, share) == (HANDLER, 0.75)
    assert stacks().hottest(50, 60) is None


def test_whose_code_a_place_is() -> None:
    assert is_own(Code("f", "/home/me/app/x.py", 1))
    for file in (
        "/v/lib/python3.11/site-packages/a/b.py", "/usr/lib/python3.11/json/decoder.py", "<frozen importlib>",
        "node:net",
        "/app/node_modules/express/lib/x.js", "/v/bin/gunicorn", "libc.so.6", "", "/usr/lib/x/libfoo.so.1",
    ):  # fmt: skip
        assert not is_own(Code("f", file, 1)), file
    assert not is_own(Code("<module>", "/home/me/app/x.py", 1))
    assert module_of(Code("f", "/v/lib/python3.11/site-packages/starlette/routing.py", 1)) == "starlette"
    assert short(Code("f", "/v/lib/python3.11/site-packages/starlette/routing.py", 1)) == "starlette/routing.py"
    assert short(Code("f", "/home/me/shop/app.py", 1)) == "shop/app.py"


def cpuprofile(folder: Path, functions: tuple[tuple[int, int], ...] = (), below: int = 0) -> Path:
    """`burn`, whose first line is 10, at work six times, `below` more in what it calls, and idle once."""
    file = "file:///srv/my%20shop/app.js"
    call, calls = ({"functionName": name, "url": url, "lineNumber": 9} for name, url in (("burn", file), ("now", "")))
    nodes = [
        {"id": 1, "callFrame": {"functionName": "(root)", "url": "", "lineNumber": -1}, "children": [2, 3]},
        {"id": 2, "callFrame": call, "children": [4], "hitCount": 14, "positionTicks": [
            {"line": 139, "ticks": 8}, {"line": 11, "ticks": 1}, {"line": 12, "ticks": 5}]},
        {"id": 3, "callFrame": {"functionName": "(idle)", "url": "", "lineNumber": -1}},
        {"id": 4, "callFrame": calls, "hitCount": below},
    ]  # fmt: skip
    profile = {"nodes": nodes, "samples": [2, 3, 2], "timeDeltas": [100, 10000, 10000], "startTime": 5}
    path = folder / "cpu.node.31.json"
    path.write_text(json.dumps({"from_ns": "2000000000", "profile": profile, "functions": {file: functions}}))
    return path


def test_a_profile_of_node_without_its_idle_time(tmp_path: Path) -> None:
    cpuprofile(tmp_path)
    (found,) = node.read_all(tmp_path, 1_000_000_000, {})
    assert found.pid == 31
    place = Code("burn", "/srv/my shop/app.js", 10)
    assert found.samples == [Sample(1.0, 10.0, (place,)), Sample(1.02, 0.0, (place,))]


def test_where_node_had_to_wait_for_a_core_its_samples_weigh_what_it_used(tmp_path: Path) -> None:
    cpuprofile(tmp_path)
    (found,) = node.read_all(tmp_path, 1_000_000_000, {(31, 31): [(-1, 0.5), (0.5, 1.0), (1.5, 1.004), (3, 1.5)]})
    assert [sample.ms for sample in found.samples] == [pytest.approx(4), 0], "4 of its 10 ms were on a core"
    (found,) = node.read_all(tmp_path, 1_000_000_000, {(31, 31): [(0.5, 1.0), (1.5, 1.1)]})
    assert found.samples[0].ms == 10, "no more than there was"


@pytest.mark.parametrize(
    ("functions", "below", "line"),
    [
        (((10, 14),), 0, 12),
        (((10, 11), (10, 14)), 0, 12),
        (((11, 200),), 0, 10),
        (((10, 14),), 600, 10),
    ],
    ids=[
        "what V8 has inlined lies outside",
        "the busiest that lies within",
        "no such function",
        "hardly itself at work",
    ],
)
def test_a_function_of_node_stands_at_its_busiest_line_where_that_can_be_told(
    tmp_path: Path, functions: tuple[tuple[int, int], ...], below: int, line: int
) -> None:
    cpuprofile(tmp_path, functions, below)
    (found,) = node.read_all(tmp_path, 0, {})
    assert {place.line for sample in found.samples for place in sample.stack} == {line}


def test_a_broken_profile_is_left_out(tmp_path: Path) -> None:
    whole = cpuprofile(tmp_path).read_text()
    for text in ("", "{", "[]", "{}", whole[:-40], whole.replace('"samples": [2', '"samples": [9'),
                 whole.replace('"children": [4]', '"children": [1]')):  # fmt: skip
        (tmp_path / "cpu.node.31.json").write_text(text)
        assert node.read_all(tmp_path, 0, {}) == []


def test_the_heap_of_node_by_own_line(tmp_path: Path) -> None:
    inner = {"callFrame": {"functionName": "push", "url": "node:x", "lineNumber": 3}, "selfSize": 2_000_000}
    keep = {"functionName": "keep", "url": "/srv/app.js", "lineNumber": 7}
    head = {"callFrame": {"functionName": "(root)", "url": "", "lineNumber": -1}, "selfSize": 0, "children": [
        {"callFrame": keep, "selfSize": 500_000, "children": [inner]}]}  # fmt: skip
    (tmp_path / "heap.node.5.json").write_text(json.dumps({"head": head}))
    (found,) = read_growth(tmp_path)
    assert (found.pid, found.lines) == (5, [(Code("keep", "/srv/app.js", 8), 2.5)])


def test_a_heap_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "heap.5.bin").write_bytes(b"nothing")
    (tmp_path / "heap.6.error").write_text("ImportError: memray is not installed for this Python")
    errors = {each.pid: each.error for each in read_growth(tmp_path)}
    assert set(errors) == {5, 6}
    assert all(errors.values())


def test_a_page_can_draw_any_span_from_the_columns() -> None:
    found = columns_of(stacks(), 10)
    names = [found["names"][frame] for frame in found["frames"]]
    assert sorted(zip(names, found["parents"], strict=True)) == [
        ("dumps", names.index("handler")),
        ("handler", -1),
        ("other", -1),
    ]
    cells = [found["cells"][at : at + 3] for at in range(0, len(found["cells"]), 3)]
    by_second = {(names[node], second): ms for node, second, ms in cells}
    assert (by_second["other", 0], by_second["dumps", 0]) == (30, 70), "of the first second, counted by hand"
    assert sum(ms for _, _, ms in cells) == found["ms"] == 1000


def test_twenty_thousand_stacks_stay_small() -> None:
    chance = random.Random(1)
    samples = []
    for number in range(20_000):
        path = tuple(Code(f"function_{chance.randrange(400)}", f"/srv/shop/module_{n}.py", n) for n in range(3))
        samples.append(Sample(number / 500, 2, (*path, Code(f"leaf_{number}", "/srv/shop/leaf.py", number))))
    found = columns_of(Stacks(1, "python 1", samples), 40)
    assert len(found["parents"]) <= MOST_NODES
    assert all(parent < at for at, parent in enumerate(found["parents"])), "parents stand before their children"
    assert abs(sum(found["cells"][2::3]) - found["ms"]) < 0.01 * found["ms"]
    assert len(json.dumps(found, separators=(",", ":"))) < 900_000, "beside 450 kB of libraries and page"
