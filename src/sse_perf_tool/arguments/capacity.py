"""The arguments of the capacity command: the range of the search, its goals, its steps, and a file to resume from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..capacity.file import TEXTS as FILE_TEXTS
from ..capacity.file import read_search, unlike
from ..capacity.search import StepPlan
from ..errors import UsageError
from ..flags import CAPACITY_FLAGS, capacity_checks
from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..goals.thresholds import Rule, Slo
from ..records import CapacitySearch, RunConfig
from ..texts import Texts, printable
from .config import shown_command
from .files import drop_files_of_runs
from .flag_values import FlagValues
from .output_paths import Now
from .parsed import Arguments, CapacityArguments
from .run import run_arguments
from .studio_folder import studio_folder_of

TEXTS: Texts = {
    **capacity_checks.TEXTS,
    **FILE_TEXTS,
    **RULE_TEXTS,
    "whole_threads": (
        "threads are whole numbers; correct it, or use --by rate (requests per second)",
        "线程数必须是整数；请给出整数，或用 --by rate 表示每秒请求数",
    ),
    "most_below_least": ("is below --min {least:g}; give a higher one", "小于 --min {least:g}，请给出更大的值"),
    "by_threads": (
        "is what the search varies, see --min and --max; leave it out, or search --by rate",
        "在此就是负载本身（见 --min 和 --max），请去掉，或改用 --by rate",
    ),
    "by_rate_only": ("only works with --by rate; add it, or leave this out", "只用于 --by rate，请加上它或去掉该参数"),
    "not_with_sweep": ("cannot go with --sweep; keep one of them", "不能与 --sweep 同用，请只留一个"),
}

ERRORS_RULE = "errors:rate<0.01"
"""A rule that each level must meet, unless another rule is about errors."""


def capacity_arguments(flags: FlagValues, environ: Mapping[str, str], now: Now) -> Arguments:
    """The arguments of a run without its load, and those of the search."""
    flags.refuse_rest()
    drop_files_of_runs(flags, CAPACITY_FLAGS)
    studio_folder = studio_folder_of(flags, "capacity")
    found = _search(flags)
    flags.defaults["threads"] = 1  # the settings are those of one answer; each step has its own load
    run = run_arguments(flags, environ, now, studio_folder)
    command = shown_command(["capacity", *flags.argv], run.masker)
    config = replace(run.config, slo=found.search.slo, command=command)
    for key, path in {"html_report": run.html_report, **run.exports}.items():
        if path is not None and found.resume is not None and path.resolve() == found.resume.resolve():
            raise flags.wrong("resume", "same_file", other=flags.name(key))
    return replace(run, command="capacity", config=config, capacity=_resumed(flags, found, config))


def _search(flags: FlagValues) -> CapacityArguments:
    """The settings of the search.  UsageError for flags that contradict each other."""
    by_threads = flags["by"] == "threads"
    _check_levels(flags, by_threads)
    demands: Sequence[Rule | Slo] = flags["slo"] or ()
    slo = tuple(each.text for each in demands if isinstance(each, Slo))
    rules = [each for each in demands if isinstance(each, Rule)]
    texts = [*([f"goodput:rate>={flags['slo_share']:g}"] if slo else ()), *(rule.text for rule in rules)]
    if not any(rule.subject == "errors" for rule in rules):
        texts.append(ERRORS_RULE)
    plan = StepPlan(
        step_s=flags["step_duration"],
        pause_s=flags["pause"],
        processes=flags.given.get("processes"),
        threads=flags.given.get("threads"),
    )
    number = int if by_threads else float
    least, most, *ladder = (number(level) for level in (flags["min"], flags["max"], *(flags["sweep"] or ())))
    search = CapacitySearch(flags["by"], least, most, tuple(ladder), tuple(texts), slo)
    resume = Path(flags["resume"]) if flags["resume"] else None
    return CapacityArguments(search, plan, resume)


def _check_levels(flags: FlagValues, by_threads: bool) -> None:
    if by_threads and "threads" in flags.given:
        raise flags.wrong("threads", "by_threads")
    if by_threads and "arrival" in flags.given:
        raise flags.wrong("arrival", "by_rate_only")
    for key in ("min", "max", "sweep"):
        levels = flags[key] if isinstance(flags[key], tuple) else (flags[key] or 1,)
        if by_threads and any(level != int(level) for level in levels):
            raise flags.wrong(key, "whole_threads")
    for key in ("min", "max"):
        if flags["sweep"] and key in flags.given:
            raise flags.wrong(key, "not_with_sweep")
    if flags["max"] < flags["min"]:
        raise flags.wrong("max" if "max" in flags.given else "min", "most_below_least", least=flags["min"])


def _resumed(flags: FlagValues, found: CapacityArguments, config: RunConfig) -> CapacityArguments:
    """The same, with the steps of the --resume file if it exists.  UsageError when that is of another search."""
    path = found.resume
    if path is None or not path.exists() or path.stat().st_size == 0:
        return found
    try:
        found_file = read_search(path, flags.language)
    except UsageError as error:
        raise UsageError(f"--resume {printable(str(error))}") from error
    if names := unlike(found_file.header, config, found.search):
        raise flags.wrong("resume", "other_search", names=", ".join(names))
    warnings = tuple(found_file.warnings(path, flags.language))
    return replace(found, steps=found_file.judged, resume_at=found_file.length, warnings=warnings)
