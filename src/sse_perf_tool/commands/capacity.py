"""`capacity`: searches for the highest load that meets the goals."""

from __future__ import annotations

import contextlib
import time
from functools import partial

from ..arguments import Arguments
from ..arguments.parsed import CapacityArguments
from ..capacity.file import SearchHeader, capacity_document, header_line, step_document, step_line
from ..capacity.search import StepTimes, answer
from ..console import Console
from ..console.capacity import CapacityConsole
from ..load.capacity_run import CapacityRun
from ..records import Capacity, Ending, IntervalSample, RunConfig, StepResult
from ..records.writer import LineWriter, more_lines
from ..report_generator import generate_capacity_report
from ..report_parts.capacity import sentence
from ..test_runner import OnSample, Snapshot
from .environment import INTERRUPTED, MISSED, OK, PARTIAL, SOME_FAILED, Environment
from .feed import Feed
from .interrupts import interrupts
from .outputs import exports_of, json_bytes, page_of, write_outputs
from .setup import begun_telemetry, console_of, target_of, watching, workers_of
from .watched import watched


def main(arguments: Arguments, environment: Environment) -> int:
    """Runs the search; exit status 99 when no load meets the goals."""
    with contextlib.ExitStack() as stack:
        environment = watched(environment, arguments, "capacity", arguments.config.url, stack)
        return environment.ended(_searched(arguments, environment))


def _searched(arguments: Arguments, environment: Environment) -> int:
    asked = arguments.capacity
    if asked is None:
        raise TypeError("the capacity command without a search")
    console, config, steps = console_of(arguments, environment), arguments.config, list(asked.steps)
    shown = CapacityConsole(console, asked.search, arguments.lang, rows=not arguments.quiet)
    feed = environment.feed or Feed()
    feed.load(config, arguments.exports.get("json"))
    with contextlib.ExitStack() as open_files:
        server = open_files.enter_context(watching(arguments))
        told = server.metrics if server is not None else None
        groups = open_files.enter_context(workers_of(arguments, console, lambda: False))
        telemetry = begun_telemetry(arguments, console, open_files)
        search = CapacityRun(target_of(arguments), config, asked.search, asked.plan, told, groups, telemetry.tee(None))
        file = _steps_file(arguments, asked, console, open_files)
        shown.start(config, steps, asked.resume)
        for text in (*arguments.warnings, *asked.warnings):
            console.warn(text)

        def begun(level: float, times: StepTimes, step_config: RunConfig) -> OnSample:
            row = shown.on_start(level, times, step_config)
            feed.tell("step_begin", level=level, seconds=round(step_config.duration_s, 3))

            def at_second(sample: IntervalSample, totals: Snapshot) -> None:
                feed.second(sample, totals, level)
                telemetry.second(sample)
                row(sample, totals)

            return at_second

        def done(step: StepResult) -> None:
            if file is not None:
                file.write(step_line(step))
            feed.tell("step", **step_document(step))
            shown.step(step)

        with interrupts(search.stop):
            ending = search.run(steps, begun, done)
    found = answer(asked.search, steps, ending)
    for text in (*search.warnings, *telemetry.warnings()):
        console.warn(text)
    if file is not None and file.error is not None:
        said = {"path": file.path, "reason": file.error, "missing": file.missing}
        console.warn(console.say("steps_partial", **said))
    shown.answer(found)
    with interrupts(lambda: None):  # what was measured is written, whatever comes
        whole = _write_capacity(arguments, found, file, console, environment)
    if ending is Ending.INTERRUPTED:
        return INTERRUPTED
    if found.level is None:
        return MISSED
    if file is not None and file.error is not None:
        return PARTIAL
    return OK if whole else SOME_FAILED


def _steps_file(
    arguments: Arguments, asked: CapacityArguments, console: Console, open_files: contextlib.ExitStack
) -> LineWriter | None:
    """The file of --resume behind the steps that it holds, with its header; what befalls it later is said."""
    if asked.resume is None:
        return None
    file = open_files.enter_context(more_lines(asked.resume, asked.resume_at, arguments.lang))
    file.on_error = lambda error: console.warn(console.say("steps_end", path=file.path, reason=error))
    if not asked.resume_at:
        file.write(header_line(SearchHeader(arguments.config, asked.search, time.time_ns())))
    return file


def _write_capacity(
    arguments: Arguments, found: Capacity, steps: LineWriter | None, console: Console, environment: Environment
) -> bool:
    """Writes the page and the JSON of a search."""

    def content(_name: str) -> bytes:
        return json_bytes(capacity_document(found, arguments.config, sentence(found)))

    outputs = page_of(arguments, console, partial(generate_capacity_report, found, arguments.config))
    outputs += exports_of(arguments, content, environment)
    return write_outputs(outputs, steps, console, environment, "steps")
