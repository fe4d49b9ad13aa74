"""A result file -> its row in a list.  Files of others, or broken ones, give no row or one that says so."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ...bench.results import SCHEMA as BENCH_SCHEMA
from ...bench.store import read_result
from ...errors import UsageError
from ...records import CAPACITY_SCHEMA, RECORDS_SCHEMA, SUMMARY_SCHEMA
from ...texts import printable
from ..contract.results import Head
from .finding import Found

LARGEST = 256 << 20
"""A file that is larger is named, but not read for a list."""

Document = Mapping[str, Any]


class NoResult(Exception):  # noqa: N818 - nothing is wrong with it
    """The file is none of ours."""


def head_of(found: Found) -> Head:
    """The row of a result.  `NoResult` for a file of something else in a folder that is watched."""
    try:
        return _head_of(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, UsageError) as error:
        if not found.ours and not found.stem.startswith(("bench_", "run_", "capacity_")):
            raise NoResult from error
        return Head(
            id=found.id,
            kind=_kind_by_name(found.stem),  # type: ignore[arg-type]
            file=_file_of(found, found.endings[0]),
            started_at=_time_by_name(found.stem),
            ended_at=None,
            state="unreadable",
            problem=printable(f"{type(error).__name__}: {error}", 300),
            ours=found.ours,
            has_report=False,
        )


def _head_of(found: Found) -> Head:
    if ".json" in found.endings:
        document = _loaded(found)
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema == SUMMARY_SCHEMA:
            return _of_run(found, document)
        if schema == CAPACITY_SCHEMA:
            return _of_search(found, document)
        if schema == BENCH_SCHEMA or (isinstance(document, dict) and {"results", "timestamp"} <= document.keys()):
            return _of_bench(found, document if schema == BENCH_SCHEMA else read_result(found.path(".json")))
        if not ({".jsonl", ".steps.jsonl"} & set(found.endings)):
            raise ValueError("no result of this tool")
    ending = ".jsonl" if ".jsonl" in found.endings else ".steps.jsonl"
    return _of_lines(found, ending)


def _loaded(found: Found) -> Any:
    path = found.path(".json")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    return orjson.loads(path.read_bytes())


def _common(found: Found, ending: str, kind: str) -> dict[str, Any]:
    return {"id": found.id, "kind": kind, "file": _file_of(found, ending), "ours": found.ours}


def _file_of(found: Found, ending: str) -> str:
    path = found.path(ending)
    return printable(f"{path.parent.name}/{path.name}" if found.ours else str(path), 400)


def _of_bench(found: Found, document: Document) -> Head:
    cells = document["cells"]
    measured = [cell for cell in cells if cell["requests"]["ok"]]
    ttft, speed = (_best(measured, name, better) for name, better in (("ttft_ms", min), ("tokens_per_s", max)))
    verdicts = [verdict for cell in cells if (verdict := (cell.get("trust") or {}).get("verdict"))]
    return Head(
        **_common(found, ".json", "bench"),
        started_at=str(document["started_at"]),
        ended_at=document.get("ended_at"),
        state=document["state"] if document["state"] in ("running", "done", "cancelled") else "interrupted",
        providers=_names(cell["provider"] for cell in cells),
        models=_names(cell["model"] for cell in cells),
        cells=sum(cell["state"] != "skipped" for cell in cells),
        sent=sum(cell["requests"]["sent"] for cell in cells),
        ok=sum(cell["requests"]["ok"] for cell in cells),
        failed=sum(cell["requests"]["failed"] for cell in cells),
        best_ttft_ms=ttft[0],
        best_ttft_model=ttft[1],
        best_tokens_per_s=speed[0],
        best_tokens_model=speed[1],
        threads=document["settings"].get("threads"),
        thresholds_missed=sum(not row["ok"] for row in document.get("thresholds", ())),
        trust=next((name for name in ("invalid", "degraded", "trusted") if name in verdicts), None),
    )


def _best(cells: list[Document], name: str, better: Any) -> tuple[float | None, str | None]:
    known = [
        (value, f"{cell['provider']} / {cell['model']}")
        for cell in cells
        if (value := middle_of(cell, name)) is not None
    ]
    value, model = better(known, key=lambda pair: pair[0], default=(None, None))
    return value, None if model is None else printable(model, 200)


def middle_of(cell: Document, name: str) -> float | None:
    """The median of a figure of a cell; the mean where a file of others has nothing else."""
    stats = cell["metrics"].get(name) or {}
    found = stats.get("p50")
    if found is None and cell["runs"]:
        runs = [
            run[name] for run in cell["runs"] if run["number"] and run["outcome"] == "ok" and run.get(name) is not None
        ]
        found = statistics.median(runs) if runs else None
    return found if found is not None else stats.get("mean")


def _names(names: Iterator[Any]) -> list[str]:
    return [printable(str(name), 100) for name in dict.fromkeys(names)]


def _of_run(found: Found, document: Document) -> Head:
    config, metrics, rates = document["config"], document["metrics"], document["rates"]
    ttft = metrics.get("ttft_ms") or {}
    requests = document["requests"]
    interrupted = document.get("interrupted") or False
    return Head(
        **_common(found, ".json", "run"),
        started_at=str(document["started_at"]),
        ended_at=None,
        state="cancelled" if interrupted else "done",
        models=_names(name for name in (config.get("model_name") or config.get("model"),) if name),
        providers=[host_of(str(config.get("url", "")))],
        sent=requests["sent"],
        ok=requests["ok"],
        failed=requests["failed"],
        ttft_p50_ms=ttft.get("p50"),
        ttft_p95_ms=ttft.get("p95"),
        requests_per_s=rates["requests_per_s"],
        tokens_per_s=rates["output_tokens_per_s"],
        threads=config.get("threads"),
        thresholds_missed=sum(not row["ok"] for row in document.get("thresholds", ())),
        trust=(document.get("trust") or {}).get("verdict"),
        has_report=".jsonl" in found.endings,
    )


def host_of(url: str) -> str:
    """The host and port of a URL."""
    return printable(url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url, 100)


def _of_search(found: Found, document: Document) -> Head:
    answer, steps = document["capacity"], document["steps"]
    at_level = next((step for step in steps if step["level"] == answer["level"]), None)
    ttft = (at_level or {}).get("metrics", {}).get("ttft_ms") or {}
    ending = answer.get("ending")
    return Head(
        **_common(found, ".json", "capacity"),
        started_at=str(document.get("started_at") or _time_by_name(found.stem)),
        ended_at=None,
        state="cancelled" if ending == "interrupted" else "done",
        models=_names(
            name for name in (document["config"].get("model_name") or document["config"].get("model"),) if name
        ),
        providers=[host_of(str(document["config"].get("url", "")))],
        cells=len(steps),
        sent=sum(step["sent"] for step in steps),
        ok=sum(step["ok"] for step in steps),
        failed=sum(step["failed"] for step in steps),
        ttft_p50_ms=ttft.get("p50"),
        ttft_p95_ms=ttft.get("p95"),
        requests_per_s=(at_level or {}).get("requests_per_s"),
        tokens_per_s=(at_level or {}).get("output_tokens_per_s"),
        level=answer["level"],
        trust=(at_level or {}).get("trust") or None,
        has_report=".steps.jsonl" in found.endings,
    )


def _of_lines(found: Found, ending: str) -> Head:
    """A run, or a search, that left only its lines: of one that was killed, or one that wrote no summary."""
    with found.path(ending).open("rb") as file:
        first = orjson.loads(file.readline(8 << 20))
    kind = {RECORDS_SCHEMA: "run", CAPACITY_SCHEMA: "capacity"}.get(first["schema"])
    if kind is None:
        raise ValueError("no records of this tool")
    config = first["config"]
    return Head(
        **_common(found, ending, kind),
        started_at=str(first["started_at"]),
        ended_at=None,
        state="interrupted" if found.ours else "done",
        models=_names(name for name in (config.get("model_name") or config.get("model"),) if name),
        providers=[host_of(str(config.get("url", "")))],
        threads=config.get("threads"),
    )


def _kind_by_name(stem: str) -> str:
    return stem.partition("_")[0] if stem.startswith(("bench_", "capacity_")) else "run"


def _time_by_name(stem: str) -> str:
    digits = "".join(sign for sign in stem if sign.isdecimal())[:14]
    if len(digits) < 14:
        return ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:14]}Z"
