"""The server as it runs in production: several workers under gunicorn."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import sse_perf_tool.chat_server as package
from chat_client import Answer, ask, read_blocks, send
from patience import FOREVER_S

pytest.importorskip("uvicorn_worker", reason="gunicorn and uvicorn-worker are not installed")

FOLDER = Path(package.__file__).parent


@dataclass
class Gunicorn:
    port: int
    process: subprocess.Popen[bytes]


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    """Two workers on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "PORT": str(port),
        "WORKERS": "2",
        "RESPONSE_DELAY": "0",
        "TOKEN_DELAY": "0.02",
        "ANSWER_TOKENS": "5",
        "SHUTDOWN_GRACE": "0.5",
        "API_KEYS": "",
        "FAULTS": "1",
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", str(FOLDER / "gunicorn.conf.py")],
        env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1]), **settings},
        cwd=tmp_path,
    )
    try:
        wait_until_it_answers(port)
        yield Gunicorn(port, process)
    finally:
        process.terminate()
        process.wait(timeout=FOREVER_S)


def wait_until_it_answers(port: int) -> None:
    for _ in range(round(FOREVER_S / 0.05)):
        try:
            ask(port, "/health", method="GET")
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"gunicorn did not start within {FOREVER_S} s")


def three_turns(port: int, turns: list[list[int]]) -> None:
    """Three turns of one conversation on one kept-alive connection; appends the numbers that the server gave them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FOREVER_S)
    conversation, numbers = "", []
    for question in ("one", "two", "three"):
        body = json.dumps({"message": question, "conversation_id": conversation})
        connection.request("POST", "/chat", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = Answer(response.status, {}, 0)
        read_blocks(response, answer)
        completed = answer.blocks[-1].data
        conversation = completed["conversation_id"]
        numbers.append(completed["turn"])
    connection.close()
    turns.append(numbers)


def test_conversations_stay_whole_on_kept_alive_connections(gunicorn: Gunicorn) -> None:
    turns: list[list[int]] = []
    threads = [threading.Thread(target=three_turns, args=(gunicorn.port, turns)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert turns == [[1, 2, 3]] * 20


def test_sigterm_ends_running_answers_with_an_error_event(gunicorn: Gunicorn) -> None:
    response = send(gunicorn.port, "POST", "/chat", {"message": "hello"}, X_Fault="stall=60s")
    response.readline()
    gunicorn.process.send_signal(signal.SIGTERM)
    answer = Answer(response.status, {}, 0)
    read_blocks(response, answer)
    assert (answer.blocks[-1].event, answer.blocks[-1].data["code"]) == ("error", "server_stopping")
    assert not answer.cut
    assert gunicorn.process.wait(timeout=FOREVER_S) == 0
