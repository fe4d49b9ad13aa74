"""The result of a benchmark as one JSON document, from which every output is made.

    {"schema": "sse-perf-bench/1", "id", "state", "started_at", "ended_at", "version", "host_info", "host", "command",
     "prompt", "settings": {...}, "cells": [...], "comparisons": [...], "fastest": [...], "remarks": [...]}

`docs/bench.md` has every field.  The document is written whole to the same file again and again while the benchmark
goes on, so a process that is killed leaves what it had measured, in the state "running".
"""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from ..exporters.json_summary import rounded
from ..metrics import PERCENTILES, enough_for
from ..records import ServerMetrics, Stats
from ..records.file import iso_utc
from ..records.host import host_document
from ..records.server import highest, server_metrics_document
from ..texts import LANGUAGES
from ..trust import words
from .cell import CellResult, Run
from .plan import Cell
from .settings import Settings
from .statistics import Difference, paired_difference, unpaired_difference

SCHEMA = "sse-perf-bench/1"

Document = dict[str, Any]


class Figure(NamedTuple):
    """A figure of a request that targets are compared by."""

    field: str
    """Of `Run`, and of the metrics of a cell."""
    more_is_better: bool = False


FIGURES = (
    Figure("ttft_ms"),
    Figure("ttfa_ms"),
    Figure("tokens_per_s", more_is_better=True),
    Figure("tpot_ms"),
    Figure("mean_gap_ms"),
    Figure("latency_ms"),
    Figure("output_tokens"),
)
RANKED = ("ttft_ms", "tokens_per_s")
"""The figures by which a target may be called the fastest."""

METRICS = ("ttft_ms", "ttfa_ms", "tokens_per_s", "tpot_ms", "itl_ms", "latency_ms", "max_gap_ms")


def bench_document(
    results: Sequence[CellResult], settings: Settings, state: str, result_id: str, times_unix_ns: tuple[int, int]
) -> Document:
    """The document of a benchmark whose cells have come to `results` so far.

    `state` is "running", "done" or "cancelled", `times_unix_ns` the start and the end (or now).
    """
    started_ns, ended_ns = times_unix_ns
    cells = [cell_document(each) for each in results]
    document: Document = {
        "schema": SCHEMA,
        "id": result_id,
        "state": state,
        "started_at": iso_utc(started_ns),
        "ended_at": None if state == "running" else iso_utc(ended_ns),
        "version": settings.config.version,
        "host_info": settings.config.host_info,
        "host": host_document(settings.config.host),
        "command": settings.config.command,
        "prompt": settings.masker(settings.queries[0].text) if len(settings.queries) == 1 else None,
        "settings": {
            "runs": settings.runs,
            "threads": settings.threads,
            "order": settings.order,
            "seed": settings.seed,
            "queries": len(settings.queries),
            "timeout_s": settings.timeout_s,
            "retries": settings.retries,
        },
        "cells": cells,
        "server_metrics": None,
    }
    return {**document, **judged(document)}


def judged(document: Document) -> Document:
    """What follows from the cells of a document: comparisons, who is fastest, and what to keep in mind."""
    interleaved = document["settings"]["order"] == "interleaved"
    return {
        "comparisons": list(_comparisons(document["cells"], interleaved)),
        "fastest": list(_fastest(document["cells"], interleaved)),
        "remarks": remarks(document["cells"]),
    }


def cell_document(found: CellResult) -> Document:
    """A cell in the document; figures are of its warm requests whose answers were whole."""
    cell, result = found.cell, found.result
    warm = [run for run in found.runs if not run.cold]
    ok = [run for run in warm if run.ok]
    return {
        "provider_key": cell.provider_key,
        "provider": cell.provider,
        "model_id": cell.model_id,
        "model": cell.model,
        "context_tokens": cell.context_tokens,
        "format": cell.format,
        "timed_by": "litellm" if cell.endpoint.format is None else "wire",
        "url": cell.url,
        "state": found.state,
        "skipped": cell.skipped,
        "notes": list(cell.endpoint.notes),
        "requests": {"sent": len(warm), "ok": len(ok), "failed": len(warm) - len(ok)},
        "errors": [asdict(group) for group in result.summary.errors] if result else [],
        "metrics": {name: _stats(result.summary.metrics.get(name, Stats())) for name in METRICS} if result else {},
        "intervals": _intervals(found),
        "tokens": _tokens(ok),
        "cold": next((asdict(run) for run in found.runs if run.cold), None),
        "runs": [asdict(run) for run in found.runs],
        "trust": _trust(found),
        "warnings": list(result.warnings) if result else [],
        "server": {},
    }


