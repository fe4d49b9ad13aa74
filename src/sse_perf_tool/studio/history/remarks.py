"""Labels and notes of results, in one file: the results themselves are not touched for them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from ...records.atomic_write import write_atomically

_FIELDS = ("label", "note")


class Remarks:
    """What a person said of results."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], dict[str, dict[str, str]]] = ((0, 0), {})

    def all(self) -> dict[str, dict[str, str]]:
        """Result -> {"label", "note"}."""
        try:
            stat = self._path.stat()
        except OSError:
            return {}
        stamp = stat.st_mtime_ns, stat.st_size
        if self._read[0] != stamp:
            self._read = stamp, self._loaded()
        return self._read[1]

    def put(self, result_id: str, label: str | None, note: str | None) -> None:
        """Says something of a result; None leaves what was said before.  OSError as it comes."""
        with self._lock:
            rows = {name: dict(row) for name, row in self.all().items()}
            row = rows.setdefault(result_id, {})
            row |= {name: text for name, text in zip(_FIELDS, (label, note), strict=True) if text is not None}
            if not any(row.values()):
                del rows[result_id]
            self._write(rows)

    def forget(self, result_id: str) -> None:
        """A result is gone."""
        with self._lock:
            rows = {name: row for name, row in self.all().items() if name != result_id}
            if len(rows) != len(self.all()):
                self._write(rows)

    def having(self, text: str) -> tuple[str, ...]:
        """The results that have all these words in what was said of them."""
        words = text.lower().split()
        rows = ((name, " ".join(row.values()).lower()) for name, row in self.all().items())
        return tuple(name for name, said in rows if words and all(word in said for word in words))[:500]

    def _loaded(self) -> dict[str, dict[str, str]]:
        try:
            rows = json.loads(self._path.read_bytes())
            return {
                str(name): {field: str(row[field]) for field in _FIELDS if field in row} for name, row in rows.items()
            }
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self, rows: dict[str, dict[str, str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(self._path, json.dumps(rows, ensure_ascii=False, indent=1).encode(), private=True)
