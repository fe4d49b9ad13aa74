"""What a job would send: its cells, its requests, the tokens that they may cost at most."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from ...bench.config import BenchConfig
from ...bench.demo import demo_providers
from ...bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ...bench.endpoint import Wish
from ...bench.order import lanes_of
from ...bench.plan import TEXTS as PLAN_TEXTS
from ...bench.plan import Cell, Selection, plan_of
from ...bench.plan import title_of as models_title
from ...flags import PROGRAM
from ...texts import printable, speaker
from ..contract.jobs import BenchAsked, CapacityAsked, JobAsked, Plan, PlannedCell, PlannedLane, RunAsked
from .load import load_arguments
from .selection import bench_words, selected


def planned(asked: JobAsked, config: BenchConfig, environ: Mapping[str, str], lang: str) -> Plan:
    """What the job would do.  UsageError for what the command line would refuse."""
    if isinstance(asked, BenchAsked):
        return _bench(asked, config, environ, lang)
    return _load(asked, config, environ, lang)


def cells_of(
    asked: BenchAsked, config: BenchConfig, environ: Mapping[str, str], lang: str
) -> tuple[BenchConfig, list[Cell]]:
    """The config that is measured, and its cells."""
    whole = demo_providers("http://127.0.0.1:1", lang) if asked.demo else selected(config, asked.models, lang)
    defaults = whole.defaults
    temperature = defaults.temperature if asked.temperature is None else asked.temperature
    wish = Wish(asked.max_tokens or defaults.max_tokens, temperature, asked.via == "litellm")
    tiers = tuple(dict.fromkeys(asked.context_tiers or defaults.context_tiers))
    say = speaker({**PLAN_TEXTS, **ENDPOINT_TEXTS}, lang)
    return whole, plan_of(whole, Selection((), (), tiers, wish), environ, say)


def _bench(asked: BenchAsked, config: BenchConfig, environ: Mapping[str, str], lang: str) -> Plan:
    whole, cells = cells_of(asked, config, environ, lang)
    each = ((asked.runs or whole.defaults.runs) + 1) * asked.threads
    measured = [cell for cell in cells if cell.skipped is None]
    tokens = sum(each * (cell.context_tokens + (cell.endpoint.wish.max_tokens or 0)) for cell in measured)
    lanes = lanes_of(cells, asked.order)
    return Plan(
        kind="bench",
        cells=[PlannedCell.model_validate(cell.row) for cell in cells],
        requests=each * len(measured),
        max_tokens=tokens,
        lanes=[PlannedLane(name=lane.name, requests=each * sum(map(len, lane.groups))) for lane in lanes],
        command=printable(shlex.join([PROGRAM, *bench_words(asked, lang)]), 4000),
        warnings=[*whole.warnings, *dict.fromkeys(note for cell in measured for note in cell.endpoint.notes)],
    )


def _load(asked: RunAsked | CapacityAsked, config: BenchConfig, environ: Mapping[str, str], lang: str) -> Plan:
    found = load_arguments(asked, config, environ, lang)
    return Plan(
        kind=asked.kind,
        cells=[],
        requests=None if asked.kind == "capacity" else found.config.requests_wanted,
        max_tokens=None,
        lanes=[],
        command=found.config.command,
        warnings=list(found.warnings),
    )


def title_of(asked: JobAsked, plan: Plan) -> str:
    """What a person calls the job: the same in both languages."""
    if isinstance(asked, BenchAsked):
        shown = models_title(f"{cell.provider} / {cell.model}" for cell in plan.cells if cell.skipped is None)
        return printable(shown, 200)
    target = asked.target
    if target.kind == "demo":
        return "demo"
    return printable(f"{target.provider_key} / {target.model_id}" if target.kind == "model" else _host(target.url), 200)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
