"""--studio: the folder of a studio that watches a run, and where the files of the run go then."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

from .flag_values import FlagValues


def studio_folder_of(flags: FlagValues, kind: str) -> Path | None:
    """The folder of a studio that watches; None without.  What is written is written for it, if not elsewhere.

    `kind` is run, capacity or bench.  UsageError for a folder that is none, or takes no files.
    """
    if not flags["studio"]:
        return None
    folder = Path(flags["studio"])
    if not folder.is_dir():
        raise flags.wrong("studio", "no_folder", folder=folder)
    results = folder / "results"
    try:
        results.mkdir(exist_ok=True)
    except OSError as error:
        raise flags.wrong("studio", "not_writable", reason=error) from error
    if kind == "bench":
        flags.defaults["results"] = str(results)
    else:
        flags.defaults |= {key: str(path) for key, path in files_of(results, datetime.now(), kind).items()}
    return folder


def files_of(results: Path, now: datetime, kind: str) -> dict[str, Path]:
    """Flag -> file of a run or a search among the results of a studio, under a name that no other has."""
    stamp = f"{kind}_{now:%Y%m%d_%H%M%S}"
    names = (stamp if number == 1 else f"{stamp}_{number}" for number in itertools.count(1))
    name = next(name for name in names if not any(results.glob(f"{name}.*")))
    if kind == "capacity":
        return {"resume": results / f"{name}.steps.jsonl", "json": results / f"{name}.json"}
    return {"records": results / f"{name}.jsonl", "json": results / f"{name}.json"}
