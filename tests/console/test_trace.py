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
        ("Cookie: s=1; t=2", "Cookie: s=…; t=…"),
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


HEAD = f"HTTP/1.1 200 OK\r\nSet-Cookie: sid={KEY}; Path=/; HttpOnly\r\nX-Auth-Token: ab\r\nLocation: /x?sig={KEY}\r\n"
MASKED_HEAD = [
    "HTTP/1.1 200 OK",
    "Set-Cookie: sid=sk-…4Knu; Path=/; HttpOnly",
    "X-Auth-Token: …",
    "Location: /x?sig=sk-…4Knu",
]


def answered(*pieces: bytes, masker: Masker | None = None) -> list[str]:
    """What a trace shows of an answer in these pieces, without times."""

    def show(console: Console) -> None:
        trace = debug_trace(console, masker or Masker(()))
        trace(">", 0, b"POST /x HTTP/1.1\r\n\r\n")
        for piece in pieces:
            trace("<", 0, piece)

    return [line.partition(" < ")[2] for line in shown(show).splitlines() if " < " in line]


@pytest.mark.parametrize("interim", ["", "HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_a_head_that_comes_hides_its_secrets_wherever_it_is_cut(interim: str) -> None:
    whole = (interim + HEAD + "\r\ndata: token: x\r\n").encode()
    expected = [*interim.split("\r\n")[:2][: 2 if interim else 0], *MASKED_HEAD, "", "data: token: x"]
    assert answered(whole) == expected
    for cut in range(1, len(whole) - len(b"data: token: x\r\n")):
        assert answered(whole[:cut], whole[cut:]) == expected


def test_a_head_that_breaks_off_is_shown_masked_at_its_end() -> None:
    assert answered(HEAD.encode()[:40], b"") == [MASKED_HEAD[0], "Set-Cookie: sid=…", "(connection closed)"]


def test_a_header_that_goes_on_in_the_next_line_hides_that_too() -> None:
    assert answered(f"HTTP/1.1 200 OK\r\nX-Token: a\r\n {KEY}\r\n\r\n".encode())[1:] == ["X-Token: …", "…", ""]


def test_a_header_that_the_user_named_is_hidden_both_ways() -> None:
    masker = Masker((), ["x-tenant"])
    assert answered(b"HTTP/1.1 200 OK\r\nX-Tenant: 4711\r\n\r\n", masker=masker) == [
        "HTTP/1.1 200 OK",
        "X-Tenant: …",
        "",
    ]
    text = shown(lambda console: debug_trace(console, masker)(">", 0, b"X-Tenant: 4711\r\n"))
    assert text == "     0.000 ms > X-Tenant: …\n"
