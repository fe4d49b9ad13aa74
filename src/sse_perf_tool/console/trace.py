"""A single request, while it is under way."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..masking import mask_key, mask_url, names_a_secret
from ..texts import printable
from ..units import NS_PER_MS
from .console import Console
from .figures import number


class SingleRequestNotices:
    """Prints status, TTFB and TTFT of a single request as they become known."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, key: str, value: float) -> None:
        """`status` as it is, times in nanoseconds."""
        text = str(int(value)) if key == "status" else number(value / NS_PER_MS, " ms")
        self._console.writer.facts([(key, text)])


def debug_trace(console: Console, mask: Callable[[str], str]) -> Callable[[str, int, bytes], None]:
    """A trace for `SSETester` that prints what is sent and received, with the milliseconds since the first of it."""
    began_ns: list[int] = []

    def show(direction: str, at_ns: int, data: bytes) -> None:
        if not began_ns:
            began_ns.append(at_ns)
        at = f"{(at_ns - began_ns[0]) / NS_PER_MS:10.3f} ms"
        if not data:
            console.line(f"{at} {direction} (connection closed)")
        for text in data.decode("utf-8", "replace").splitlines():
            shown = mask(_masked_head(text) if direction == ">" else text)
            console.line(f"{at} {direction} {printable(shown, 2000)}")

    return show


def _masked_head(line: str) -> str:
    """A line of a request without its secrets, those too short to be known to a `Masker` as well."""
    if line.endswith(" HTTP/1.1"):
        return mask_url(line)
    header = re.fullmatch(r"([\w-]+): (.*)", line)
    return f"{header[1]}: {mask_key(header[2])}" if header and names_a_secret(header[1]) else line