def with_server(document: Document, told: ServerMetrics) -> Document:
    """The document with what a server said of itself, of each cell the highest values while its requests were sent."""
    cells = [{**cell, "server": highest(_during(cell, told))} for cell in document["cells"]]
    return {**document, "cells": cells, "server_metrics": server_metrics_document(told)}


def _during(cell: Document, told: ServerMetrics) -> ServerMetrics:
    """The seconds in which a cold or warm request of a cell was under way."""
    spans = [(run["started_ms"], run["started_ms"] + run["latency_ms"]) for run in cell["runs"]]
    kept = [each for each in told.samples
            if any(begin < 1000 * (each.second + 1) and end > 1000 * each.second for begin, end in spans)]  # fmt: skip
    return replace(told, samples=kept)


def _stats(found: Stats) -> Document:
    """As in the summary of a run, without percentiles that have too few samples."""
    few = {f"p{percent}": None for percent in PERCENTILES if not enough_for(percent, found.count)}
    return {**rounded(found), **few}


def _intervals(found: CellResult) -> Document:
    """Metric -> [low, high]: between them the median lies with 95 % confidence; without those that have none."""
    if found.result is None:
        return {}
    medians = ((name, found.result.summary.intervals.get(name, {}).get("p50")) for name in METRICS)
    known = ((name, each) for name, each in medians if each is not None and None not in each)
    return {name: [round(side, 6) for side in each if side is not None] for name, each in known}


def _tokens(ok: Sequence[Run]) -> Document:
    counted = [run.output_tokens for run in ok if run.output_tokens is not None]
    prompts = [run.prompt_tokens for run in ok if run.prompt_tokens is not None]
    sources = sorted({run.token_source for run in ok if run.token_source})
    return {
        "output_median": statistics.median(counted) if counted else None,
        "output": sum(counted),
        "prompt_median": statistics.median(prompts) if prompts else None,
        "source": sources[0] if len(sources) == 1 else "mixed" if sources else None,
    }


def _trust(found: CellResult) -> Document | None:
    trust = None if found.result is None else found.result.trust
    if trust is None or found.cell.endpoint.format is None:
        return None  # the watch is on our own wire, which LiteLLM does not use
    return {
        "verdict": trust.verdict,
        "reasons": [[words(reason, lang) for lang in LANGUAGES] for reason in trust.reasons],
    }


def values(cell: Document, figure: str) -> dict[tuple[int, int], float]:
    """(thread, block) -> a figure of the warm requests of a cell whose answers were whole."""
    return {
        (run["thread"], run["number"]): run[figure]
        for run in cell["runs"]
        if run["number"] and run["outcome"] == "ok" and run[figure] is not None
    }


def difference(a: Document, b: Document, figure: str, *, paired: bool) -> Difference:
    """By how much a figure of cell b is above that of cell a; `paired` compares the requests of the same block."""
    first, second = values(a, figure), values(b, figure)
    if not paired:
        return unpaired_difference(list(first.values()), list(second.values()))
    both = sorted(first.keys() & second.keys())
    return paired_difference([first[key] for key in both], [second[key] for key in both])


def tiers(cells: Iterable[Document]) -> list[tuple[int, list[Document]]]:
    """(context tokens, the cells with figures), ascending: what may be compared with each other."""
    measured = sorted((cell for cell in cells if cell["requests"]["ok"]), key=lambda cell: cell["context_tokens"])
    return [(tier, list(group)) for tier, group in itertools.groupby(measured, lambda cell: cell["context_tokens"])]


