"""The answers of the last second, from the records file of a run that goes on.

The process that measures has no time for percentiles each second; the server, which has, reads what lines have come.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from ...metrics import percentile

MOST_BYTES = 4 << 20
"""More of one second is passed over: live figures are not worth more."""


class RecordsTail:
    """Reads what was appended since the last look."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0

    def ttft_ms(self) -> tuple[float | None, float | None]:
        """(P50, P95) of the times to the first token of the whole answers that ended since the last look."""
        try:
            with self._path.open("rb") as file:
                end = file.seek(0, 2)
                file.seek(max(self._offset, end - MOST_BYTES))
                data = file.read(MOST_BYTES)
                self._offset = file.tell() - (len(data) - data.rfind(b"\n") - 1)
        except OSError:
            return None, None
        found = sorted(ms for line in data[: data.rfind(b"\n") + 1].splitlines() if (ms := _ttft_of(line)) is not None)
        return percentile(found, 50), percentile(found, 95)


def _ttft_of(line: bytes) -> float | None:
    try:
        row = orjson.loads(line)
        found = row["ttft_ms"] if row["outcome"] == "ok" else None
    except (ValueError, KeyError, TypeError):
        return None  # the header, or the rest of a line that was cut off
    return found if isinstance(found, (int, float)) else None
