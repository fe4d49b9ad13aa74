"""From the command line to `Arguments`: what the flags mean together, and the files that they name.

The flags and the checks of their values stand in `flags`.  Nothing is
sent and no file is changed; the folder of the default report is made when it is missing.

* `flag_values.py`: the values of the flags from line, environment (`sources.py`) and file (`config_file.py`).
* `parsed.py`: `Arguments`, what comes out.
* `run.py`: a run, with `target.py` (where to, and with which key), `request.py` (what is asked, and how answers are
  read), `load.py` (how many at which time), `goals.py` (what is demanded) and `config.py` (the settings as they are
  written down).
* `report.py`, `capacity.py`, `calibrate.py`: the other commands.
* `files.py`: what a command reads and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ..flags import (
    CALIBRATE_FLAGS,
    CAPACITY_FLAGS,
    COMMANDS,
    FLAGS,
    PROGRAM,
    REPORT_FLAGS,
    Flag,
    language_of,
    text_asked_for,
)
from ..texts import Texts
from . import capacity, files, goals, load, report, request, run, target
from .calibrate import calibrate_arguments
from .capacity import capacity_arguments
from .flag_values import FlagValues
from .parsed import Address, Arguments
from .report import report_arguments
from .run import EXCLUSIONS, run_command

__all__ = ["EXCLUSIONS", "PROGRAM", "TEXTS", "Address", "Arguments", "parse_arguments"]

TEXTS: Texts = {
    **files.TEXTS,
    **goals.TEXTS,
    **load.TEXTS,
    **load.WARNINGS,
    **report.TEXTS,
    **request.TEXTS,
    **run.TEXTS,
    **target.TEXTS,
}


class _Command(NamedTuple):
    """The flags that a command takes, what is said of them, and what they come to."""

    flags: Sequence[Flag]
    texts: Texts
    arguments_of: Callable[[FlagValues, Mapping[str, str], Callable[[], datetime]], Arguments]


_COMMANDS = {
    "run": _Command(FLAGS, TEXTS, run_command),
    "report": _Command(REPORT_FLAGS, TEXTS, report_arguments),
    "capacity": _Command(CAPACITY_FLAGS, {**TEXTS, **capacity.TEXTS}, capacity_arguments),
    "calibrate": _Command(CALIBRATE_FLAGS, TEXTS, calibrate_arguments),
}


def parse_arguments(
    argv: Sequence[str], environ: Mapping[str, str], now: Callable[[], datetime] = datetime.now
) -> Arguments:
    """What the command line (without the program's name) asks for.  `now` dates the default report.

    UsageError, one line in the user's language, for anything wrong with it or with the files that it names.
    """
    language = language_of(argv, environ)
    name, words = (argv[0], argv[1:]) if argv and argv[0] in COMMANDS else ("run", argv)
    if name == "serve":
        return Arguments("serve", language, rest=tuple(words))
    if (text := text_asked_for(argv, environ)) is not None:
        return Arguments("show", language, text=text)
    flags, texts, arguments_of = _COMMANDS[name]
    return arguments_of(FlagValues(flags, words, language, texts, environ, EXCLUSIONS), environ, now)
