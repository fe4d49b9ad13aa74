"""Which files are results: one a run, however many files it left.

A run leaves a summary `NAME.json`, records `NAME.jsonl`, or both; a benchmark `bench_NAME.json`; a search `NAME.json`
and `NAME.steps.jsonl`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_OWN_ID = re.compile(r"[a-z0-9_]{1,100}")
_ENDINGS = (".steps.jsonl", ".jsonl", ".json")
MOST_FILES = 200_000


class Found(NamedTuple):
    """The files of one result, as they are now."""

    id: str
    folder: Path
    stem: str
    ours: bool
    """Whether they lie in `results/`."""
    stamp: str
    """Another one when a file has changed."""
    endings: tuple[str, ...]

    def path(self, ending: str) -> Path:
        """One of its files."""
        return self.folder / f"{self.stem}{ending}"


def found_in(results: Path, watched: Iterable[Path]) -> Iterator[Found]:
    """Every result there may be: whether a file really is one, only its content tells."""
    yield from _found_in(results, ours=True)
    for folder in watched:
        if folder.resolve() != results.resolve():
            yield from _found_in(folder, ours=False)


def _found_in(folder: Path, *, ours: bool) -> Iterator[Found]:
    stems: dict[str, list[tuple[str, str]]] = {}
    for _, entry in zip(range(MOST_FILES), _entries(folder), strict=False):
        ending = next((each for each in _ENDINGS if entry.name.endswith(each)), None)
        if ending is None or entry.name.startswith("."):
            continue
        try:
            if not entry.is_file(follow_symlinks=False):
                continue
            stat = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone meanwhile
        stem = entry.name.removesuffix(ending)
        stems.setdefault(stem, []).append((ending, f"{stat.st_mtime_ns}.{stat.st_size}"))
    for stem, files in stems.items():
        files.sort()
        stamp = " ".join(f"{ending}:{each}" for ending, each in files)
        yield Found(_id_of(folder, stem, ours=ours), folder, stem, ours, stamp, tuple(ending for ending, _ in files))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _id_of(folder: Path, stem: str, *, ours: bool) -> str:
    if ours and _OWN_ID.fullmatch(stem):
        return stem
    name = os.fsencode(f"{folder.resolve()}/{stem}")
    return f"f_{hashlib.sha256(name).hexdigest()[:20]}"
