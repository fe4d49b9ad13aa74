"""What `--debug` shows."""

from __future__ import annotations

import pytest

from console_output import shown
from sse_perf_tool.console import Console, debug_trace
from sse_perf_tool.masking import Masker
from sse_perf_tool.units import NS_PER_MS
from tool_runs import KEY


def traced(*data: bytes, direction: str = ">", keys: tuple[str, ...] = ()) -> list[str]:
    """The lines that a trace shows of these pieces, 1 ms apart."""

    def show(console: Console) -> None:
        trace = debug_trace(console, Masker(keys))
        for place, piece in enumerate(data):
            trace(direction, 7 + place * NS_PER_MS, piece)

    return shown(show).splitlines()


def test_a_trace_has_the_milliseconds_since_its_first_line() -> None:
    assert traced(b"a\r\nb\r\n", b"c", b"", direction="<") == [
        "     0.000 ms < a",
        "     0.000 ms < b",
        "     1.000 ms < c",
        "     2.000 ms < (connection closed)",
    ]


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("Authorization: Bearer a", "Authorization: Bearer …"),
        ("x-api-key: abc", "x-api-key: …"),
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer sk-…4Knu"),
        ("Cookie: s=1", "Cookie: …"),
        ("POST /chat?key=abc&alt=sse HTTP/1.1", "POST /chat?key=…&alt=sse HTTP/1.1"),
        ("Content-Type: application/json", "Content-Type: application/json"),
        ('{"query":"my key: a"}', '{"query":"my key: a"}'),
    ],
)
def test_a_trace_hides_every_secret_that_is_sent_also_the_shortest(sent: str, line: str) -> None:
    assert traced(sent.encode()) == [f"     0.000 ms > {line}"]
    assert traced(sent.encode(), keys=(KEY,)) == [f"     0.000 ms > {line}"]


def test_a_trace_hides_known_keys_in_what_the_server_says() -> None:
    assert traced(f"X-Echo: {KEY}".encode(), direction="<", keys=(KEY,)) == ["     0.000 ms < X-Echo: sk-…4Knu"]
