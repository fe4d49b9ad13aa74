"""`capacity`: load after load, until the highest that meets the demands is found."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from threading import Thread

from ..arguments import Arguments
from ..capacity.file import SearchHeader, capacity_document, header_line, step_line
from ..capacity.search import answer
from ..console import Console
from ..console.capacity import CapacityConsole
from ..load.capacity_run import CapacityRun
from ..records import Capacity, Ending, StepResult
from ..records.file import write_line
from ..report_generator import generate_capacity_report
from ..report_parts.capacity import sentence
from .environment import INTERRUPTED, MISSED, OK, SOME_FAILED, Environment
from .outputs import exports_of, json_bytes, page_of, write_outputs
from .setup import console_of, interrupts, opened, target_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Exit status 99 when no load meets the demands."""
    asked = arguments.capacity
    if asked is None:
        raise TypeError("the capacity command without a search")
    console, config, steps = console_of(arguments, environment), arguments.config, list(asked.steps)
    shown = CapacityConsole(console, asked.search, arguments.lang, rows=not arguments.quiet)
    search = CapacityRun(target_of(arguments), config, asked.search, asked.plan)
    with contextlib.ExitStack() as open_files:
        file = opened(open_files, asked.resume, asked.resume_at)
        if file is not None and not asked.resume_at:
            write_line(file, header_line(SearchHeader(config, asked.search, time.time_ns())))
        shown.start(config, steps, asked.resume)
        for text in arguments.warnings:
            console.warn(text)

        def done(step: StepResult) -> None:
            if file is not None:
                write_line(file, step_line(step))
            shown.step(step)

        # From another thread: the one interrupted may hold the locks that this takes.
        with interrupts(lambda: Thread(target=search.stop).start()):
            ending = search.run(steps, shown.on_start, done)
    found = answer(asked.search, steps, ending)
    for text in search.warnings:
        console.warn(text)
    shown.answer(found)
    whole = _write_capacity(arguments, found, console, environment)
    if ending is Ending.INTERRUPTED:
        return INTERRUPTED
    if found.level is None:
        return MISSED
    return OK if whole else SOME_FAILED


def _write_capacity(arguments: Arguments, found: Capacity, console: Console, environment: Environment) -> bool:
    """Writes the page and the JSON of a search."""

    def content(_name: str) -> bytes:
        return json_bytes(capacity_document(found, arguments.config, sentence(found)))

    outputs = page_of(arguments, console, partial(generate_capacity_report, found, arguments.config))
    outputs += exports_of(arguments, content)
    kept = arguments.capacity.resume if arguments.capacity else None
    return write_outputs(outputs, kept, console, environment, "steps")
