"""A plain HTTP client for the tests of the chat server, with nothing of the server or the tool in it but settings."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

from patience import FOREVER_S
from sse_perf_tool.chat_server.settings import Settings

QUICK = Settings(port=0, response_delay_s=0, token_delay_s=0, jitter=0)
"""A server on any free port that never waits."""


@dataclass
class Block:
    """One block of a stream: its fields as sent, its data as JSON where it is JSON, and when it was read."""

    fields: dict[str, str]
    at_s: float

    @property
    def event(self) -> str | None:
        return self.fields.get("event")

    @property
    def data(self) -> Any:
        return json.loads(self.fields["data"])


@dataclass
class Answer:
    """A response: its status and headers, and its blocks if it streamed or else its JSON."""

    status: int
    headers: dict[str, str]
    started_s: float
    body: bytes = b""
    blocks: list[Block] = field(default_factory=list)
    cut: bool = False
    """Whether the body ended before its framing said so."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of every block that has JSON data, in order."""
        return [block.data for block in self.blocks if block.fields.get("data", "").startswith("{")]


def send(port: int, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
    """Sends one request on a connection of its own and returns the response with its body unread."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FOREVER_S)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, payload, {"Content-Type": "application/json", "Connection": "close", **named})
    return connection.getresponse()


def ask(port: int, path: str, body: object = None, method: str = "POST", **headers: str) -> Answer:
    """Sends one request and reads the response to its end."""
    started_s = time.monotonic()
    response = send(port, method, path, body, **headers)
    answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, started_s)
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        read_blocks(response, answer)
    else:
        answer.body = response.read()
    response.close()
    return answer


def read_blocks(response: http.client.HTTPResponse, answer: Answer) -> None:
    """Reads a stream to its end, block by block."""
    rest = b""
    try:
        while piece := response.read1():
            answer.body += piece
            *whole, rest = (rest + piece).split(b"\n\n")
            answer.blocks += [Block(_fields(block.decode(errors="replace")), time.monotonic()) for block in whole]
    except (http.client.IncompleteRead, ConnectionResetError):
        answer.cut = True


def _fields(block: str) -> dict[str, str]:
    lines = (line.partition(":") for line in block.split("\n"))
    return {name or "comment": value.removeprefix(" ") for name, _, value in lines}
