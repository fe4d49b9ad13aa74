"""Requests to a `ScriptedServer`: the target, the record of each, and a table of faults."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from patience import FOREVER_S
from scripted_server import DONE, FINISH, Script, ScriptedServer, Sent, Step, event, head, sized, token, usage
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import ApiKeyProvider, Query, QueryProvider
from sse_perf_tool.records import Outcome, RequestRecord
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester

KEY = "sk-0123456789abcdef4Knu"
OPENAI = FORMATS["openai_chat"]
MS = 1_000_000
TOLERANCE_NS = 30 * MS
"""How long after it was sent something may arrive; the gaps it is held against are of 100 ms."""
EARLY_NS = -1 * MS
"""How early it may seem: the kernel stamps by another clock than the server of these tests."""
HELLO, WORLD = token("Hello"), token(" world")
WHOLE = HELLO + WORLD + FINISH + usage(9, 2) + DONE
CHUNKED_HEAD = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked")
JSON = "application/json"


def target_of(server: ScriptedServer, **changes: Any) -> Target:
    """An OpenAI-style endpoint on the server, as the command line would make it."""
    facts: dict[str, Any] = {
        "url": server.url(),
        "body": BodyBuilder(row=OPENAI),
        "queries": QueryProvider([Query("你是谁")]),
        "masker": Masker([KEY]),
        "keys": ApiKeyProvider([KEY]),
        "auth": OPENAI.auth,
        "format": OPENAI,
        "timeout_s": FOREVER_S,
    }
    return Target(**{**facts, **changes})


def ask_often(server: ScriptedServer, times: int, pause_s: float = 0, **changes: Any) -> list[RequestRecord]:
    """What becomes of so many requests, one after another over one session."""
    asker = SSETester(target_of(server, **changes))
    records = []
    for number in range(times):
        if number:
            time.sleep(pause_s)
        records.append(asker.test_streaming(number + 1))
    asker.close()
    return records


def ask(server: ScriptedServer, **changes: Any) -> RequestRecord:
    """What becomes of one request."""
    return ask_often(server, 1, **changes)[0]


class Fault(NamedTuple):
    """`error` is a part of the error text, None when there must be none; `changes` are those of the target."""

    name: str
    scripts: Sequence[Script]
    outcome: Outcome
    error: str | None = None
    status: int | None = 200
    chunks: int = 0
    connections: int = 1
    retries: int = 0
    changes: Mapping[str, Any] = MappingProxyType({})


def redirect(status: str, path: str = "/elsewhere") -> list[Step]:
    """An answer that sends the client to another path."""
    return sized(status=status, headers=[f"Location: {path}"])


def failing(status: str, *headers: str, body: bytes = b"") -> list[Step]:
    """An answer of an error status with a JSON body."""
    return sized(body, status=status, kind=JSON, headers=headers)


def promising(length: int, *pieces: Step) -> list[Step]:
    """200 with a Content-Length that need not be true."""
    return [head("200 OK", "text/event-stream", f"Content-Length: {length}"), *pieces]


TOO_BUSY = event({"error": {"message": "model overloaded", "code": 1305}})
PAGE = b"<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>hello</body></html>"
IDLE = MappingProxyType({"idle_timeout_s": 0.2})
PING = b": ping\n\n"


def sent_of(server: ScriptedServer, data: bytes, nth: int = 1) -> Sent:
    """When the server sent the step that holds `data`; the first such step, or that of another number."""
    return [sent for sent in server.sent if data in sent.data][nth - 1]


def assert_arrival(
    record: RequestRecord, after_ns: int | None, server: ScriptedServer, data: bytes, answer: int = 1
) -> None:
    """So long after the start of the request is when `data` arrived, which is in each answer.

    The kernel stamps what arrives while it is sent; so this holds on a busy machine too, unless this program reads it
    together with what was sent later.
    """
    assert after_ns is not None
    sent = sent_of(server, data, answer)
    assert record.started_ns + after_ns - sent.begun_ns >= EARLY_NS, f"{data!r} was not sent yet"
    assert record.started_ns + after_ns - sent.done_ns < TOLERANCE_NS, f"{data!r} arrived long before"


def assert_lasted(server: ScriptedServer, lasted_ns: float | None, first: bytes, last: bytes) -> None:
    """So long is the time between the arrivals of these two."""
    assert lasted_ns is not None
    begin, end = sent_of(server, first), sent_of(server, last)
    assert end.begun_ns - begin.done_ns - TOLERANCE_NS < lasted_ns < end.done_ns - begin.begun_ns + TOLERANCE_NS


def assert_times_of(record: RequestRecord, server: ScriptedServer) -> None:
    """The record of HELLO, 100 ms, WORLD, 100 ms, DONE agrees with the server's own times."""
    assert record.outcome is Outcome.OK, record.error
    assert_arrival(record, record.ttfb_ns, server, b"HTTP/1.1 200")
    assert_arrival(record, record.ttft_ns, server, HELLO)
    assert_arrival(record, record.latency_ns, server, DONE)
    (gap_us,) = record.gaps_us
    assert_lasted(server, gap_us * 1000, HELLO, WORLD)
    assert record.ttfa_ns == record.ttft_ns
