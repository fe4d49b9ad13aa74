"""The newest answers, from the records file of a run that goes on.

The process that measures has no time for percentiles each second; the server, which has, reads what lines have come.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

from ...metrics import enough_for, percentile
from ..files.records_lines import answer_of

MOST_BYTES = 4 << 20
"""More of one second is passed over: live figures are not worth more."""
MOST_LOOKS = 10
"""So far back it goes for as many answers as a P95 needs."""


class RecordsTail:
    """Reads what was appended since the last look; there is one each second."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self._looks: deque[list[float]] = deque(maxlen=MOST_LOOKS)

    def ttft_ms(self) -> tuple[float | None, float | None]:
        """(P50, P95) of the times to the first token of the whole answers that ended since the last look.

        Where these are too few for a P95, those of the looks before are taken as well, one after the other; None for
        a percentile for which `MOST_LOOKS` have too few.
        """
        self._looks.appendleft(self._new())
        found: list[float] = []
        for look in self._looks:
            found += look
            if enough_for(95, len(found)):
                break
        found.sort()
        p50, p95 = (percentile(found, percent) if enough_for(percent, len(found)) else None for percent in (50, 95))
        return p50, p95

    def _new(self) -> list[float]:
        try:
            with self._path.open("rb") as file:
                end = file.seek(0, 2)
                file.seek(max(self._offset, end - MOST_BYTES))
                data = file.read(MOST_BYTES)
                self._offset = file.tell() - (len(data) - data.rfind(b"\n") - 1)
        except OSError:
            return []
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        return [answer.ttft_ms for line in lines if (answer := answer_of(line)) is not None]
