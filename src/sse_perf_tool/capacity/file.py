"""The steps of a search for capacity as JSON: the file of `--resume`, and the object of `--json`.

The file has a header line, then one line per step, written when the step ends.  It is the whole state of the search, so
a search is resumed by reading it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..records import CAPACITY_SCHEMA, Capacity, CapacitySearch, RunConfig, Stats, StepResult, ThresholdResult
from ..records.file import config_of, iso_utc
from ..texts import Texts, speaker
from .search import unjudged_step

TEXTS: Texts = {
    "unreadable": ("cannot be read ({reason}); check the path", "无法读取（{reason}），请检查路径"),
    "no_search": (
        "not a --resume file: line {line} is not a step; name another file",
        "不是 --resume 写的文件：第 {line} 行不是有效的步骤，请换一个文件",
    ),
    "other_search": (
        "has the steps of another search, with different {names}; name another file",
        "其中是另一次搜索的结果，不同之处：{names}；请换一个文件",
    ),
}

MAY_DIFFER = frozenset(
    {"threads", "processes", "rate_per_s", "duration_s", "warmup_s", "ramp_up_s", "stages", "stages_of", "cooldown_s",
     "requests", "flags", "lang", "command", "version", "host_info", "api_key", "seed"}
)  # fmt: skip
"""Settings that differ from step to step, and settings that do not change what is measured."""


@dataclass(frozen=True, slots=True)
class SearchHeader:
    """The first line: the settings that all steps share, and the settings of the search."""

    config: RunConfig
    search: CapacitySearch
    started_unix_ns: int


def header_line(header: SearchHeader) -> str:
    """The first line, without line end."""
    return json.dumps(
        {
            "schema": CAPACITY_SCHEMA,
            "started_at": iso_utc(header.started_unix_ns),
            "started_at_ns": header.started_unix_ns,
            "search": asdict(header.search),
            "config": asdict(header.config),
        },
        ensure_ascii=False,
    )


def step_document(step: StepResult) -> dict[str, Any]:
    """A step as an object: a line of the file, and an element of `steps`."""
    row = {field.name: getattr(step, field.name) for field in fields(step) if field.name != "started_unix_ns"}
    row |= {
        "started_at_ns": step.started_unix_ns,
        "passed": step.passed,
        "metrics": {name: asdict(stats) for name, stats in step.metrics.items()},
        "checks": [asdict(check) for check in step.checks],
    }
    return row


def step_line(step: StepResult) -> str:
    """A step as one line, without line end."""
    return json.dumps(step_document(step), ensure_ascii=False)


def step_of(row: Mapping[str, Any]) -> StepResult:
    """The step in a line; KeyError, TypeError or ValueError when there is none."""
    plain = {field.name: row[field.name] for field in fields(StepResult) if field.name in row}
    return StepResult(
        **{
            **plain,
            "started_unix_ns": int(row["started_at_ns"]),
            "metrics": {name: Stats(**stats) for name, stats in row["metrics"].items()},
            "checks": tuple(ThresholdResult(**check) for check in row["checks"]),
        }
    )


def read_search(path: Path, lang: str) -> tuple[SearchHeader, list[StepResult], int]:
    """The search in a file, its steps, and the length of its complete lines in bytes.  UsageError for another file.

    A last line without line end was cut off when a process was killed.  Steps that could not be judged are left out, so
    that they are measured again.
    """
    say = speaker(TEXTS, lang)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {say('unreadable', reason=error.strerror)}") from error
    whole = data[: data.rfind(b"\n") + 1]
    number = 1
    try:
        first, *lines = whole.decode("utf-8").splitlines() or [""]
        header = _header_of(json.loads(first))
        steps = []
        for number, line in enumerate(lines, 2):  # noqa: B007 - the number is for the error
            steps.append(step_of(json.loads(line)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: {say('no_search', line=number)}") from error
    while (unjudged := unjudged_step(steps)) is not None:
        steps.remove(unjudged)
    return header, steps, len(whole)


def _header_of(row: Mapping[str, Any]) -> SearchHeader:
    if row["schema"] != CAPACITY_SCHEMA:
        raise ValueError(row["schema"])
    search: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row["search"].items()
    }
    return SearchHeader(config_of(row["config"]), CapacitySearch(**search), int(row["started_at_ns"]))


def unlike(header: SearchHeader, config: RunConfig, search: CapacitySearch) -> list[str]:
    """The settings in which a search differs from that of a file, so that its steps cannot be used."""
    ours, theirs = (_comparable(*each) for each in ((config, search), (header.config, header.search)))
    return [name for name in ours if ours[name] != theirs[name]]


def _comparable(config: RunConfig, search: CapacitySearch) -> dict[str, Any]:
    settings = {name: value for name, value in asdict(config).items() if name not in MAY_DIFFER}
    # Through JSON, in which a tuple is a list.
    found: dict[str, Any] = json.loads(
        json.dumps({**settings, "by": search.by, "slo": search.slo, "rules": search.rules})
    )
    return found


def capacity_document(capacity: Capacity, config: RunConfig, said: Sequence[str]) -> dict[str, Any]:
    """The object of `--json`; `said` is the result in words, in English and Chinese."""
    steps = capacity.steps
    return {
        "schema": CAPACITY_SCHEMA,
        "config": asdict(config),
        "search": asdict(capacity.search),
        "started_at": iso_utc(steps[0].started_unix_ns) if steps else None,
        "capacity": {
            "level": capacity.level,
            "failing": capacity.failing,
            "ending": capacity.ending.value,
            "limit": capacity.limit.value if capacity.limit else None,
            "knee": capacity.knee,
            "edge_requests_per_s": capacity.edge_per_s,
            "answer_en": said[0],
            "answer_zh": said[1],
        },
        "steps": [step_document(step) for step in steps],
    }
