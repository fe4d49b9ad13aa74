"""A server is started, waited for and stopped step by step; nothing else ever gets a signal."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from patience import FOREVER_S, undisturbed
from sse_perf_tool.profiling.server import process
from sse_perf_tool.profiling.server.process import Server, ServerError

LISTEN = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print('up', flush=True); time.sleep(60)"
DEAF = f"import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; {LISTEN}"


@pytest.fixture(autouse=True)
def _sigint_is_not_ignored() -> Iterator[None]:
    """Children of a shell's background job inherit that it is, and would need a second signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def server(tmp_path: Path, code: str, lang: str = "en") -> Server:
    return Server([sys.executable, "-c", code], tmp_path / "server.log", os.environ, lang)


def started(tmp_path: Path, code: str) -> Server:
    made = server(tmp_path, code)
    made.start()
    assert made.wait_until(lambda: made.has_said("up"), "text", FOREVER_S, threading.Event())
    return made


def test_it_ends_at_the_first_signal(tmp_path: Path) -> None:
    made = started(tmp_path, LISTEN)
    assert not made.has_ended()
    made.stop()
    assert made.has_ended()
    ((english, chinese),) = made.steps
    assert re.fullmatch(r"server: SIGINT sent, it ended after [\d.]+ s", english)
    assert "SIGINT" in chinese


@undisturbed
def test_one_that_ignores_every_signal_is_killed_and_each_step_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STEPS_S", (0.1, 0.1))
    made = started(tmp_path, DEAF)
    made.stop()
    said = [english for english, _ in made.steps]
    assert said[:2] == ["server: SIGINT sent, it went on for 0.1 s", "server: SIGTERM sent, it went on for 0.1 s"]
    assert said[2].startswith("server: SIGKILL sent, it ended after")


def test_children_that_it_leaves_behind_in_its_group_are_ended_too(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        " print(p.pid, 'up', flush=True); time.sleep(60)"
    )
    made = started(tmp_path, code)
    child = int((tmp_path / "server.log").read_text().split()[0])
    made.stop("KILL")
    for _ in range(round(FOREVER_S / 0.02)):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            break
        threading.Event().wait(0.02)
    else:
        pytest.fail("the child goes on")


def test_one_that_ends_by_itself_says_how(tmp_path: Path) -> None:
    made = started(tmp_path, "print('up', flush=True); raise SystemExit(3)")
    for _ in range(round(FOREVER_S / 0.02)):
        if made.has_ended():
            break
        threading.Event().wait(0.02)
    made.stop()
    assert made.steps == [
        ("server: it ended by itself during the run, with status 3", "服务端：测试期间自行结束（状态码 3）")
    ]


def test_one_that_ends_before_it_is_ready_shows_its_last_lines(tmp_path: Path) -> None:
    made = server(tmp_path, "for n in range(30): print('line', n)\nraise SystemExit('no \\x1b[31mluck')")
    made.start()
    with pytest.raises(ServerError) as caught:
        made.wait_until(lambda: False, "port 1", FOREVER_S, threading.Event())
    lines = str(caught.value).splitlines()
    assert lines[0] == "the server ended with status 1 before it was ready"
    assert len(lines) == 22
    assert lines[-1].strip().startswith("no")
    assert "\x1b" not in str(caught.value)


def test_one_that_is_never_ready_is_told_with_what_was_waited_for(tmp_path: Path) -> None:
    made = started(tmp_path, LISTEN)
    with pytest.raises(ServerError, match=r"^the server was not ready after 0.1 s \(port 9\); give it longer"):
        made.wait_until(lambda: False, "port 9", 0.1, threading.Event())
    made.stop("KILL")


def test_a_command_that_there_is_none_of(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="nosuchthing：没有这个程序"):
        Server(["nosuchthing"], tmp_path / "log", os.environ, "zh").start()


def test_only_the_group_that_was_started_gets_a_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    real = os.killpg
    made = started(tmp_path, LISTEN)
    monkeypatch.setattr(os, "killpg", lambda group, number: (sent.append((group, number)), real(group, number)))
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a single process got a signal"))
    made.stop()
    made.stop()
    assert sent == [(made.pid, signal.SIGINT), (made.pid, signal.SIGKILL)], "the rest of the group, then nothing"
