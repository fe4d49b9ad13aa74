"""The door: what the command line asks for, done in order, and the exit status.

0 all well; 1 some request failed; 2 wrong usage; 4 a process of the tool was lost, so the result is only a part; 99 a
threshold was missed, the run is worse than its baseline, or a rule ended it; 130 interrupted (everything is written all
the same).  With thresholds or a baseline these decide, and failed requests alone are no reason for 1.
Heavy modules are imported by the command that needs them, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import FileIO
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TextIO

from .arguments import PROGRAM, Arguments, parse_arguments
from .errors import UsageError
from .flags import COMMAND
from .output_paths import unused
from .texts import LANGUAGES

if TYPE_CHECKING:
    from .baseline import Baseline
    from .calibration.measure import Calibrator
    from .console import Console
    from .records import Calibration, Capacity, RunResult
    from .target import Target

OK, SOME_FAILED, WRONG_USAGE, PARTIAL, MISSED, INTERRUPTED = 0, 1, 2, 4, 99, 130

Output = tuple[str, Path, Callable[[Path], Sequence[str]]]
"""What the console calls a file, where it goes, and what writes it and gives notes for the console."""


@dataclass(frozen=True, slots=True)
class World:
    """What a command may touch besides its arguments; a test passes its own."""

    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]

    @classmethod
    def real(cls) -> World:
        """The process's own streams and environment; what is written to a closed stream is lost."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that lacks a character is no reason to stop
        return cls(_or_nowhere(sys.stdout), _or_nowhere(sys.stderr), os.environ)


def _or_nowhere(stream: TextIO | None) -> TextIO:
    """A standard stream that was closed (`>&-`) is None."""
    return Path(os.devnull).open("w", encoding="utf-8") if stream is None else stream


