"""Compressed bodies: read in bounded steps, so that time limits, cancelling and the other threads go on as ever."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from types import SimpleNamespace

import pytest
import urllib3.response

from patience import FOREVER_S, PROMPT_S, undisturbed
from requests_to_server import MS, WHOLE, ask, target_of
from scripted_server import CLOSE, Script, Serve, head, sized
from sse_perf_tool.records import Outcome
from sse_perf_tool.tester import SSETester
from sse_perf_tool.wire import Exchange, can_decode
from sse_perf_tool.wire import exchange as exchange_module

COMMENTS = b": ping\n\n" * 1_000_000
PACKED = gzip.compress(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n' * 200_000)
"""Events that take time: comments alone are read so fast that a quick machine ends them first, as no events."""
MUCH = gzip.compress(PACKED * 125)
"""A gigabyte, for which the processor takes minutes."""


def deflated(data: bytes, wbits: int) -> bytes:
    coder = zlib.compressobj(wbits=wbits)
    return coder.compress(data) + coder.flush()


def coded(body: bytes, coding: str) -> Script:
    return sized(body, headers=[f"Content-Encoding: {coding}"])


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(WHOLE)),
        ("GZip", gzip.compress(WHOLE)),
        ("x-gzip", gzip.compress(WHOLE)),
        ("gzip", gzip.compress(WHOLE[:50]) + gzip.compress(WHOLE[50:])),
        ("deflate", deflated(WHOLE, zlib.MAX_WBITS)),
        ("deflate", deflated(WHOLE, -zlib.MAX_WBITS)),
        ("gzip, deflate", deflated(gzip.compress(WHOLE), zlib.MAX_WBITS)),
        ("identity", WHOLE),
        ("gzip, identity", gzip.compress(WHOLE)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_coding_is_undone(serve: Serve, coding: str, body: bytes) -> None:
    record = ask(serve(coded(body, coding)))
    assert (record.outcome, record.chunks, record.output_tokens) == (Outcome.OK, 2, 2), record.error


def test_compressed_bytes_may_be_cut_anywhere(serve: Serve) -> None:
    body = gzip.compress(WHOLE)
    steps = [step for byte in body for step in (bytes([byte]), 0.001)]
    pieces = [head("200 OK", "text/event-stream", "Content-Encoding: gzip", f"Content-Length: {len(body)}"), *steps]
    assert ask(serve(pieces)).outcome is Outcome.OK


@pytest.mark.parametrize("coding", ["lzma", "gzip, lzma", "GZIP2"])
def test_a_coding_that_nobody_knows_is_named(serve: Serve, coding: str) -> None:
    record = ask(serve(coded(b"xx", coding)))
    assert record.outcome is Outcome.MALFORMED
    assert f"Content-Encoding: {coding.lower()}, which was not requested and cannot be decoded" in (record.error or "")


def test_a_body_that_is_compressed_over_and_over_is_refused(serve: Serve) -> None:
    record = ask(serve(coded(gzip.compress(WHOLE), ", ".join(["gzip"] * 6))))
    assert (record.outcome, record.chunks) == (Outcome.MALFORMED, 0)


def test_a_little_gzip_that_unpacks_to_much_ends_with_the_timeout(serve: Serve) -> None:
    began_s = time.monotonic()
    record = ask(serve([*coded(MUCH, "gzip, gzip"), CLOSE]), timeout_s=0.3)
    assert len(MUCH) < 40_000
    assert record.outcome is Outcome.TIMEOUT
    assert time.monotonic() - began_s < PROMPT_S


def test_a_gzip_that_unpacks_to_much_can_be_cancelled(serve: Serve) -> None:
    asker = SSETester(target_of(serve([*coded(MUCH, "gzip, gzip"), CLOSE]), timeout_s=2 * FOREVER_S))
    threading.Timer(0.2, asker.cancel).start()
    record = asker.test_streaming(1)
    asker.close()
    assert record.outcome is Outcome.CANCELLED
    assert record.latency_ns < PROMPT_S * 1e9


def test_long_work_lets_the_pump_in_between_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, turns = Exchange(), list[int]()
    exchange.begin(timeout_s=60)
    monkeypatch.setattr(exchange_module, "GATE", SimpleNamespace(yield_to_pump=lambda: turns.append(1)))
    exchange.check(0)
    exchange.check(0)
    assert len(turns) == 2


class OldBrotli:
    """The module before 1.2, which undoes all that it is given."""

    class Decompressor:
        def process(self, data: bytes) -> bytes:
            return data * 1_000_000


class NewBrotli:
    """The module from 1.2 on."""

    class Decompressor:
        def process(self, data: bytes, output_buffer_limit: int = 0) -> bytes:
            return data[:output_buffer_limit]


class Brotlicffi:
    """Another with the same name, as it is from 1.2 on."""

    class Decompressor:
        def decompress(self, data: bytes, output_buffer_limit: int = 0) -> bytes:
            return data[:output_buffer_limit]


@pytest.mark.parametrize(
    ("module", "can"), [(None, False), (OldBrotli, False), (NewBrotli, True), (Brotlicffi, True)], ids=str
)
def test_brotli_counts_where_its_steps_are_bounded(module: object, can: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    codings = ["gzip", "deflate", *(["br"] if module else [])]
    monkeypatch.setattr(urllib3.response.HTTPResponse, "CONTENT_DECODERS", codings)
    monkeypatch.setattr(urllib3.response, "brotli", module)
    assert can_decode("br") is can
    assert can_decode("gzip")


def test_brotli_without_bounds_is_not_used_and_the_line_says_what_to_do(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib3.response.HTTPResponse, "CONTENT_DECODERS", ["gzip", "deflate", "br"])
    monkeypatch.setattr(urllib3.response, "brotli", OldBrotli)
    record = ask(serve(coded(b"xx", "br")))
    assert (record.outcome, record.chunks) == (Outcome.MALFORMED, 0)
    assert "Content-Encoding: br; to decode it, install Brotli from 1.2 on" in (record.error or "")


@undisturbed
def test_brotli_is_undone_in_steps_too(serve: Serve) -> None:
    brotli = pytest.importorskip("brotli", minversion="1.2")
    assert ask(serve(coded(brotli.compress(WHOLE), "br"))).outcome is Outcome.OK
    packed = brotli.compress(COMMENTS * 8)  # 64 MB in some 100 bytes
    assert len(packed) < 1000
    asker = SSETester(target_of(serve([*coded(packed, "br"), CLOSE]), timeout_s=60))
    threading.Timer(0.2, asker.cancel).start()
    record = asker.test_streaming(1)
    asker.close()
    assert record.outcome in (Outcome.CANCELLED, Outcome.MALFORMED)
    assert record.latency_ns < 2_000 * MS
