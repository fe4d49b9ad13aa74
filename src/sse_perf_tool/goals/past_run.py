"""A run of the past, read back from its records as far as they go, for whoever makes something of it again."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..metrics import Tally
from ..records import RunConfig, RunResult, ServerMetrics, WorkerFacts
from ..records.file import RecordsHeader
from ..records.reader import Damage, read_header, read_parts
from ..records.rows import Rows
from ..texts import Say, speaker
from .thresholds import TEXTS, Slo, parse_rule, parse_slo


@dataclass(frozen=True, slots=True)
class PastRun:
    """What a records file tells of its run."""

    header: RecordsHeader
    tally: Tally
    formats: Counter[str]
    """Format -> how many answers were of it."""
    damage: Damage
    warnings: tuple[str, ...]
    """What is to be said of the file itself, in the language it was read in."""
    server_metrics: ServerMetrics | None = None
    workers: tuple[WorkerFacts, ...] = ()
    missing_requests: int = 0

    def result(self, config: RunConfig | None = None, warnings: Sequence[str] = ()) -> RunResult:
        """The result of the run, with other settings and more `warnings` if they are given."""
        found = self.tally.result(config or self.header.config, self.header.started_unix_ns, warnings)
        return replace(
            found,
            skipped_lines=self.damage.lines,
            server_metrics=self.server_metrics,
            workers=self.workers,
            missing_requests=self.missing_requests,
            partial=any(each.lost for each in self.workers),
        )


def read_run(
    path: Path, lang: str, slos: Sequence[Slo] | None = None, on_progress: Callable[[int], None] | None = None
) -> PastRun:
    """Reads a records file; `slos` take the place of those of its header.  UsageError when it is none.

    `on_progress` hears now and then how many requests have been read.
    """
    damage = Damage()
    header = _with_rules(read_header(path, lang, damage), lang, damage)
    if slos is None:
        slos = [parse_slo(text, speaker(TEXTS, lang)) for text in header.config.slo]
    tally, formats, server = Tally(0, slos), Counter[str](), list[ServerMetrics]()
    workers: list[tuple[tuple[WorkerFacts, ...], int]] = []
    with _fewer_collections():
        for part in read_parts(path, header, lang, damage, server.append, lambda *found: workers.append(found)):
            if isinstance(part, Rows):
                tally.add_rows(part)
                formats.update(part.formats)
            else:
                tally.add(part)
                formats[part.format] += 1
            if on_progress is not None:
                on_progress(formats.total())
    said = tuple(damage.warnings(path, lang))
    told, missing = workers[-1] if workers else ((), 0)
    return PastRun(header, tally, formats, damage, said, server[-1] if server else None, told, missing)


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Looks for garbage less often meanwhile: a line makes many objects, and none that refer to each other."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 50_000) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _with_rules(header: RecordsHeader, lang: str, damage: Damage) -> RecordsHeader:
    """The header without rules that are none; their names go into `damage`."""
    say = speaker(TEXTS, lang)
    kept: dict[str, Any] = {}
    for name, parse in (("slo", parse_slo), ("thresholds", parse_rule)):
        texts: Sequence[str] = getattr(header.config, name)
        kept[name] = [text for text in texts if is_rule(text, parse, say)]
        if len(kept[name]) == len(texts):
            kept[name] = texts  # as it was: a list or a tuple
        else:
            damage.header += (name,)
    return replace(header, config=replace(header.config, **kept))


def is_rule(text: str, parse: Callable[[str, Say], Any], say: Say) -> bool:
    """Whether `parse` takes a text for a rule."""
    try:
        parse(text, say)
    except UsageError:
        return False
    return True
