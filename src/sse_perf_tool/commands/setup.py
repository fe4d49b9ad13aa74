"""Prepares a command from its arguments: console, target, records file, handling of Ctrl-C."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..arguments import Arguments
from ..console import Console
from ..load.run import Groups
from ..records import IntervalSample
from ..records.writer import Lines, LineWriter
from ..request.target import Target
from ..request.tokens import TokenCounting
from .environment import Environment

if TYPE_CHECKING:
    from ..profiling.watch import ServerWatch
    from ..telemetry.link import Telemetry


def console_of(arguments: Arguments, environment: Environment) -> Console:
    """The console on standard output, with colours and a progress line if that is a terminal."""
    terminal = environment.terminal
    return Console(
        environment.stdout,
        arguments.lang,
        color=terminal and arguments.color,
        terminal=terminal,
        columns=shutil.get_terminal_size().columns,
    )


def target_of(arguments: Arguments) -> Target:
    """The target of the load, with the real secrets."""
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
        counting=TokenCounting(arguments.config.token_estimate, arguments.config.tokenizer),
        verify=arguments.verify,
        lang=arguments.lang,
        opening=arguments.opening,
        following=arguments.following,
        tracing=None if arguments.telemetry is None else arguments.telemetry.tracing,
    )


def watching(arguments: Arguments) -> contextlib.AbstractContextManager[ServerWatch | None]:
    """Reads the metrics of the server while it holds, if that was asked for.  UsageError without what reads them."""
    if arguments.metrics_url is None:
        return contextlib.nullcontext()
    from ..profiling.watch import ServerWatch  # only here: other runs do not pay for it

    shown = arguments.config.metrics_url or ""
    more = {} if arguments.profile is None else {"every_s": arguments.profile.metrics_interval_s}
    return ServerWatch(arguments.metrics_url, shown, arguments.verify, arguments.lang, **more)


class NoTelemetry:
    """In place of `telemetry.link.Telemetry` when nothing is to be shown elsewhere; it does nothing."""

    def tee(self, records: LineWriter | None) -> Lines | None:
        """What takes the lines of the run."""
        return records

    def second(self, sample: IntervalSample | None) -> None:
        """A second of the run is over."""

    def close(self) -> None:
        """The run is over."""

    def warnings(self) -> list[str]:
        """What is to be said of it."""
        return []


def begun_telemetry(
    arguments: Arguments, console: Console, open_files: contextlib.ExitStack
) -> Telemetry | NoTelemetry:
    """Shows a run elsewhere until `open_files` ends, if that was asked for.  UsageError without what does that."""
    if arguments.telemetry is None:
        return NoTelemetry()
    from ..telemetry.link import Telemetry  # only here: other runs do not pay for it

    telemetry = open_files.enter_context(Telemetry(arguments.telemetry, arguments.lang))
    for line in telemetry.lines():
        console.line(line)
    return telemetry


@contextlib.contextmanager
def workers_of(arguments: Arguments, console: Console, asked: Callable[[], bool]) -> Iterator[Groups | None]:
    """The machines that send the load, as long as it holds; None: this one does.

    UsageError when they cannot be had; KeyboardInterrupt when `asked` says meanwhile that the user gives up.
    """
    if arguments.workers is None:
        yield None
        return
    from ..distributed.fleet import fleet  # only here: other runs do not pay for it
    from ..distributed.group import Groups as Machines

    with fleet(arguments.workers, console.line, asked) as machines:
        yield Machines(machines)


Stopped = Callable[[Callable[[], None]], contextlib.AbstractContextManager[None]]
"""While it holds, something may call its argument, which ends what goes on; `interrupts` is one."""
