"""The last texts of a file, each from before a change."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from ...records.atomic_write import write_atomically

KEPT = 20

_NAME = re.compile(r"[\w.-]{1,100}\.\d{8}T\d{9}Z(_\d{1,3})?")


class Kept(NamedTuple):
    """A text that is kept."""

    name: str
    at: datetime
    bytes: int


class Backups:
    """A folder of them, for one file.  OSError as it comes."""

    def __init__(
        self, folder: Path, file_name: str, now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    ) -> None:
        self._folder, self._file_name, self._now = folder, file_name, now

    def keep(self, data: bytes) -> None:
        """Keeps one more, and no more than `KEPT`."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stamp = f"{self._now():%Y%m%dT%H%M%S%f}"[:18]
        name = f"{self._file_name}.{stamp}Z"
        taken = {kept.name for kept in self.listed()}
        number = next(n for n in range(1, 1000) if (name if n == 1 else f"{name}_{n}") not in taken)
        write_atomically(self._folder / (name if number == 1 else f"{name}_{number}"), data, private=True)
        for old in self.listed()[KEPT:]:
            with contextlib.suppress(FileNotFoundError):
                (self._folder / old.name).unlink()

    def listed(self) -> list[Kept]:
        """Those that there are, the newest first."""
        found = [
            Kept(path.name, _moment(path.name, self._file_name), path.stat().st_size)
            for path in self._folder.glob(f"{self._file_name}.*")
            if _NAME.fullmatch(path.name)
        ]
        return sorted(found, key=lambda kept: (kept.at, len(kept.name), kept.name), reverse=True)

    def read(self, name: str) -> bytes | None:
        """One of them; None when there is none of that name."""
        if not _NAME.fullmatch(name) or not name.startswith(f"{self._file_name}."):
            return None
        path = self._folder / name
        return path.read_bytes() if path.is_file() else None


def _moment(name: str, file_name: str) -> datetime:
    stamp = name.removeprefix(f"{file_name}.").partition("Z")[0]
    return datetime.strptime(f"{stamp}000+0000", "%Y%m%dT%H%M%S%f%z")
