"""A run: sends the load, shows its progress, evaluates the goals and writes the outputs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..arguments import Arguments
from ..console import Console, SingleRequestNotices
from ..load.compression import CompressedRequest, worth_checking
from ..load.run import LoadRun
from ..metrics.compression import compression_check_of
from ..records import Calibration, IntervalSample, Outcome, RunResult
from ..records.file import server_line, workers_line
from ..records.writer import LineWriter, new_lines, said_of_left
from ..report_generator import generate_html_report
from ..test_runner import Snapshot
from .environment import OK, SOME_FAILED, Environment
from .feed import Feed
from .interrupts import interrupts
from .judging import judged, status_of
from .outputs import write_result
from .setup import Stopped, begun_telemetry, console_of, target_of, watching, workers_of
from .watched import watched

if TYPE_CHECKING:
    from ..profiling.watch import ServerWatch
    from ..test_runner import Snapshot


def main(arguments: Arguments, environment: Environment) -> int:
    """Sends the load and returns the exit status."""
    with contextlib.ExitStack() as stack:
        environment = watched(environment, arguments, "run", arguments.config.url, stack)
        result, whole = finished_run(arguments, environment)
        return environment.ended(status_of(result) or (OK if whole else SOME_FAILED))


class Around(NamedTuple):
    """What a command does around the load of a run."""

    after: Callable[[RunResult, int, Path | None], RunResult] = lambda result, *_: result
    """Called with the result, the start of the run (`time.perf_counter_ns`) and the file of its records, all of which
    are written, before anything is judged or shown."""
    show: Callable[[RunResult, Console], None] = lambda _result, _console: None
    """Called behind the summary."""
    page: Callable[..., Sequence[str]] = generate_html_report
    """Writes the HTML page."""


def finished_run(
    arguments: Arguments, environment: Environment, stopped: Stopped = interrupts, around: Around | None = None
) -> tuple[RunResult, bool]:
    """The result of the load, judged and shown, and whether all of its files could be written."""
    console = console_of(arguments, environment)
    ending = _Ending(console)
    with stopped(ending):
        return _finished_run(arguments, environment, console, ending, stopped, around or Around())


class _Ending:
    """Ends the load of a run when it is called, or as soon as there is one; nothing once all answers are there."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.asked = False
        """Whether it was called."""
        self._load: LoadRun | None = None
        self.check: CompressedRequest | None = None
        """The request behind the load, while it is under way: it ends at once."""

    def __call__(self) -> None:
        self.asked = True
        if self._load is not None:
            self._stop(self._load)
        if self.check is not None:
            self.check.cancel()

    def begin(self, load: LoadRun) -> None:
        """From now on there is a load to be ended."""
        self._load = load
        if self.asked:
            self._stop(load)

    def over(self) -> None:
        """The load has ended by itself."""
        self._load = None

    def _stop(self, load: LoadRun) -> None:
        load.stop()
        self._console.stopping(load.grace_s)


def _finished_run(
    arguments: Arguments, environment: Environment, console: Console, ending: _Ending, stopped: Stopped, around: Around
) -> tuple[RunResult, bool]:
    result, records = _sent(arguments, console, ending, stopped, around, environment.feed or Feed())
    console.working("evaluating")
    result = judged(_with_records(result, records, console), arguments.baseline)
    single = _is_single(arguments)
    if single and len(result.requests) == 1:
        console.answer(result.requests.details[0])
    else:
        console.summary(result)
        console.errors(result.summary)
        console.findings(result)
        console.trust(result)
        console.workers(result)
    around.show(result, console)
    console.goals(result)
    for text in result.warnings:
        if not (single and text in arguments.warnings):  # on the same screen already
            console.warn(text)
    return result, write_result(arguments, result, console, environment, records, around.page)


def _is_single(arguments: Arguments) -> bool:
    """Whether it is one request, whose answer is shown in place of a summary."""
    return arguments.config.threads == 1 and arguments.config.requests_wanted == 1


def _calibration(arguments: Arguments, console: Console, stopped: Stopped) -> Calibration | None:
    """The tool's error at the load of the run, if --calibrate was given."""
    if arguments.config.calibrate_itl_ms is None:
        return None
    from .calibrate import calibrated  # only here: most runs have no need of it

    return calibrated(arguments, console, stopped)


