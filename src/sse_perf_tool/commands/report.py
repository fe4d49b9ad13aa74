"""`report`: rebuilds the outputs of a run from its records, or compares several runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ..arguments import Arguments
from ..console import Console
from ..formats import guess_from_url
from ..goals.compare import differences
from ..goals.thresholds import slos_of
from ..load.run import format_warnings, load_warnings
from ..metrics import Tally
from ..records import RunResult
from ..records.file import read_header, read_records
from ..report_generator import generate_compare_report
from ..trust import judge
from .environment import OK, SOME_FAILED, Environment
from .interrupts import interrupts
from .judging import judged_again
from .outputs import page_of, write_outputs, write_result
from .setup import console_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Rebuilds the outputs; failed requests of the run do not fail this command."""
    read = [read_back(path, arguments.lang, arguments.stall_ms) for path in arguments.files]
    results = [result for result, _ in read]
    console = console_of(arguments, environment)
    if len(results) > 1:
        return _compare(arguments, results, console, environment)
    ((result, seen_format),) = read
    result = judged_again(result)
    console.start(result.config, result.warnings, seen_format=seen_format)
    console.summary(result)
    console.errors(result.summary)
    console.findings(result)
    console.trust(result)
    console.goals(result)
    with interrupts(lambda: None):  # a file is written whole or not at all
        return OK if write_result(arguments, result, console, environment) else SOME_FAILED


def _compare(arguments: Arguments, results: Sequence[RunResult], console: Console, environment: Environment) -> int:
    """Compares each run with the first, on the console and on one page."""
    names = _shortest_names(arguments.files)
    compared = [differences(results[0], other) for other in results[1:]]
    console.comparison(results, names, compared)
    page = partial(generate_compare_report, results, names=names, compared=compared)
    return OK if write_outputs(page_of(arguments, console, page), None, console, environment) else SOME_FAILED


def _shortest_names(paths: Sequence[Path]) -> list[str]:
    """The last parts of each path, as few as tell all of them apart; all parts where a file was given twice."""
    deepest = max(len(path.parts) for path in paths)
    for count in range(1, deepest + 1):
        names = [str(Path(*path.parts[-count:])) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def read_back(path: Path, lang: str, stall_ms: float | None) -> tuple[RunResult, str]:
    """The run of a records file, to be shown in `lang`, and the format of most of its answers, "" if there are none.

    `stall_ms` replaces that of the run, if it is given.
    """
    header = read_header(path, lang)
    tally, seen = Tally(0, slos_of(header.config)), Counter[str]()
    for record in read_records(path, header, lang):
        tally.add(record)
        seen[record.format] += 1
    config = replace(header.config, lang=lang, stall_ms=stall_ms or header.config.stall_ms)
    parts = urlsplit(config.url)
    found = guess_from_url(parts.hostname or "", parts.path, stream=config.stream)
    guessed = found if config.format == "auto" else None
    warnings = (*header.warnings, *format_warnings(guessed, False, seen, lang))
    seen_format = max(seen, key=lambda name: (name != "", seen[name]), default="")
    result = judge(tally.result(config, header.started_unix_ns, warnings))
    warnings = (*warnings, *load_warnings(result, lang))
    return replace(result, warnings=warnings, calibration=header.calibration), seen_format
