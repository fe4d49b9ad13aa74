"""What several test modules share."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripted_server import ScriptedServer, Serve
from sse_perf_tool.cli import Environment, main
from tool_runs import Ran, Tool

_LONGEST = """
    report/test_report_browser studio/test_pages_browser distributed/test_whole_runs docs/test_tutorials
    load/test_processes studio/test_pages_flow docs/test_site load/test_turns chat_server/test_chat_limits
    tools/test_torture tools/test_fuzz studio/test_schema chat_server/test_chat_guard tools/test_bench load/test_shapes
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest begin first: a worker that begins one late works on alone at the end."""
    first = {f"tests/{name}.py": place for place, name in enumerate(_LONGEST.split())}
    items.sort(key=lambda item: first.get(item.nodeid.partition("::")[0], len(first)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Nothing traces a test that is marked `not_measured`, nor the threads that it starts.

    Coverage makes code three times as slow; so what tries at length what other tests run too goes without it.
    """
    if not item.get_closest_marker("not_measured"):
        return (yield)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)  # type: ignore[arg-type]


_MEASURING = "COVERAGE_PROCESS_CONFIG"
_measuring: dict[str, str] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Coverage measures the processes of those tests alone that are marked `measures_processes`.

    It costs 0.2 s of the processor for each process, 0.8 s where a run is made, and most run what other tests run too.
    """
    if _MEASURING in os.environ:
        _measuring[_MEASURING] = os.environ.pop(_MEASURING)
    if item.get_closest_marker("measures_processes"):
        os.environ.update(_measuring)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a `ScriptedServer` with the arguments given; all of them are stopped at the end of the test."""
    servers: list[ScriptedServer] = []

    def start(*arguments: object, **options: object) -> ScriptedServer:
        servers.append(ScriptedServer(*arguments, **options))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    """No test writes a file where it was started: there it would be committed one day."""
    here = Path.cwd()
    before = set(here.iterdir())
    yield
    left = [path.name for path in set(here.iterdir()) - before if path.is_file() and not path.name.startswith(".")]
    assert left == [], "a test wrote into the folder of the project; it should ask for own_folder"


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current directory is an empty one; a module asks for it by `pytestmark`."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that nobody trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is missing: no certificate to test with")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *words.split(), "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Runs the tool in an empty directory, without any variable of the environment but those given."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, stdout: io.StringIO | None = None, **environ: str) -> Ran:
        out, err = stdout or io.StringIO(), io.StringIO()
        status = main(argv, Environment(out, err, environ))
        return Ran(status, out.getvalue(), err.getvalue())

    return run
