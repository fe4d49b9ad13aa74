"""Who may ask, from where, how slowly, and how much is kept."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import sse_perf_tool.chat_server as package
from chat_client import QUICK, ask
from patience import FOREVER_S, PROMPT_S
from sse_perf_tool.chat_server.conversations import Conversations
from sse_perf_tool.chat_server.run import BackgroundServer
from sse_perf_tool.chat_server.settings import Settings, SettingsError, is_loopback, load

HELLO = {"message": "hello"}
TIMEOUT_S = 0.6


@pytest.fixture(scope="module")
def guarded() -> Iterator[BackgroundServer]:
    """A server that waits little for requests and lets in pages of one origin and one more host."""
    changed = {
        "receive_timeout_s": TIMEOUT_S,
        "cors_origins": "https://a.example, http://localhost:3000",
        "allowed_hosts": "chat.example",
    }
    with BackgroundServer(QUICK.model_copy(update=changed)) as running:
        yield running


def told(port: int, *pieces: bytes, pause_s: float = 0.0) -> tuple[bytes, float]:
    """What comes back for these pieces until the connection is closed, and after how many seconds that is."""
    began_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=FOREVER_S) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause_s)
        came = b""
        try:
            while data := connection.recv(65_536):
                came += data
        except ConnectionResetError:
            pass
    return came, time.monotonic() - began_s


@pytest.mark.parametrize(
    "head",
    [b"", b"POST /chat HT", b"POST /chat HTTP/1.1\r\nHost: localhost\r\nX-Slow: "],
    ids=["nothing", "line", "headers"],
)
def test_a_head_that_does_not_come_is_not_waited_for(guarded: BackgroundServer, head: bytes) -> None:
    came, took_s = told(guarded.port, head)
    assert came.startswith(b"HTTP/1.1 408")
    assert TIMEOUT_S * 0.9 < took_s < PROMPT_S


def test_a_head_that_comes_drop_by_drop_has_no_more_time(guarded: BackgroundServer) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=FOREVER_S) as connection:
        began_s = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began_s < PROMPT_S:
                connection.sendall(b"X")
                time.sleep(0.1)
        assert time.monotonic() - began_s < PROMPT_S


def test_the_head_of_the_next_request_has_the_same_time(guarded: BackgroundServer) -> None:
    came, took_s = told(guarded.port, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /hea", pause_s=0.1)
    assert re.findall(rb"HTTP/1\.1 (\d+)", came) == [b"200", b"408"]
    assert took_s < PROMPT_S


def test_a_connection_may_be_idle_between_two_requests(guarded: BackgroundServer) -> None:
    asked = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    came, _ = told(
        guarded.port, asked, asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), pause_s=2 * TIMEOUT_S
    )
    assert re.findall(rb"HTTP/1\.1 (\d+)", came) == [b"200", b"200"]


@pytest.mark.parametrize("path", ["/chat", "/v1/messages", "/nowhere"])
def test_a_body_that_does_not_come_is_not_waited_for(guarded: BackgroundServer, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    came, took_s = told(guarded.port, head.encode() + b'{"mess')
    assert came.startswith(b"HTTP/1.1 404" if path == "/nowhere" else b"HTTP/1.1 408")
    assert took_s < PROMPT_S


def test_a_slow_answer_is_no_slow_request() -> None:
    settings = QUICK.model_copy(update={"receive_timeout_s": TIMEOUT_S, "response_delay_s": 3 * TIMEOUT_S})
    with BackgroundServer(settings) as running:
        assert ask(running.port, "/chat", HELLO).events[-1]["finish_reason"] == "stop"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST.", "127.0.0.1", "127.9.9.9:1", "[::1]:80",
                                  "a.localhost", "chat.example", "Chat.Example:443"])  # fmt: skip
def test_on_loopback_a_request_for_this_machine_or_a_named_host_is_answered(
    guarded: BackgroundServer, host: str
) -> None:
    assert ask(guarded.port, "/chat", HELLO, Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
                                  "[::2]", "chat.example.evil", "xlocalhost"])  # fmt: skip
@pytest.mark.parametrize("path", ["/chat", "/metrics"])
def test_on_loopback_a_request_for_another_host_is_refused(guarded: BackgroundServer, host: str, path: str) -> None:
    refused = ask(
        guarded.port, path, HELLO if path == "/chat" else None, "POST" if path == "/chat" else "GET", Host=host
    )
    assert (refused.status, refused.json["error"]["code"]) == (403, "wrong_host")


def test_a_server_that_others_reach_or_with_a_star_answers_for_any_host() -> None:
    assert Settings(host="0.0.0.0").accepted_hosts is None
    assert Settings(allowed_hosts="*").accepted_hosts is None
    assert Settings(host="0.0.0.0", allowed_hosts="a.example").accepted_hosts == ("localhost", "0.0.0.0", "a.example")
    assert Settings().accepted_hosts == ("localhost", "127.0.0.1")
    assert [name for name in ("127.0.0.1", "::1", "[::1]", "Localhost", "0.0.0.0", "h") if is_loopback(name)] == [
        "127.0.0.1", "::1", "[::1]", "Localhost",
    ]  # fmt: skip


def test_pages_of_an_origin_that_is_named_may_use_the_server(guarded: BackgroundServer) -> None:
    asked = {"Origin": "https://a.example", "Access_Control_Request_Method": "POST"}
    allowed = ask(guarded.port, "/chat", None, "OPTIONS", **asked, Access_Control_Request_Headers="authorization")
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    answered = ask(guarded.port, "/chat", HELLO, Origin="http://localhost:3000")
    assert answered.headers["access-control-allow-origin"] == "http://localhost:3000"
    refused = ask(guarded.port, "/chat", None, "OPTIONS", **{**asked, "Origin": "https://b.example"})
    assert refused.status == 400
    assert "access-control-allow-origin" not in refused.headers


def test_without_a_setting_no_page_of_another_origin_may(server: BackgroundServer) -> None:
    answered = ask(server.port, "/chat", HELLO, Origin="https://a.example")
    assert "access-control-allow-origin" not in answered.headers


@pytest.mark.parametrize("origin", ["a.example", "https://a.example/", "ftp://a.example", "https://*.example"])
def test_an_origin_that_is_none_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(SettingsError, match=r"^--cors-origins .*is no origin; write scheme and host"):
        load({"cors_origins": origin})


def test_docs_list_every_path_and_its_fields_and_ask_no_other_host(server: BackgroundServer) -> None:
    page = ask(server.port, "/docs", method="GET").body.decode()
    paths = ask(server.port, "/openapi.json", method="GET").json["paths"]
    assert {"/chat", "/v1/chat-messages", "/v1/chat/completions", "/v1/messages", "/metrics"} <= paths.keys()
    for path, methods in paths.items():
        for method in methods:
            assert f"<h2>{method.upper()} {path}</h2>" in page
    assert "<td><code>message</code></td><td>string</td><td>required</td>" in page
    assert "//" not in page.replace("<!doctype", "")


def test_conversations_take_no_more_memory_than_they_may() -> None:
    store = Conversations(1000, 20, 60.0, clock=lambda: 0.0, most_bytes=100_000)
    begun = []
    for _ in range(10):
        begun.append(store.begin().id)
        store.add_turn(begun[-1], "q" * 20_000, "a" * 10_000)
    assert [number for number in begun if store.use(number)] == begun[-3:]
    kept = store.use(begun[-1])
    assert kept is not None
    assert 30_000 < kept.size_bytes < 31_000


def test_of_one_large_conversation_the_oldest_messages_go() -> None:
    store = Conversations(1000, 20, 60.0, clock=lambda: 0.0, most_bytes=100_000)
    one = store.begin()
    for turn in range(5):
        store.add_turn(one.id, f"question {turn}", "a" * 40_000)
    assert [said.text[:10] for said in one.messages] == ["question 3", "aaaaaaaaaa", "question 4", "aaaaaaaaaa"]
    assert one.turns == 5
    store.add_turn(one.id, "q" * 200_000, "a" * 200_000)
    assert (len(one.messages), one.size_bytes, one.turns) == (0, 0, 6)
    assert store.remove(one.id)
    assert len(store) == 0


def test_what_goes_is_no_longer_counted() -> None:
    now = [0.0]
    store = Conversations(3, 4, 60.0, clock=lambda: now[0], most_bytes=50_000)
    for _ in range(50):
        number = store.begin().id
        for _ in range(5):
            store.add_turn(number, "q" * 2000, "a" * 2000)
        now[0] += 25  # the third last has been idle too long
    last = store.use(number)
    assert last is not None
    assert len(last.messages) == 4
    assert len(store) == 2


def test_reload_starts_the_server_again_when_its_code_changes(tmp_path: Path) -> None:
    folder = tmp_path / "sse_perf_tool"
    subprocess.run(["cp", "-r", str(Path(package.__file__).parents[1]), str(folder)], check=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "sse_perf_tool.chat_server", "--port", "0", "--reload", "--response-delay", "0"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        assert process.stdout
        port = int(process.stdout.readline().rpartition(":")[2])
        assert ask(port, "/v1/models", method="GET").json["data"][0]["id"] == "scripted"
        app = folder / "chat_server" / "app.py"
        app.write_text(app.read_text(encoding="utf-8").replace('"scripted"', '"rewritten"'), encoding="utf-8")
        give_up_s = time.monotonic() + FOREVER_S
        while ask(port, "/v1/models", method="GET").json["data"][0]["id"] != "rewritten":
            assert time.monotonic() < give_up_s
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(FOREVER_S) == 0
    finally:
        process.kill()
        process.wait()
