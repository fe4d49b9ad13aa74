"""`report`: rebuilds the outputs of a run from its records, or compares several runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..arguments import Arguments
from ..console import Console
from ..formats import guess_from_url
from ..goals.compare import differences
from ..goals.past_run import read_run
from ..load.run import format_warnings, load_warnings
from ..profiling.report.lines import show_profile
from ..records import RunResult
from ..records.writer import left_behind, said_of_left
from ..report_generator import generate_compare_report, generate_html_report
from ..trust import judge
from .environment import OK, SOME_FAILED, Environment
from .interrupts import interrupts
from .judging import judged_again
from .messages import in_language
from .outputs import page_of, write_outputs, write_result
from .setup import console_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Rebuilds the outputs; failed requests of the run do not fail this command."""
    console = console_of(arguments, environment)
    read = [read_back(path, arguments.lang, arguments.stall_ms, console.reading(path.name)) for path in arguments.files]
    console.working("evaluating")
    if len(read) > 1:
        damage = [text for _, _, damage in read for text in damage]
        return _compare(arguments, [result for result, _, _ in read], damage, console, environment)
    ((result, seen_format, _),) = read
    page: Callable[..., Sequence[str]] = generate_html_report
    if arguments.profile_folder is not None:
        result, page = _with_profile(result, arguments.profile_folder)
    result = judged_again(result)
    console.start(result.config, result.warnings, seen_format=seen_format)
    if len(result.requests) == 1:
        console.answer(result.requests.details[0])
    else:
        console.summary(result)
        console.errors(result.summary)
    console.findings(result)
    console.trust(result)
    console.workers(result)
    if result.profile is not None:
        show_profile(console.writer, result.profile)
    console.goals(result)
    with interrupts(lambda: None):  # a file is written whole or not at all
        return OK if write_result(arguments, result, console, environment, page=page) else SOME_FAILED


def _with_profile(result: RunResult, folder: Path) -> tuple[RunResult, Callable[..., Sequence[str]]]:
    """The run with the profile of a folder, and what writes its page.  UsageError when it cannot be read."""
    from ..profiling import folder as folders
    from ..profiling.report.page import write_page

    profile, drawn = folders.read_back(folder, result)

    def page(result: RunResult, path: Path, **how: Any) -> Sequence[str]:
        return write_page(result, drawn, path, **how)

    return replace(result, profile=profile), page


def _compare(
    arguments: Arguments,
    results: Sequence[RunResult],
    damage: Sequence[str],
    console: Console,
    environment: Environment,
) -> int:
    """Compares each run with the first, on the console and on one page; `damage` is what to say of their files."""
    names = _shortest_names(arguments.files)
    compared = [differences(results[0], other) for other in results[1:]]
    console.comparison(results, names, compared)
    for text in damage:
        console.warn(text)
    page = partial(generate_compare_report, results, names=names, compared=compared, warnings=damage)
    return OK if write_outputs(page_of(arguments, console, page), None, console, environment) else SOME_FAILED


def _shortest_names(paths: Sequence[Path]) -> list[str]:
    """The last parts of each path, as few as tell all of them apart; all parts where a file was given twice."""
    deepest = max(len(path.parts) for path in paths)
    for count in range(1, deepest + 1):
        names = [str(Path(*path.parts[-count:])) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


class ReadBack(NamedTuple):
    """A run from its records."""

    result: RunResult
    format: str
    """That of most of its answers, "" if there are none."""
    damage: tuple[str, ...]
    """What is to be said of the file; it stands among the warnings of the result, too."""


def read_back(
    path: Path, lang: str, stall_ms: float | None, on_progress: Callable[[int], None] | None = None
) -> ReadBack:
    """The run of a records file, to be shown in `lang`.

    `stall_ms` replaces that of the run, if it is given.
    """
    past = read_run(path, lang, on_progress=on_progress)
    header, seen = past.header, past.formats
    config = replace(header.config, lang=lang, stall_ms=stall_ms or header.config.stall_ms)
    parts = urlsplit(config.url)
    found = guess_from_url(parts.hostname or "", parts.path, stream=config.stream)
    guessed = found if config.format == "auto" else None
    left = left_behind(path)
    said = (*past.warnings, said_of_left(path, left, lang)) if left else past.warnings
    kept = (in_language(text, lang) for text in header.warnings)
    warnings = (*said, *kept, *format_warnings(guessed, False, seen, lang))
    seen_format = max(seen, key=lambda name: (name != "", seen[name]), default="")
    result = judge(past.result(config, warnings))
    warnings = (*warnings, *load_warnings(result, lang))
    whole = replace(result, warnings=warnings, calibration=header.calibration)
    return ReadBack(whole, seen_format, said)
