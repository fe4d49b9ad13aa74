"""The hooks in real processes: what they see, and that nobody notices them."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from patience import FOREVER_S
from sse_perf_tool.profiling.hooks.install import PYTHON, environment_with_hooks
from sse_perf_tool.profiling.hooks.reading import HookSeries, is_finite, percentile_of, read_hooks

pytestmark = pytest.mark.measures_processes

SECONDS = 2.6
BLOCKS = """
import asyncio, time
def block():
    time.sleep(0.12)
async def handler(lock):
    async with lock:
        await asyncio.sleep(60)
async def stream(lock):
    async for _ in chunks(lock):
        pass
async def chunks(lock):
    await wait_in(lock)
    yield 1
async def wait_in(lock):
    await lock.acquire()
async def main():
    lock = asyncio.Semaphore(1)
    tasks = [asyncio.create_task(handler(lock)) for _ in range(3)] + [asyncio.create_task(stream(lock))]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        await asyncio.sleep(0.02)
        block()
""".replace("SECONDS", str(SECONDS))
QUIET = f"import asyncio\nasync def main(): await asyncio.sleep({SECONDS})\n"
BUSY = f"""
import threading, time
def burn():
    end = time.monotonic() + {SECONDS}
    while time.monotonic() < end: pass
for _ in range(2): threading.Thread(target=burn).start()
"""
RUN = "\nasyncio.run(main())\n"
UVLOOP = "\nimport uvloop\nuvloop.run(main())\n"
THREADS = f"""
import threading, time, os
pool = threading.Semaphore(1)
def handler():
    with pool:
        time.sleep(60)
for _ in range(3): threading.Thread(target=handler, daemon=True).start()
if os.fork() == 0:
    threading.Thread(target=handler, daemon=True).start()
    time.sleep({SECONDS}); os._exit(0)
time.sleep({SECONDS})
"""
OWN = "import builtins\nbuiltins.own_sitecustomize = True\n"
HAS_OWN = "import sys, time\nprint(own_sitecustomize, sys.modules['sitecustomize'].__file__)\n"
NODE = """
const http = require("http");
const agent = new http.Agent({ maxSockets: 1 });
http.createServer(() => {}).listen(0, "127.0.0.1", function () {
  const { port } = this.address();
  function ask() { return new Promise((done) => http.get({ port, host: "127.0.0.1", agent }).on("error", done)); }
  for (let n = 0; n < 4; n += 1) ask();
});
setInterval(() => { const end = Date.now() + 150; while (Date.now() < end); }, 300);
setTimeout(() => process.exit(0), SECONDS);
console.log(process.execArgv.length, process.env.NODE_OPTIONS.endsWith("--max-old-space-size=300"));
""".replace("SECONDS", str(round(SECONDS * 1000)))
GARBAGE = """
const fs = require("fs"), folder = __dirname + "/garbage/", MB = 1e6;
let held = Array.from({ length: 400000 }, (_, n) => ({ n, text: "x".repeat(n % 9) + n }));
setTimeout(() => {
  console.log(process.memoryUsage().heapUsed / MB);
  held = null;
  fs.writeFileSync(folder + "gc.1", "");
}, 1200);
setInterval(() => {
  const [name] = fs.readdirSync(folder).filter((each) => each.endsWith(".jsonl"));
  if (name && fs.readFileSync(folder + name, "utf8").includes('"collected":{"1"')) process.exit(0);
}, 200);
"""

Told = dict[str, tuple[list[HookSeries], str]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What hooks told of each program, all of which run at the same time; with what it printed."""
    base = tmp_path_factory.mktemp("hooks")
    (base / "mine").mkdir()
    (base / "mine" / "sitecustomize.py").write_text(OWN)
    programs = {
        "blocks": BLOCKS + RUN, "uvloop": BLOCKS + UVLOOP, "quiet": QUIET + RUN, "threads": THREADS, "own": HAS_OWN,
        "busy": BUSY, "raises": QUIET + "import sse_profile_code\nsse_profile_code._first = 0" + RUN,
    }  # fmt: skip
    running, origin_ns = {}, time.perf_counter_ns()
    for name, code in programs.items():
        running[name] = _started(base, name, [sys.executable], f"run_{name}.py", code)
    if shutil.which("node"):
        running["node"] = _started(base, "node", ["node"], "node.cjs", NODE)
        running["garbage"] = _started(base, "garbage", ["node"], "garbage.cjs", GARBAGE)
    found = {}
    for name, process in running.items():
        out, err = process.communicate(timeout=2 * FOREVER_S)
        found[name] = (read_hooks(base / name, origin_ns), out + err)
    return found


