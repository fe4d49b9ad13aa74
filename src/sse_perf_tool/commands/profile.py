"""`profile`: starts a server under profilers, loads it, stops it, and says what limits it."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from functools import partial

from ..arguments import Arguments
from ..console import Console
from ..flags import PROGRAM
from ..load.run import LoadRun
from ..profiling.folder import RECORDS
from ..profiling.report.lines import show_profile
from ..profiling.report.page import write_page
from ..profiling.server.process import ServerError
from ..profiling.session import Session
from ..records import RunConfig, RunResult
from .environment import INTERRUPTED, OK, SOME_FAILED, Environment
from .interrupts import interrupts
from .judging import status_of
from .run import Around, finished_run
from .setup import console_of, target_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Exit status 99 when a target is missed and `--fail-on-targets`, 1 when there is no server to load."""
    asked = arguments.profile
    if asked is None:
        raise TypeError("the profile command without a profile")
    if asked.demo:
        arguments = arguments.at("127.0.0.1", _free_port())
    if sys.platform == "win32":
        print(f"{PROGRAM}: profile works on Linux and macOS", file=environment.stderr)
        return SOME_FAILED
    console = console_of(arguments, environment)
    session = Session(arguments, asked, console.line)
    try:
        with interrupts(session.stop), session:
            return _profiled(arguments, environment, session)
    except ServerError as error:
        for line in str(error).splitlines():
            print(f"{PROGRAM}: {arguments.masker(line)}", file=environment.stderr)
        return SOME_FAILED


def _profiled(arguments: Arguments, environment: Environment, session: Session) -> int:
    if session.stopped.is_set():
        return INTERRUPTED
    arguments = session.with_metrics()
    arguments = replace(arguments, records_file=arguments.records_file or session.folder / RECORDS)
    send = partial(_send, arguments, session)
    session.compare(send)
    session.begin()
    if session.stopped.is_set():
        return INTERRUPTED
    around = Around(
        after=lambda result, origin_ns, records: session.end(result, origin_ns, records, send),
        show=show,
        page=lambda result, path, **how: write_page(result, session.drawn, path, **how),
    )
    result, whole = finished_run(arguments, environment, around=around)
    return status_of(result) or (OK if whole else SOME_FAILED)


def show(result: RunResult, console: Console) -> None:
    """The lines of its profile, if it has one."""
    if result.profile is not None:
        show_profile(console.writer, result.profile)


def _send(arguments: Arguments, session: Session, config: RunConfig) -> RunResult:
    """Sends load of which nothing is shown; it ends with the session."""
    load = LoadRun(target_of(arguments), replace(config, processes=1))
    with interrupts(load.stop):
        if session.stopped.is_set():
            load.cancel()
        return load.run()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