def name_of(cell: Document) -> list[Any]:
    """What identifies a cell: [provider key, model id, context tokens]."""
    return [cell["provider_key"], cell["model_id"], cell["context_tokens"]]


def _comparisons(cells: Sequence[Document], interleaved: bool) -> Iterable[Document]:
    """Every other cell against the first of its tier."""
    for _, group in tiers(cells):
        for other, figure in itertools.product(group[1:], FIGURES):
            found = difference(group[0], other, figure.field, paired=interleaved)
            if found.shift is not None:
                yield {
                    "figure": figure.field,
                    "reference": name_of(group[0]),
                    "other": name_of(other),
                    "paired": interleaved,
                    **_rounded_difference(found),
                }


def _rounded_difference(found: Difference) -> Document:
    numbers = {key: None if value is None else round(value, 4) for key, value in asdict(found).items()}
    return {**numbers, "shown": found.shown}


def _fastest(cells: Sequence[Document], interleaved: bool) -> Iterable[Document]:
    """For each tier and ranked figure the cell that is better than every other one; "cell" is None when none is shown
    to be."""
    for tier, group in tiers(cells):
        if len(group) < 2:
            continue
        for figure in (each for each in FIGURES if each.field in RANKED):
            best = _best(group, figure)
            if best is not None:
                shown = best["timed_by"] == "wire" and all(
                    difference(best, other, figure.field, paired=interleaved).shown
                    for other in group
                    if other is not best
                )
                yield {
                    "context_tokens": tier,
                    "figure": figure.field,
                    "cell": name_of(best) if shown else None,
                    "runs": min(len(values(cell, figure.field)) for cell in group),
                }


def _best(group: Sequence[Document], figure: Figure) -> Document | None:
    known = [(cell, statistics.median(found)) for cell in group if (found := values(cell, figure.field).values())]
    if len(known) < 2:
        return None
    choose: Callable[..., tuple[Document, float]] = max if figure.more_is_better else min
    return choose(known, key=lambda pair: pair[1])[0]


def remarks(cells: Sequence[Document]) -> list[Document]:
    """What a reader has to keep in mind, as {"key", ...}: a key of `wording.TEXTS` and its values."""
    measured = [cell for cell in cells if cell["requests"]["ok"]]
    found: list[Document] = []
    sources = {cell["tokens"]["source"] for cell in measured} - {None}
    if len(sources) > 1:
        found.append({"key": "token_sources", "sources": sorted(sources)})
    verdicts = [(cell, (cell["trust"] or {}).get("verdict")) for cell in measured]
    for key, those in (
        ("timed_by_litellm", [cell for cell in measured if cell["timed_by"] == "litellm"]),
        ("not_trusted", [cell for cell, verdict in verdicts if verdict not in (None, "trusted")]),
        ("some_failed", [cell for cell in measured if cell["requests"]["failed"]]),
    ):
        if names := dict.fromkeys(f"{cell['provider']} / {cell['model']}" for cell in those):
            found.append({"key": key, "models": list(names)})
    if unlike := _unlike_lengths(measured):
        found.append({"key": "lengths", "shortest": unlike[0], "longest": unlike[1]})
    return found


def _unlike_lengths(cells: Sequence[Document]) -> tuple[float, float] | None:
    """(the shortest, the longest) median answer in tokens, when they differ so much that latencies say little."""
    lengths = [cell["tokens"]["output_median"] for cell in cells if cell["tokens"]["output_median"]]
    if len(lengths) < 2 or max(lengths) < 1.25 * min(lengths):
        return None
    return min(lengths), max(lengths)


def json_text(document: Mapping[str, Any]) -> str:
    """The document as it is written."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def cell_title(cell: Cell) -> str:
    """What a person calls a cell."""
    tier = f" @ {cell.context_tokens}" if cell.context_tokens else ""
    return f"{cell.provider} / {cell.model}{tier}"
