"""Follows a single request while it is in flight."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..masking import Masker, mask_url
from ..texts import printable
from ..units import NS_PER_MS, figure
from .console import Console
from .writer import in_columns

_HEADER = re.compile(r"([!#$%&'*+.^`|~\w-]+):[ \t]*(.*)", re.DOTALL)

HELD_BYTES = 65_536
"""A line of a head that is longer is shown in pieces."""


BLOCK_COLUMNS = {"block_at": 11, "blocks": 8, "block_gap": 10, "block_mean": 10}
FIRST_BLOCKS, ROW_EVERY_NS = 8, 250 * NS_PER_MS
"""A terminal gets a row for each of the first blocks, then one row in so much time; a pipe one for each block."""


class SingleRequestNotices:
    """Prints status, TTFB and TTFT of a single request as they become known, and then a row for each block."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._blocks = 0
        self._first_ns = self._newest_ns = self._shown_ns = 0.0

    def __call__(self, key: str, value: float) -> None:
        """`status` as it is, times in nanoseconds."""
        if key == "block":
            self._block(value)
            return
        text = str(int(value)) if key == "status" else f"{figure(value / NS_PER_MS)} ms"
        self._console.writer.facts([(key, text)])

    def _block(self, at_ns: float) -> None:
        self._blocks += 1
        before_ns, self._newest_ns = self._newest_ns, at_ns
        writer = self._console.writer
        if self._blocks == 1:
            self._first_ns = at_ns
            writer.gap()
            writer.bold(in_columns(map(writer.say, BLOCK_COLUMNS), BLOCK_COLUMNS.values()))
        elif writer.terminal and self._blocks > FIRST_BLOCKS and at_ns - self._shown_ns < ROW_EVERY_NS:
            return
        self._shown_ns = at_ns
        gap, mean = "-", "-"
        if self._blocks > 1:
            gap = figure((at_ns - before_ns) / NS_PER_MS)
            mean = figure((at_ns - self._first_ns) / (self._blocks - 1) / NS_PER_MS)
        writer.line(in_columns([figure(at_ns / NS_PER_MS), f"{self._blocks:,}", gap, mean], BLOCK_COLUMNS.values()))


def debug_trace(console: Console, masker: Masker) -> Callable[[str, int, bytes], None]:
    """A trace for `SSETester` that prints what is sent and received, with the milliseconds since the first of it."""
    began_ns: list[int] = []
    answer = _Answer(masker)

    def show(direction: str, at_ns: int, data: bytes) -> None:
        if not began_ns:
            began_ns.append(at_ns)
        at = f"{(at_ns - began_ns[0]) / NS_PER_MS:10.3f} ms"
        if direction == ">":
            answer.begin()
            shown = [_sent_line(text, masker) for text in data.decode("utf-8", "replace").splitlines()]
        else:
            shown = answer.lines(data)
        for text in shown if data else [*shown, "(connection closed)"]:
            console.line(f"{at} {direction} {printable(text, 2000)}")

    return show


def _sent_line(line: str, masker: Masker) -> str:
    """A line of a request without its secrets, those too short to be known to a `Masker` as well."""
    if line.endswith(" HTTP/1.1"):
        return masker(mask_url(line))
    return _header_line(line, masker)


def _header_line(line: str, masker: Masker) -> str:
    header = _HEADER.fullmatch(line)
    return f"{header[1]}: {masker.header(header[1], header[2])}" if header else masker(line)


class _Answer:
    """What comes from the server: its heads without what their headers hide, its body without what is known.

    A line of a head that is not whole yet waits for its rest, so that no name is read off a half of it.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self.begin()

    def begin(self) -> None:
        """A request was sent: what comes next may be a head."""
        self._may_begin, self._in_head, self._interim, self._held = True, False, False, b""

    def lines(self, data: bytes) -> list[str]:
        """The lines that can be shown now; no data is the end of the connection, which ends a line as well."""
        ended = not data
        data, self._held = self._held + data, b""
        shown: list[str] = []
        while data and self._is_head(data):
            line, feed, rest = data.partition(b"\n")
            if not feed and not ended and len(line) < HELD_BYTES:
                self._held = line
                return shown
            shown.append(self._head_line(line.decode("utf-8", "replace").removesuffix("\r")))
            data = rest
        return shown + [self._masker(text) for text in data.decode("utf-8", "replace").splitlines()]

    def _is_head(self, data: bytes) -> bool:
        if self._may_begin:
            self._may_begin, self._in_head = False, data[:5] == b"HTTP/"[: len(data)]
        return self._in_head

    def _head_line(self, line: str) -> str:
        """A line of a head; an empty one ends it, and behind an interim answer (1xx) comes another."""
        if line.startswith("HTTP/"):
            self._interim = re.match(r"HTTP/\S+ 1\d\d", line) is not None
        elif not line:
            self._in_head, self._may_begin = False, self._interim
        elif line[0] in " \t":
            return "…"  # the value of the line before goes on
        return _header_line(line, self._masker)
