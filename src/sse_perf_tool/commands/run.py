"""A run: the load that was asked for, shown while it goes on, judged and written at its end."""

from __future__ import annotations

import contextlib

from ..arguments import Arguments
from ..console import SingleRequestNotices
from ..load.run import LoadRun
from .calibrate import calibrated
from .environment import OK, SOME_FAILED, Environment
from .judging import judged, status_of
from .outputs import write_result
from .setup import console_of, interrupts, opened, target_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Sends the load and gives the exit status that its result comes to."""
    console = console_of(arguments, environment)
    config = arguments.config
    single = config.threads == 1 and config.requests_wanted == 1
    console.start(config, arguments.warnings, arguments.format.name if arguments.format else None)
    calibration = calibrated(arguments, console)
    with contextlib.ExitStack() as open_files:
        records = opened(open_files, arguments.records_file)
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

    result = judged(result, arguments.baseline)
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
    whole = write_result(arguments, result, console, environment)
    return status_of(result) or (OK if whole else SOME_FAILED)