def main(argv: Sequence[str] | None = None, world: World | None = None) -> int:
    """Does what `argv` (without the program's name) asks for and gives the exit status."""
    if world is None:
        world = World.real()
        try:
            return main(argv, world)
        finally:
            _let_go_of(world.stdout)
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv, world.environ)
        status = SOME_FAILED
        with _unwritten_is_said("", world):  # a full disk under what is written during the run
            status = COMMANDS[arguments.command](arguments, world)
    except UsageError as error:
        print(f"{PROGRAM}: {error}", file=world.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _let_go_of(stream: TextIO) -> None:
    """What a reader that has gone (`| head -1`) will not read must not fail the process when it ends."""
    try:
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _show(arguments: Arguments, world: World) -> int:
    world.stdout.write(arguments.text)
    return OK


def _serve(arguments: Arguments, _world: World) -> int:
    from .chat_server import main as serve

    return serve(list(arguments.rest), prog=f"{PROGRAM} serve", tool=COMMAND)


def _demo(arguments: Arguments, world: World) -> int:
    from .chat_server import MISSING

    try:
        from .chat_server.run import BackgroundServer
    except ModuleNotFoundError as error:
        raise UsageError(f"--demo: {MISSING[arguments.lang]}") from error
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(BackgroundServer())
        except RuntimeError as error:
            raise UsageError(f"--demo: {error}") from error
        return _run(arguments.at("127.0.0.1", server.port), world)


def _debug(arguments: Arguments, world: World) -> int:
    from .console import debug_trace
    from .records import Outcome
    from .tester import SSETester

    console = _console(arguments, world)
    console.start(arguments.config, arguments.warnings, arguments.format.name if arguments.format else None)
    tester = SSETester(_target(arguments), 1, trace=debug_trace(console, arguments.masker))
    # From another thread: the one interrupted may hold the locks that this takes.
    with _interrupts(lambda: Thread(target=tester.cancel).start()):
        record = tester.test_streaming(1)
    console.answer(record)
    if record.outcome is Outcome.CANCELLED:
        return INTERRUPTED
    return OK if record.outcome is Outcome.OK else SOME_FAILED


def _calibrator(arguments: Arguments) -> Calibrator:
    from .calibration.measure import Calibrator

    itl_ms = arguments.config.calibrate_itl_ms or 0.0
    return Calibrator(itl_ms, arguments.processes, os.cpu_count() or 1, arguments.lang)


def _calibrate(arguments: Arguments, world: World) -> int:
    from .calibration.command import calibrate, to_json

    console, calibrator = _console(arguments, world), _calibrator(arguments)
    with _interrupts(calibrator.stop):
        document = calibrate(arguments.config, calibrator, arguments.quick, console.line)

    def export(path: Path) -> Sequence[str]:
        path.write_bytes(to_json(document))
        return ()

    outputs = [("JSON", path, export) for path in arguments.exports.values()]
    return OK if _write(outputs, None, console, world) else SOME_FAILED


def _calibrated(arguments: Arguments, console: Console) -> Calibration | None:
    """The tool's own error at the load of the run, if it was asked for, and two lines of it on the console."""
    from .calibration import words

    if arguments.config.calibrate_itl_ms is None:
        return None
    calibrator = _calibrator(arguments)
    with _interrupts(calibrator.stop):
        found = calibrator.measure(arguments.config.threads)
    for line in words.summary(found, arguments.lang):
        console.line(line)
    return found


def _run(arguments: Arguments, world: World) -> int:
    from .console import SingleRequestNotices
    from .load_run import LoadRun

    console = _console(arguments, world)
    config = arguments.config
    single = config.threads == 1 and config.requests_wanted == 1
    console.start(config, arguments.warnings, arguments.format.name if arguments.format else None)
    calibration = _calibrated(arguments, console)
    with contextlib.ExitStack() as open_files:
        records = _opened(open_files, arguments.records_file)
        load = LoadRun(
            _target(arguments),
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

        with _interrupts(stop):
            show_rows = not arguments.quiet
            result = load.run(
                lambda sample, totals: console.row(sample, totals, config) if show_rows else None,
                lambda number: console.tier(number, config) if show_rows else None,
            )

    result = _judged(result, arguments.baseline)
    if single and len(result.requests) == 1:
        console.answer(result.requests.details[0])
    else:
        console.summary(result)
        console.errors(result.summary)
        console.trust(result)
    console.goals(result)
    for text in result.warnings:
        if not (single and text in arguments.warnings):  # on the same screen already
            console.warn(text)
    whole = _write_outputs(arguments, result, console, world)
    return _status_of(result) or (OK if whole else SOME_FAILED)


def _judged(result: RunResult, old: Baseline | None) -> RunResult:
    """The run with its thresholds and its baseline held against it."""
    from .baseline import held_against
    from .thresholds import judged
    from .trust import held

    result = held(judged(result))
    return result if old is None else held_against(result, old)


def _status_of(result: RunResult) -> int:
    from .trust import REQUIRED

    if result.interrupted:
        return INTERRUPTED
    if result.partial:
        return PARTIAL
    if result.missed:
        return MISSED
    decided = bool(result.baseline) or any(each.rule != REQUIRED for each in result.thresholds)
    return SOME_FAILED if result.summary.failed and not decided else OK


def _report(arguments: Arguments, world: World) -> int:
    read = [_read_back(path, arguments.lang, arguments.stall_ms) for path in arguments.files]
    results = [result for result, _ in read]
    console = _console(arguments, world)
    if len(results) > 1:
        return _compare(arguments, results, console, world)
    ((result, seen_format),) = read
    result = _judged_again(result)
    console.start(result.config, result.warnings, seen_format=seen_format)
    console.summary(result)
    console.errors(result.summary)
    console.trust(result)
    console.goals(result)
    return OK if _write_outputs(arguments, result, console, world) else SOME_FAILED


def _judged_again(result: RunResult) -> RunResult:
    """The run held against the rules that it was made with; the file of its baseline may be gone meanwhile."""
    from .baseline import load_baseline
    from .thresholds import slos_of

    if result.config.baseline is None:
        return _judged(result, None)
    try:
        old = load_baseline(Path(result.config.baseline), slos_of(result.config), result.config.lang)
    except UsageError as error:
        return _judged(replace(result, warnings=(*result.warnings, f"--baseline {error}")), None)
    return _judged(result, old)


def _read_back(path: Path, lang: str, stall_ms: float | None) -> tuple[RunResult, str]:
    """The run of a records file, to be shown in `lang`, and the format of most of its answers, "" if there are none.

    `stall_ms` takes the place of that of the run, if it is given.
    """
    from urllib.parse import urlsplit

    from .formats import guess_from_url
    from .load_run import format_warnings, load_warnings
    from .metrics import Tally
    from .records_file import read_header, read_records
    from .thresholds import slos_of
    from .trust import judge

    header = read_header(path)
    tally, seen = Tally(0, slos_of(header.config)), Counter[str]()
    for record in read_records(path, header):
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


def _compare(arguments: Arguments, results: Sequence[RunResult], console: Console, world: World) -> int:
    """Each run against the first, on the console and on one page."""
    from .compare import differences
    from .report_generator import generate_compare_report

    names = [path.name for path in arguments.files]
    if len(set(names)) < len(names):
        names = [str(path) for path in arguments.files]
    compared = [differences(results[0], other) for other in results[1:]]
    console.comparison(results, names, compared)
    page = partial(
        generate_compare_report,
        results,
        names=names,
        compared=compared,
        brand=arguments.brand,
        title=arguments.report_title,
        lang=arguments.lang,
    )
    outputs = [(console.say("report"), path, page)] if (path := _report_path(arguments)) else []
    return OK if _write(outputs, None, console, world) else SOME_FAILED


def _capacity(arguments: Arguments, world: World) -> int:
    from .capacity import answer
    from .capacity_console import CapacityConsole
    from .capacity_file import SearchHeader, header_line, step_line
    from .capacity_run import CapacityRun
    from .records import Ending, StepResult
    from .records_file import write_line

    asked = arguments.capacity
    if asked is None:
        raise TypeError("the capacity command without a search")
    console, config, steps = _console(arguments, world), arguments.config, list(asked.steps)
    shown = CapacityConsole(console, asked.search, arguments.lang, rows=not arguments.quiet)
    search = CapacityRun(_target(arguments), config, asked.search, asked.plan)
    with contextlib.ExitStack() as open_files:
        file = _opened(open_files, asked.resume, asked.resume_at)
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
        with _interrupts(lambda: Thread(target=search.stop).start()):
            ending = search.run(steps, shown.on_start, done)
    found = answer(asked.search, steps, ending)
    for text in search.warnings:
        console.warn(text)
    shown.answer(found)
    whole = _write_capacity(arguments, found, console, world)
    if ending is Ending.INTERRUPTED:
        return INTERRUPTED
    if found.level is None:
        return MISSED
    return OK if whole else SOME_FAILED


def _write_capacity(arguments: Arguments, found: Capacity, console: Console, world: World) -> bool:
    """Writes the page and the JSON of a search."""
    import json

    from .capacity_file import capacity_document
    from .exporters import EXPORTERS
    from .report_generator import generate_capacity_report
    from .report_parts.capacity import sentence

    def export(path: Path) -> Sequence[str]:
        document = capacity_document(found, arguments.config, sentence(found))
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return ()

    outputs: list[Output] = []
    if path := _report_path(arguments):
        page = partial(
            generate_capacity_report,
            found,
            arguments.config,
            brand=arguments.brand,
            title=arguments.report_title,
            lang=arguments.lang,
        )
        outputs.append((console.say("report"), path, page))
    if path := arguments.exports.get("json"):
        outputs.append((EXPORTERS["json"].label[LANGUAGES.index(arguments.lang)], path, export))
    return _write(outputs, arguments.capacity.resume if arguments.capacity else None, console, world)


COMMANDS: Mapping[str, Callable[[Arguments, World], int]] = {
    "show": _show,
    "serve": _serve,
    "demo": _demo,
    "debug": _debug,
    "run": _run,
    "report": _report,
    "capacity": _capacity,
    "calibrate": _calibrate,
}


def _console(arguments: Arguments, world: World) -> Console:
    from .console import Console

    terminal = world.stdout.isatty() and world.environ.get("TERM") != "dumb"
    return Console(
        world.stdout,
        arguments.lang,
        color=terminal and arguments.color,
        terminal=terminal,
        columns=shutil.get_terminal_size().columns,
    )


def _target(arguments: Arguments) -> Target:
    from .target import Target

    return Target(
        url=arguments.address.url,
        body=arguments.body,
        queries=arguments.queries,
        replayed=arguments.replayed,
        masker=arguments.masker,
        keys=arguments.keys,
        auth=arguments.auth,
        headers=arguments.headers,
        format=arguments.format,
        named=arguments.config.format != "auto",
        options=arguments.options,
        timeout_s=arguments.config.timeout_s,
        idle_timeout_s=arguments.config.idle_timeout_s,
        retries=arguments.config.retries,
        stream=arguments.config.stream,
        turns=arguments.config.turns,
        verify=arguments.verify,
        lang=arguments.lang,
    )


def _opened(stack: contextlib.ExitStack, path: Path | None, keep: int = 0) -> FileIO | None:
    """The file, opened before the load starts so that a fault shows then; closed by `stack`.

    Its first `keep` bytes stay.  Without a buffer: each line goes to the system as one write.
    """
    if path is None:
        return None
    try:
        file = stack.enter_context(FileIO(path, "r+" if keep else "w"))
        if keep:
            file.truncate(keep)
            file.seek(keep)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    return file


@contextlib.contextmanager
def _interrupts(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM calls `stop`, a second ends the process at once."""
    stopped = False

    def interrupt(_signal: int, _frame: Any) -> None:
        nonlocal stopped
        if stopped:
            os._exit(INTERRUPTED)  # the records are on disk, line by line
        stopped = True
        stop()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _report_path(arguments: Arguments) -> Path | None:
    """Where the report goes now; two runs that began in the same second have the same default."""
    path = arguments.html_report
    return path if path is None or arguments.report_named else unused(path)


def _write_outputs(arguments: Arguments, result: RunResult, console: Console, world: World) -> bool:
    """Writes everything that was asked for about one run; True when all of it could be."""
    from .exporters import EXPORTERS
    from .report_generator import generate_html_report

    def export(name: str, path: Path) -> Sequence[str]:
        path.write_bytes(EXPORTERS[name].text_of(result).encode("utf-8", "replace"))
        return ()

    outputs: list[Output] = []
    if path := _report_path(arguments):
        page = partial(
            generate_html_report,
            result,
            brand=arguments.brand,
            title=arguments.report_title,
            lang=arguments.lang,
        )
        outputs.append((console.say("report"), path, page))
    language = LANGUAGES.index(arguments.lang)
    for name, path in arguments.exports.items():
        outputs.append((EXPORTERS[name].label[language], path, partial(export, name)))
    return _write(outputs, arguments.records_file, console, world)


def _write(outputs: Sequence[Output], records_file: Path | None, console: Console, world: World) -> bool:
    """Writes the files and names them; one that cannot be written is said and costs only itself.  True: all were."""
    written: list[tuple[str, str]] = []
    for label, path, write in outputs:
        with _unwritten_is_said(path, world):
            for note in write(path):
                console.line(note)
            written.append((label, str(path)))
    whole = len(written) == len(outputs)
    if records_file is not None:
        written.append((console.say("records"), str(records_file)))
    console.written(written)
    return whole


@contextlib.contextmanager
def _unwritten_is_said(path: object, world: World) -> Iterator[None]:
    """Turns a failure to write into one line."""
    try:
        yield
    except OSError as error:
        print(f"{PROGRAM}: {error.filename or path}: cannot be written: {error.strerror}", file=world.stderr)
