"""The steps of a search for capacity as JSON: the file of `--resume`, and the object of `--json`.

The file has a header line, then one line per step, written when the step ends.  It is the whole state of the search, so
a search is resumed by reading it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..records import CAPACITY_SCHEMA, Capacity, CapacitySearch, RunConfig, Stats, StepResult, ThresholdResult
from ..records.checked import UnfitError, counted, fitting, noun_of
from ..records.file import config_of, iso_utc
from ..records.reader import NO_RECORD as DAMAGED
from ..texts import Texts, printable, speaker
from .search import without_verdict

TEXTS: Texts = {
    "unreadable": ("cannot be read ({reason}); check the path", "无法读取（{reason}），请检查路径"),
    "no_search": (
        "not a --resume file, or its first line is damaged; name another file",
        "不是 --resume 写的文件，或第一行已损坏，请换一个文件",
    ),
    "skipped": (
        "damaged lines skipped: {count}, the first is line {number}; their steps are measured again",
        "跳过的损坏行数：{count}，第一处在第 {number} 行；将重新测量这些步骤",
    ),
    "other_search": (
        "has the steps of another search, with different {names}; name another file",
        "其中是另一次搜索的结果，不同之处：{names}；请换一个文件",
    ),
}

MAY_DIFFER = frozenset(
    {"threads", "processes", "rate_per_s", "duration_s", "warmup_s", "ramp_up_s", "stages", "stages_of", "cooldown_s",
     "requests", "flags", "lang", "command", "version", "host_info", "host", "api_key", "seed"}
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
    """The step that a line was made from; KeyError, TypeError or ValueError when it is none."""
    parts: dict[str, Any] = {
        "started_unix_ns": counted(row, "started_at_ns", 2**63 - 1),
        "metrics": {name: noun_of(Stats, stats) for name, stats in row["metrics"].items()},
        "checks": tuple(noun_of(ThresholdResult, check) for check in row["checks"]),
    }
    plain, unfit = fitting(StepResult, {name: value for name, value in row.items() if name not in parts}, least=0)
    if unfit:
        raise UnfitError(unfit[0])
    return StepResult(**plain, **parts)


class SearchFile(NamedTuple):
    """A search as its file tells it."""

    header: SearchHeader
    steps: list[StepResult]
    length: int
    """Up to which byte its lines are whole."""
    skipped: int = 0
    """Damaged lines: their steps are measured again."""
    first_skipped: int = 0
    """The number of the first of them."""

    @property
    def judged(self) -> tuple[StepResult, ...]:
        """The steps that have a verdict, from which a search goes on: the others are to be measured again."""
        steps = list(self.steps)
        while silent := without_verdict(steps):
            steps.remove(silent[0])
        return tuple(steps)

    def warnings(self, path: Path, lang: str) -> list[str]:
        """What is to be said of a file that is damaged."""
        if not self.skipped:
            return []
        numbers = {"count": self.skipped, "number": self.first_skipped}
        return [f"--resume {printable(str(path))}: {speaker(TEXTS, lang)('skipped', **numbers)}"]


def read_search(path: Path, lang: str) -> SearchFile:
    """The search in a file.  UsageError when it is none, or its header is damaged.

    A last line without line end is what a killed process leaves behind.  Lines that are no steps are skipped: they are
    to be measured again.
    """
    say = speaker(TEXTS, lang)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {say('unreadable', reason=error)}") from error
    length = data.rfind(b"\n") + 1
    first, *lines = data[:length].split(b"\n")
    try:
        header = _header_of(json.loads(first))
    except DAMAGED as error:
        raise UsageError(f"{path}: {say('no_search')}") from error
    steps, skipped = [], []
    for number, line in enumerate(lines[:-1], 2):
        if (step := _readable_step(line)) is None:
            skipped.append(number)
        else:
            steps.append(step)
    return SearchFile(header, _standing(header.search, steps), length, len(skipped), min(skipped, default=0))


def _standing(search: CapacitySearch, steps: list[StepResult]) -> list[StepResult]:
    """The steps without those that had no verdict and were measured again when the search was resumed.

    A search ends at a step without a verdict, so that one that others follow was measured again; a ladder goes on.
    """
    silent = without_verdict(steps)

    def again(number: int, step: StepResult) -> bool:
        return any(not search.ladder or later.level == step.level for later in steps[number:])

    return [step for number, step in enumerate(steps, 1) if step not in silent or not again(number, step)]


def _readable_step(line: bytes) -> StepResult | None:
    try:
        return step_of(json.loads(line))
    except DAMAGED:
        return None


def _header_of(row: Mapping[str, Any]) -> SearchHeader:
    if row["schema"] != CAPACITY_SCHEMA:
        raise ValueError(row["schema"])
    search = {name: tuple(value) if isinstance(value, list) else value for name, value in row["search"].items()}
    return SearchHeader(config_of(row["config"]), noun_of(CapacitySearch, search), counted(row, "started_at_ns", 2**63))


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
