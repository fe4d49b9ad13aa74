"""Reads a response body: the data of each read with its arrival time, without the framing of HTTP/1.1.

urllib3 would do this as well, at the price of six calls and two copies for each chunk; for tens of thousands of chunks
a second it is the dearest part of the whole way.  So the three framings of HTTP/1.1 are read here.  Compression is
undone by urllib3's decoders, in steps of bounded size: what comes in one packet may unpack to hours of work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from http.client import HTTPException, IncompleteRead
from typing import Any

import urllib3.response
from urllib3.exceptions import DecodeError, HTTPError
from urllib3.response import HTTPResponse, MultiDecoder

from .channel import Read
from .exchange import Exchange
from .kept import KeptRaw
from .pump import READ_BYTES
from .sockets import PumpedSocket

LONGEST_LINE = 65_536
"""A chunk-size or trailer line longer than this is no such line."""
SAID_BYTES = 4096
"""What is kept of bytes that are no framing: perhaps a server has written there why it failed."""
READS_A_TURN, BYTES_A_TURN = 64, 64 << 10
"""After so many reads, or so many bytes of those that are unframed here, a worker looks at the time and whether the
pump wants its turn."""
MOST_CODINGS = 5
"""Nobody compresses a body oftener."""
DRAIN_BYTES, DRAIN_S = 65_536, 0.1
"""How much of a body that nobody wants is read, and how long for, so that its connection can be used again."""


Skim = Callable[[list[Read], int, int, bool], int]
"""Takes reads before they are unframed, as many from the next on as it understands at a glance, and gives their number.

Of all reads that have come it is told which is next, how many may be taken at once, and whether each is framed as a
chunk."""


class FramingError(ValueError):
    """The body is not framed as its head says; `said` is what stood there instead, as far as it is known."""

    def __init__(self, reason: str, said: bytes = b"") -> None:
        super().__init__(reason)
        self.said = said[:SAID_BYTES].decode("utf-8", "replace")


class Chunked:
    """Takes the chunked transfer coding (RFC 9112, section 7.1) off, wherever the bytes were cut.

    `done` is True behind the last chunk and its trailers; `surplus` is what came behind that.  `fault` is set once the
    bytes are not chunked; what was right before it has been given out.
    """

    def __init__(self) -> None:
        self.done = False
        self.surplus = b""
        self.fault: FramingError | None = None
        self._left = 0
        """Bytes of the current chunk that have not come."""
        self._after_data = False
        """The line end behind the data of a chunk has not come."""
        self._in_trailers = False
        self._held = b""
        """The beginning of a line whose end has not come."""
        self.between = True
        """The next byte is the first of a chunk's size."""

    def feed(self, data: bytes) -> bytes:
        """The body bytes in `data`."""
        if self.between:
            # The usual read is one chunk, whole.
            end = data.find(b"\r\n", 0, 10)
            if len(data) == end + 4 + _usual_size(data[:end]) and data.endswith(b"\r\n"):
                return data[end + 2 : -2]
        part = self._feed(data)
        self.between = not (self._left or self._after_data or self._held or self._in_trailers)
        return part

    def _feed(self, data: bytes) -> bytes:
        data, self._held = self._held + data, b""
        parts, at = [], 0
        while at < len(data) and not self.done and self.fault is None:
            if self._left:
                part = data[at : at + self._left]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
                self._after_data = not self._left
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._held = data[at:]
                if len(self._held) > LONGEST_LINE:
                    self.fault = FramingError("an endless line in the chunked coding")
                break
            self._line(data[at:end].rstrip(b"\r"))
            if self.fault is not None:
                self.fault = FramingError(str(self.fault), data[at:])
            at = end + 1
        self.surplus = data[at:] if self.done else b""
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _line(self, line: bytes) -> None:
        if self._after_data:
            self._after_data = False
            if line:
                self.fault = FramingError("a chunk is longer than it says")
        elif self._in_trailers:
            self.done = not line
        else:
            self._left = max(0, size := _chunk_size(line))
            self._in_trailers = not size
            if size < 0:
                self.fault = FramingError("a chunk without its size")


def _chunk_size(line: bytes) -> int:
    """The size at the head of a chunk, -1 when there is none; extensions behind a semicolon mean nothing to us."""
    digits = line.partition(b";")[0].strip(b" \t")  # a line end before it is a line of its own
    try:
        # int() also takes signs, underscores, spaces and 0x
        return int(digits, 16) if digits.isalnum() and digits[1:2] not in (b"x", b"X") else -1
    except ValueError:
        return -1


@lru_cache(maxsize=4096)
def _usual_size(line: bytes) -> int:
    """The size of a chunk with something in it; else a number that is the size of nothing."""
    size = _chunk_size(line)
    return size if size > 0 else -LONGEST_LINE


class Counted:
    """A body of known length (Content-Length)."""

    between = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.surplus = b""
        self.fault = None

    @property
    def done(self) -> bool:
        """The whole body has come."""
        return self._left <= 0

    def feed(self, data: bytes) -> bytes:
        """The body bytes in `data`."""
        part, self.surplus = data[: self._left], data[self._left :]
        self._left -= len(part)
        return part


class UntilClose:
    """A body that ends with its connection."""

    done = False
    between = True
    surplus = b""
    fault = None

    def feed(self, data: bytes) -> bytes:
        """All of it."""
        return data


