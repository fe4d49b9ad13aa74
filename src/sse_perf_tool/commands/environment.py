"""What a command may touch besides its arguments, and the exit status that it ends with."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..flags import PROGRAM

OK = 0
SOME_FAILED = 1
"""Some request failed; with thresholds or a baseline these decide, and failed requests alone are no reason."""
WRONG_USAGE = 2
PARTIAL = 4
"""A process of the tool was lost, so the result is only a part; or lines of the records could not be written."""
MISSED = 99
"""A threshold was missed, the run is worse than its baseline, or a rule ended it."""
INTERRUPTED = 130
"""Everything is written all the same."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a command may touch besides its arguments; a test passes its own."""

    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]

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
def unwritten_is_said(path: object, environment: Environment) -> Iterator[None]:
    """Turns a failure to write into one line."""
    try:
        yield
    except OSError as error:
        print(f"{PROGRAM}: {error.filename or path}: cannot be written: {error.strerror}", file=environment.stderr)