def _sent(
    arguments: Arguments, console: Console, ending: _Ending, stopped: Stopped, around: Around, feed: Feed
) -> tuple[RunResult, LineWriter | None]:
    """Sends the load and shows its progress: the result, and the file of its records."""
    config, show_rows = arguments.config, not arguments.quiet
    guessed = arguments.format.name if arguments.format else None
    console.start(config, arguments.warnings, guessed, notes=arguments.notes)
    with contextlib.ExitStack() as open_files:
        records = _records(arguments, console, open_files)
        calibration = _calibration(arguments, console, stopped)
        target = target_of(arguments)
        groups = open_files.enter_context(workers_of(arguments, console, lambda: ending.asked))
        telemetry = begun_telemetry(arguments, console, open_files)
        load = LoadRun(
            target,
            config,
            arguments.warnings,
            telemetry.tee(records),
            notice=SingleRequestNotices(console) if _is_single(arguments) and show_rows else None,
            on_abort=console.aborting,
            calibration=calibration,
            groups=groups,
        )

        def rows_wanted(totals: Snapshot) -> bool:
            # A single answer that comes has a row for each of its blocks.
            return show_rows and not (_is_single(arguments) and totals.chunks)

        ending.begin(load)

        def at_second(sample: IntervalSample, totals: Snapshot) -> None:
            feed.second(sample, totals)
            telemetry.second(sample)
            if rows_wanted(totals):
                console.row(sample, totals, config)

        def at_tier(number: int) -> None:
            feed.tell("tier", number=number, context_tokens=config.context_tiers[number])
            if show_rows:
                console.tier(number, config)

        feed.load(config, arguments.exports.get("json"), None if records is None else records.path)
        with watching(arguments) as server:
            result = load.run(at_second, at_tier)
            ending.over()
        telemetry.second(load.last_second)
        telemetry.close()
        result = replace(result, warnings=(*result.warnings, *telemetry.warnings()))
        if worth_checking(target, config, result) and (arguments.workers is None or arguments.workers.local):
            check = CompressedRequest(target)
            ending.check = check
            result = _with_compression_check(result, check, load, records, console if show_rows else None)
            ending.check = None
        if records is not None and result.workers:
            records.write(workers_line(result.workers, result.missing_requests))
        if server is not None:
            result = _with_server(result, server, load, records)
    return around.after(result, load.origin.ns, None if records is None else records.path), records


def _with_server(result: RunResult, server: ServerWatch, load: LoadRun, records: LineWriter | None) -> RunResult:
    """The run with what the server said of itself meanwhile."""
    found = server.metrics(load.origin.ns)
    if records is not None:
        records.write(server_line(found))
    return replace(result, server_metrics=found, warnings=(*result.warnings, *server.warnings(found)))


def _with_compression_check(
    result: RunResult, check: CompressedRequest, load: LoadRun, records: LineWriter | None, console: Console | None
) -> RunResult:
    """The run with what clients that accept compressed answers get, if that is another thing."""
    if console is not None:
        console.writer.gap()
        console.line(console.say("compression_check"))
    record = check.send(max(result.requests["request_id"], default=0) + 1)
    if record.outcome is Outcome.CANCELLED:
        return result
    found = compression_check_of(record, result.requests)
    if not found.shows:
        return result
    if records is not None:
        records.write_request(record, load.origin.unix_ns - load.origin.ns)
    return replace(result, compression_check=found)


def _records(arguments: Arguments, console: Console, open_files: contextlib.ExitStack) -> LineWriter | None:
    """The file of records, opened before the load starts so that a fault shows then; what befalls it later is said."""
    if arguments.records_file is None:
        return None
    records = open_files.enter_context(new_lines(arguments.records_file, arguments.lang))
    records.on_error = lambda error: console.warn(console.say("records_end", path=records.path, reason=error))
    if records.left:
        console.warn(said_of_left(arguments.records_file, records.left, arguments.lang))
    if records.path != arguments.records_file:
        console.line(console.say("records_beside", path=arguments.records_file, beside=records.path))
    return records


def _with_records(result: RunResult, records: LineWriter | None, console: Console) -> RunResult:
    """The run with a warning if its records are not whole."""
    if records is None or records.error is None:
        return result
    said = console.say("records_partial", path=records.path, reason=records.error, missing=records.missing)
    return replace(result, records_partial=True, warnings=(*result.warnings, said))
