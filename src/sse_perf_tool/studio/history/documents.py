"""One result, whole: the document of its file, or what its lines tell."""

from __future__ import annotations

from typing import Any

from ...bench.store import read_result
from ...bench.wording import TEXTS as BENCH_TEXTS
from ...bench.wording import fastest_lines, remark_lines
from ...capacity.file import SearchFile, capacity_document, read_search
from ...capacity.search import answer
from ...exporters.json_summary import summary_document
from ...goals.past_run import read_run
from ...providers import parse_json
from ...records import Capacity, Ending, RunResult
from ...records.host import with_host
from ...report_parts.capacity import sentence
from ...texts import speaker
from ...trust import judge
from ..contract.results import Head
from .finding import Found

MOST_RECORDS = 64 << 20
"""Bytes of records that are read to show a run; with more it takes the command line."""


def document_of(found: Found, head: Head, lang: str) -> dict[str, Any]:
    """The document.  UsageError, OSError or ValueError when it cannot be read."""
    if head.kind == "bench":
        return read_result(found.path(".json"), lang)
    if ".json" in found.endings:
        whole = parse_json(found.path(".json").read_text(encoding="utf-8"))
        if not isinstance(whole, dict):
            raise ValueError("no object")
        config = whole.get("config")
        return {**whole, "config": with_host(config)} if isinstance(config, dict) else whole
    if head.kind == "capacity":
        search = read_search(found.path(".steps.jsonl"), lang)
        capacity = capacity_of(search)
        return capacity_document(capacity, search.header.config, sentence(capacity))
    return summary_document(run_of(found, lang))


def said_of(head: Head, document: dict[str, Any], lang: str) -> list[str]:
    """What the command line says of it in words."""
    if head.kind == "bench":
        say = speaker(BENCH_TEXTS, lang)
        return [*fastest_lines(document, say), *remark_lines(document, say)]
    if head.kind == "capacity":
        return [str(document["capacity"][f"answer_{lang}"])]
    return []


def capacity_of(search: SearchFile) -> Capacity:
    """What the steps of a search come to; one without an end was interrupted."""
    from ...capacity.search import next_level

    ending = next_level(search.header.search, search.steps)
    return answer(search.header.search, search.steps, ending if isinstance(ending, Ending) else Ending.INTERRUPTED)


def run_of(found: Found, lang: str) -> RunResult:
    """A run from its records.  UsageError when they cannot be read; ValueError when they are too many."""
    path = found.path(".jsonl")
    if path.stat().st_size > MOST_RECORDS:
        raise ValueError(f"{path.name}: > {MOST_RECORDS >> 20} MiB")
    return judge(read_run(path, lang).result())
