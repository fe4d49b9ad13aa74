"""The environment of a command (streams, variables, clock), and the exit statuses."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..flags import PROGRAM
from ..texts import unwritten
from .interrupts import INTERRUPTED

if TYPE_CHECKING:
    from .feed import Feed

__all__ = [
    "INTERRUPTED",
    "MISSED",
    "NO_WORKERS",
    "OK",
    "PARTIAL",
    "SOME_FAILED",
    "WRONG_USAGE",
    "Environment",
    "unwritten_is_said",
]

OK = 0
SOME_FAILED = 1
"""A request failed; with thresholds or a baseline only these decide, not failed requests."""
WRONG_USAGE = 2
NO_WORKERS = 3
"""The workers that a run expects did not come; as a worker: no master, or one that has no use for it."""
PARTIAL = 4
"""A worker or a process of the tool died, so the result is incomplete; or lines of the records could not be written."""
MISSED = 99
"""A threshold was missed, the run is worse than its baseline, or a rule ended it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The streams and variables that a command uses; tests pass their own."""

    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    document: TextIO | None = None
    """Where an output named `-` goes; None: to `stdout`."""

    feed: Feed | None = None
    """Whoever watches from beside; None is nobody."""

    def ended(self, status: int) -> int:
        """The exit status, told to whoever watches."""
        if self.feed is not None:
            self.feed.status = status
        return status

    @property
    def terminal(self) -> bool:
        """Whether standard output is a terminal on which lines can be drawn again."""
        return self.stdout.isatty() and self.environ.get("TERM") != "dumb"

    @property
    def with_document(self) -> Environment:
        """The same when an output goes to standard output: what the console says goes to standard error."""
        return Environment(self.stderr, self.stderr, self.environ, self.stdout, self.feed)

    @classmethod
    def real(cls) -> Environment:
        """The process's own streams and environment; what is written to a closed stream is lost."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that lacks a character is no reason to stop
        return cls(_or_nowhere(sys.stdout), _or_nowhere(sys.stderr), os.environ)


def _or_nowhere(stream: TextIO | None) -> TextIO:
    """A standard stream that was closed (`>&-`) is None."""
    return Path(os.devnull).open("w", encoding="utf-8") if stream is None else stream


@contextlib.contextmanager
def unwritten_is_said(path: object, environment: Environment, language: str) -> Iterator[None]:
    """Turns an error of writing into one line on standard error."""
    try:
        yield
    except OSError as error:
        print(f"{PROGRAM}: {unwritten(error.filename or path, error, language)}", file=environment.stderr)