def _started(base: Path, name: str, program: list[str], file: str, code: str) -> subprocess.Popen[str]:
    folder = base / name
    folder.mkdir()
    (base / file).write_text(code)
    mine = {**os.environ, "PYTHONPATH": str(base / "mine"), "NODE_OPTIONS": "--max-old-space-size=300"}
    environ = environment_with_hooks(mine, folder)
    return subprocess.Popen(
        [*program, str(base / file)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("name", ["blocks", "uvloop"])
def test_a_block_is_seen_and_its_function_named(told: Told, name: str) -> None:
    if name == "uvloop":
        pytest.importorskip("uvloop")
    ((found,), said) = told[name]
    assert said == ""
    assert max(value for value in found.p99_ms if is_finite(value)) > 60
    functions = {row.own.function for row in found.blocks}
    assert functions == {"block"}
    assert {row.own.line for row in found.blocks} == {4}
    assert sum(row.number for row in found.blocks) >= 5


@pytest.mark.parametrize("name", ["blocks", "uvloop"])
def test_what_tasks_wait_for_is_followed_through_generators(told: Told, name: str) -> None:
    if name == "uvloop":
        pytest.importorskip("uvloop")
    ((found,), _) = told[name]
    waits = {(row.own.function, getattr(row.leaf, "function", "").rpartition(".")[2]) for row in found.waits}
    assert ("wait_in", "acquire") in waits, "within an asynchronous generator"
    assert ("handler", "acquire") in waits
    assert max(row.number for row in found.waits if row.own.function == "handler") >= 1


def test_a_quiet_loop_is_not_late(told: Told) -> None:
    ((found,), said) = told["quiet"]
    assert said == ""
    beats = {octave: number for late in found.late for octave, number in late.items()}
    assert percentile_of(beats, 50) < 20
    assert found.has_loop
    assert found.blocks == []


def test_threads_and_a_fork_are_seen_each_in_a_file_of_its_own(told: Told) -> None:
    found, said = told["threads"]
    assert "Error" not in said, "from 3.12 on Python itself warns of a fork among threads"
    assert len(found) == 2
    waiting = [{(row.own.function, row.number) for row in each.threads} for each in found]
    assert all(any(function == "handler" for function, _ in rows) for rows in waiting), waiting
    assert not any(each.has_loop for each in found)


def test_the_server_s_own_sitecustomize_runs_too(told: Told) -> None:
    _, said = told["own"]
    assert said.startswith("True ")
    assert "mine/sitecustomize.py" in said


def test_an_error_in_the_hook_is_not_the_server_s(told: Told) -> None:
    _, said = told["raises"]
    assert said == ""


def test_node_tells_its_delay_and_where_calls_wait(told: Told) -> None:
    if "node" not in told:
        pytest.skip("Node.js is missing")
    ((found,), said) = told["node"]
    assert said.split() == ["0", "true"], "the user's NODE_OPTIONS are kept"
    assert max(value for value in found.max_ms if is_finite(value)) > 100
    waits = {(row.own.function, row.leaf): row.number for row in found.waits}
    assert waits["ask", "connection"] == 3
    assert waits["ask", "answer"] == 1
    assert found.heap_mb[-1] > 1


def test_what_node_holds_is_told_when_it_has_collected_its_garbage(told: Told) -> None:
    """V8 does that later than it is asked to."""
    if "garbage" not in told:
        pytest.skip("Node.js is missing")
    ((found,), said) = told["garbage"]
    before_mb = float(said)
    assert before_mb > 25
    assert found.collected_mb.keys() == {1}
    assert 1 < found.collected_mb[1] < before_mb - 15


def test_what_the_loop_and_the_watcher_wait_for_a_core_is_taken_off_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that other programs keep from a core may hold the interpreter, for which the loop then waits."""
    monkeypatch.syspath_prepend(PYTHON)
    module = importlib.import_module("sse_profile_hook")
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: 10.1))
    monkeypatch.setattr(module.watcher, "_wait", SimpleNamespace(seconds=lambda: 0.07))
    monkeypatch.setattr(module.watcher, "_at_work", True)
    monkeypatch.setattr(module.watcher, "_woke_s", 0.02)
    beat = object.__new__(module.Beat)
    beat.on, beat._wait, beat._last_s, beat._last_waited_s = False, SimpleNamespace(seconds=lambda: 0.03), 10.0, 0.0
    module._forget()
    assert beat.still_s() == pytest.approx(0.02), "0.1 s, of which 0.08 were waited, not with what it took to wake"
    beat._tick(10.02)
    assert module._seen["most_us"] == 0
    beat._tick(10.02)
    assert module._seen["most_us"] == pytest.approx(80_000, rel=0.01), "due at 10.02, and no more was waited"


def test_the_watcher_tells_how_often_another_thread_held_the_interpreter(told: Told) -> None:
    ((busy,), _), ((quiet,), _) = told["busy"], told["quiet"]
    held, looks = (sum(column) for column in zip(*busy.held, strict=True))
    assert looks >= 10
    assert held / looks > 0.5
    held, looks = (sum(column) for column in zip(*quiet.held, strict=True))
    assert held / looks < 0.5


def test_how_long_a_thread_has_waited_for_a_core_is_known_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PYTHON)
    wait = importlib.import_module("sse_profile_hook").Wait()
    first = wait.seconds()
    assert 0 <= first <= wait.seconds()
    wait.end()
    wait.end()
    assert wait.seconds() == 0


def test_damaged_lines_are_left_out(tmp_path: Path) -> None:
    line = {"at_ns": 10**9, "late": {"3": 4}, "late_max_us": 9, "blocks": [], "loops": 1, "tasks": 2, "groups": [],
            "threads": [], "gc_ms": 0}  # fmt: skip
    texts = ["", "{", "[]", json.dumps({**line, "late": 5}), json.dumps({**line, "gc_ms": "x"}), json.dumps(line)]
    (tmp_path / "python.5.jsonl").write_text("\n".join(texts) + "\n\x00")
    (tmp_path / "python.x.jsonl").write_text("")
    (found,) = read_hooks(tmp_path, 0)
    assert (found.pid, found.at_s[-1], found.tasks[-1]) == (5, 1.0, 2.0)


def test_percentiles_of_half_octaves() -> None:
    assert percentile_of({0: 98, 20: 2}, 50) == pytest.approx(0.001, abs=0.001)
    assert percentile_of({0: 98, 20: 2}, 99) == pytest.approx(1.218, abs=0.01)
    assert not is_finite(percentile_of({}, 99))