def reads(response: Any, exchange: Exchange, skim: Skim | None = None) -> Iterator[tuple[int, bytes]]:
    """The body of a streamed `requests.Response` as (arrival in nanoseconds, bytes), none of them empty.

    What `skim` takes of a body without codings is not among them.

    Afterwards the connection is back in its pool, or closed when it cannot be used again.  Raises what reading raises:
    StoppedError, OSError, FramingError, `IncompleteRead`, and urllib3's `DecodeError` for compressed bodies.
    """
    codings = codings_of(response.headers)
    body = _unframed(response.raw, exchange, None if codings else skim)
    if len(codings) > MOST_CODINGS:
        raise DecodeError(f"{len(codings)} codings")
    for coding in reversed(codings):
        body = _decoded(body, coding, exchange)
    return body


def codings_of(headers: Any) -> list[str]:
    """The codings of a body in the order in which they were applied (RFC 9110, section 8.4), without `identity`."""
    named = headers.get("Content-Encoding", "").lower().split(",")
    return [coding for each in named if (coding := each.strip()) not in ("", "identity")]


def can_decode(coding: str) -> bool:
    """Whether a coding, in small letters, is undone here: `br` and `zstd` need a package.

    Brotli before 1.2 undoes all that it is given in one call, gigabytes out of a kilobyte if a server wants it: then
    no time limit holds and no memory is enough, so with that package `br` counts as one that nobody can read.
    """
    if coding not in HTTPResponse.CONTENT_DECODERS:
        return False
    return coding != "br" or _brotli_is_bounded(vars(urllib3.response)["brotli"])


@lru_cache(maxsize=4)
def _brotli_is_bounded(module: Any) -> bool:
    """Whether this module (Brotli, brotlicffi, brotlipy) gives out as much as it is asked for, and no more."""
    decoder = module.Decompressor()
    undo = getattr(decoder, "decompress", None) or decoder.process
    try:
        undo(b"", output_buffer_limit=1)
    except TypeError:
        return False
    return True


def drain(raw: Any, exchange: Exchange) -> None:
    """Reads the body of a urllib3 response that nobody wants, if it is short and comes at once; else closes it."""
    exchange.finish_within(DRAIN_S)
    size = 0
    try:
        for _, data in _unframed(raw, exchange):
            size += len(data)
            if size > DRAIN_BYTES:
                raw.close()
                return
    except (HTTPError, HTTPException, OSError, ValueError):
        raw.close()


def _unframed(raw: Any, exchange: Exchange, skim: Skim | None = None) -> Iterator[tuple[int, bytes]]:
    pumped = exchange.socket
    if not isinstance(pumped, PumpedSocket):
        raise TypeError("a response over a connection that this package did not make")
    framing: Chunked | Counted | UntilClose
    if raw.chunked:
        framing = Chunked()
    elif raw.length_remaining is not None:
        framing = Counted(raw.length_remaining)
    else:
        framing = UntilClose()
    head = None
    if isinstance(raw, KeptRaw):
        first = raw.first
    else:
        head = raw._fp  # http.client's response, which has read the head
        first = pumped.left_in(head.fp) if head.fp is not None else b""
    pumped.eager = isinstance(framing, Counted)
    if first and (part := framing.feed(first)):
        yield exchange.arrived_ns or exchange.clock(), part
    if framing.fault is not None:
        raise framing.fault
    yield from _framed(pumped, framing, skim)
    if head is not None:
        head.close()
    if framing.surplus or pumped.soiled or framing.done is False:
        raw.close()
    else:
        raw.release_conn()


def _framed(
    pumped: PumpedSocket, framing: Chunked | Counted | UntilClose, skim: Skim | None
) -> Iterator[tuple[int, bytes]]:
    exchange, chunked = pumped.exchange, isinstance(framing, Chunked)
    reads = size = 0
    while not framing.done:
        taken = pumped.take_all()
        at = 0
        while at < len(taken):
            skimmed = skim(taken, at, READS_A_TURN, chunked) if skim is not None and framing.between else 0
            at, reads = at + (skimmed or 1), reads + (skimmed or 1)
            arrived_ns, data = taken[at - 1]
            if not skimmed:
                size += len(data)
                if not data:
                    if isinstance(framing, UntilClose):
                        return
                    raise IncompleteRead(b"")
                part = framing.feed(data)
                if part:
                    yield arrived_ns, part
                if framing.fault is not None:
                    raise framing.fault
                if framing.done:
                    pumped.soiled = pumped.soiled or any(data for _, data in taken[at:])
                    break
            if reads >= READS_A_TURN or size >= BYTES_A_TURN:
                exchange.check(arrived_ns)  # a flood never waits, and must end in time all the same
                reads = size = 0


def _decoded(body: Iterator[tuple[int, bytes]], coding: str, exchange: Exchange) -> Iterator[tuple[int, bytes]]:
    """`body` with one coding taken off, at most `READ_BYTES` at a time.  DecodeError when it is not coded so."""
    if not can_decode(coding):
        raise DecodeError(f"cannot decode {coding}")
    decoder = MultiDecoder(coding)
    for arrived_ns, data in body:
        rest = data
        while rest or decoder.has_unconsumed_tail:
            try:
                part = decoder.decompress(rest, max_length=READ_BYTES)
            except HTTPResponse.DECODER_ERROR_CLASSES as error:
                raise DecodeError(f"not {coding}") from error
            if part:
                yield arrived_ns, part
            elif not rest:
                break
            rest = b""
            exchange.check(arrived_ns)
