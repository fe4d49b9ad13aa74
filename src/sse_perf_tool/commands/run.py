"""A run: the load that was asked for, shown while it goes on, judged and written at its end."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from ..arguments import Arguments
from ..console import Console, SingleRequestNotices
from ..load.run import LoadRun
from ..records import RunResult
from ..records.writer import LineWriter, new_lines
from .calibrate import calibrated
from .environment import OK, SOME_FAILED, Environment
from .judging import judged, status_of
from .outputs import write_result
from .setup import console_of, interrupts, target_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Sends the load and gives the exit status that its result comes to."""
    console = console_of(arguments, environment)
    config = arguments.config
    single = config.threads == 1 and config.requests_wanted == 1
    console.start(config, arguments.warnings, arguments.format.name if arguments.format else None)
    with contextlib.ExitStack() as open_files:
        records = _records(arguments, console, open_files)
        calibration = calibrated(arguments, console)
        load = LoadRun(
            target_of(arguments),
            config,
            arguments.warnings,
            records,
            notice=SingleRequestNotices(console) if single and not arguments.quiet else None,
            on_abort=console.aborting,
            calibration=calibration,
        )

        def stop() -> None:
            load.stop()
            console.stopping(load.grace_s)

        with interrupts(stop):
            show_rows = not arguments.quiet
            result = load.run(
                lambda sample, totals: console.row(sample, totals, config) if show_rows else None,
                lambda number: console.tier(number, config) if show_rows else None,
            )

    result = judged(_with_records(result, records, console), arguments.baseline)
    if single and len(result.requests) == 1:
        console.answer(result.requests.details[0])
    else:
        console.summary(result)
        console.errors(result.summary)
        console.findings(result)
        console.trust(result)
    console.goals(result)
    for text in result.warnings:
        if not (single and text in arguments.warnings):  # on the same screen already
            console.warn(text)
    whole = write_result(arguments, result, console, environment, records)
    return status_of(result) or (OK if whole else SOME_FAILED)


def _records(arguments: Arguments, console: Console, open_files: contextlib.ExitStack) -> LineWriter | None:
    """The file of records, opened before the load starts so that a fault shows then; what befalls it later is said."""
    if arguments.records_file is None:
        return None
    records = open_files.enter_context(new_lines(arguments.records_file, arguments.lang))
    records.on_error = lambda error: console.warn(console.say("records_end", path=records.path, reason=error.strerror))
    if records.path != arguments.records_file:
        console.line(console.say("records_beside", path=arguments.records_file, beside=records.path))
    return records


def _with_records(result: RunResult, records: LineWriter | None, console: Console) -> RunResult:
    """The run with a warning if its records are not whole."""
    if records is None or records.error is None:
        return result
    said = console.say("records_partial", path=records.path, reason=records.error.strerror, missing=records.missing)
    return replace(result, records_partial=True, warnings=(*result.warnings, said))
