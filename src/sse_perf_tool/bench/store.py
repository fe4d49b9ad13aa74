"""The folder of results: writes new results during the benchmark, finds and reads old ones.

A result is `bench_YYYYMMDD_HHMMSS.json`, with the records of its cells in the folder `bench_YYYYMMDD_HHMMSS`.  Files of
the tool that these results are named after, `benchmark_YYYYMMDD_HHMMSS.json`, are read as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..providers import parse_json, read_text
from ..records.atomic_write import write_atomically
from ..records.host import with_host
from ..texts import Texts, printable, speaker, unwritten
from .plan import Cell
from .results import SCHEMA, Document, json_text

TEXTS: Texts = {
    "no_result": ("{name}: there is no such result in {folder}", "{name}：{folder} 中没有这个结果"),
    "not_a_result": ("{path}: is no result of a benchmark", "{path}：不是基准测试的结果"),
}


class Store:
    """Where one benchmark is written.  UsageError when it cannot be."""

    def __init__(self, folder: Path, now: datetime, lang: str = "en") -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.records = _new_folder(folder, now.strftime("bench_%Y%m%d_%H%M%S"))
        except OSError as error:
            raise UsageError(unwritten(folder, error, lang)) from error
        self.id = self.records.name
        self.path = folder / f"{self.id}.json"

    def records_path(self, place: int, cell: Cell) -> Path:
        """The records file of a cell."""
        name = re.sub(r"[^\w.-]+", "_", f"{place + 1:02d}_{cell.provider_key}_{cell.model_id}_{cell.context_tokens}")
        return self.records / f"{name[:120]}.jsonl"

    def write(self, document: Mapping[str, Any]) -> None:
        """Writes the document whole: a reader finds the one before or this one, never a part.  OSError as it comes."""
        write_atomically(self.path, json_text(document).encode("utf-8", "replace"), private=True)


def _new_folder(folder: Path, name: str) -> Path:
    """A folder that nobody else has: two benchmarks may begin in the same second."""
    number = 1
    while True:
        made = folder / (name if number == 1 else f"{name}_{number}")
        try:
            if not made.with_suffix(".json").exists():
                made.mkdir()
                return made
        except FileExistsError:
            pass
        number += 1


class Listed(NamedTuple):
    """A result as a list shows it; `document` is None, and `problem` says why, where it cannot be read."""

    id: str
    path: Path
    document: Document | None
    problem: str = ""


def listed(folder: Path, lang: str = "en") -> list[Listed]:
    """The results of a folder, the newest first; [] when there is no such folder."""
    paths = sorted(folder.glob("bench*_*.json"), key=lambda path: _stamp(path.stem), reverse=True)
    return [_listed(path, lang) for path in paths]


def _listed(path: Path, lang: str) -> Listed:
    try:
        return Listed(path.stem, path, read_result(path, lang))
    except UsageError as error:
        return Listed(path.stem, path, None, str(error))


def _stamp(name: str) -> str:
    return name.partition("_")[2]


def find(folder: Path, name: str, lang: str = "en") -> Document:
    """The result of that id in `folder`, or in the file of that path.  UsageError when there is none."""
    for path in (Path(name), folder / f"{name}.json", folder / name):
        if path.is_file():
            return read_result(path, lang)
    raise UsageError(speaker(TEXTS, lang)("no_result", name=printable(name, 80), folder=folder))


def read_result(path: Path, lang: str = "en") -> Document:
    """A result.  UsageError when the file cannot be read or holds something else."""
    say = speaker(TEXTS, lang)
    try:
        document = parse_json(read_text(path, lang))
    except (ValueError, RecursionError):
        raise UsageError(say("not_a_result", path=path)) from None
    try:
        if isinstance(document, dict) and document.get("schema") == SCHEMA:
            return _own(document)
        if isinstance(document, dict) and "results" in document and "timestamp" in document:
            return _foreign(path.stem, document)
    except (KeyError, TypeError, ValueError, AttributeError):
        pass  # a file whose parts are not what their names promise
    raise UsageError(say("not_a_result", path=path))


def _own(document: Document) -> Document:
    """A document of ours; one that still says "running" was cut short."""
    for cell in document["cells"]:
        _ = cell["provider_key"], cell["model_id"], int(cell["context_tokens"]), cell["requests"]["ok"], cell["runs"]
    _ = document["settings"]["order"], document["started_at"], document["id"]
    told = with_host(document)
    return {**told, "state": "interrupted"} if document["state"] == "running" else told


def _foreign(name: str, document: Document) -> Document:
    """A `benchmark_*.json`: averages without their runs, so it can be shown but not judged."""
    cells = [_foreign_cell(row) for row in document["results"]]
    return {
        "schema": SCHEMA,
        "id": name,
        "state": "done",
        "started_at": str(document["timestamp"]),
        "ended_at": None,
        "version": "",
        "host_info": "",
        "host": None,
        "command": "",
        "prompt": document.get("prompt"),
        "settings": {"runs": max((cell["requests"]["sent"] for cell in cells), default=0), "threads": 1,
                     "order": "lanes", "seed": 0, "queries": 1, "timeout_s": None, "retries": None},
        "cells": cells,
        "comparisons": [],
        "fastest": [],
        "remarks": [{"key": "averages_only"}],
    }  # fmt: skip


def _foreign_cell(row: Mapping[str, Any]) -> Document:
    ok, failed = int(row["runs"]) - int(row.get("failures", 0)), int(row.get("failures", 0))
    averages = {
        "ttft_ms": row["avg_ttft_ms"],
        "tokens_per_s": row["avg_tokens_per_second"],
        "latency_ms": row["avg_total_time_s"] * 1000,
    }
    return {
        "provider_key": str(row["provider"]),
        "provider": str(row["provider"]),
        "model_id": str(row["model_id"]),
        "model": str(row["model"]),
        "context_tokens": int(row.get("context_tokens", 0)),
        "format": "litellm",
        "timed_by": "litellm",
        "url": "",
        "state": "done" if ok else "failed",
        "skipped": None,
        "notes": [],
        "requests": {"sent": ok + failed, "ok": ok, "failed": failed},
        "errors": [{"outcome": "http_error", "message": str(row.get("error", "")), "count": failed}]
        if row.get("error")
        else [],
        "metrics": {name: {"count": ok, "mean": float(mean)} for name, mean in averages.items()} if ok else {},
        "tokens": {
            "output_median": row.get("avg_output_tokens"),
            "output": (row.get("avg_output_tokens") or 0) * ok,
            "prompt_median": None,
            "source": None,
        },
        "cold": None,
        "runs": [],
        "trust": None,
        "warnings": [],
    }


def cells_of_both(older: Document, newer: Document) -> Sequence[tuple[Document, Document]]:
    """The cells that stand in both results, with whole answers in each."""
    names = {_name(cell): cell for cell in older["cells"] if cell["requests"]["ok"]}
    return [(names[_name(cell)], cell) for cell in newer["cells"] if cell["requests"]["ok"] and _name(cell) in names]


def _name(cell: Document) -> tuple[str, str, int]:
    return cell["provider_key"], cell["model_id"], cell["context_tokens"]
