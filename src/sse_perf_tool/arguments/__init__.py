"""Parses the command line into `Arguments`: combines the flags and loads the files that they name.

The flags and the checks of their values are in `flags`.  Nothing is sent, unless a URL names a server
and no endpoint, and no file is changed, except that the folder of the default report is created when it is missing.

* `flag_values.py`: the values of the flags, from command line, environment (`sources.py`) and file (`config_file.py`).
* `parsed.py`: `Arguments`, the result.
* `run.py`: the arguments of a run, with `target.py` (URL, key, headers), `request.py` (queries, body, format),
  `endpoint.py` (what a server without a path is), `load.py` (threads, rates, durations), `goals.py` (thresholds,
  SLOs, baseline) and `config.py` (the settings as they are written to files).
* `workers.py`: the workers of a run, and whom a worker joins.
* `report.py`, `capacity.py`, `calibrate.py`, `bench.py`, `profile.py`, `studio.py`: the other commands.
* `files.py`: what a command reads and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import NamedTuple

from ..flags import (
    BENCH_FLAGS,
    CALIBRATE_FLAGS,
    CAPACITY_FLAGS,
    COMMANDS,
    FLAGS,
    PROFILE_FLAGS,
    PROGRAM,
    REPORT_FLAGS,
    STUDIO_FLAGS,
    WORKER_FLAGS,
    Flag,
    language_of,
    own_words,
    text_asked_for,
)
from ..texts import Texts
from . import (
    endpoint,
    files,
    flag_values,
    goals,
    load,
    report,
    request,
    run,
    settings,
    target,
    workers,
)
from .endpoint import Get
from .flag_values import FlagValues, server_words
from .output_paths import Now
from .parsed import Address, Arguments, Joining, WorkersWanted
from .run import EXCLUSIONS

__all__ = [
    "EXCLUSIONS",
    "MESSAGES",
    "PROGRAM",
    "TEXTS",
    "Address",
    "Arguments",
    "Joining",
    "WorkersWanted",
    "parse_arguments",
]

TEXTS: Texts = {
    **endpoint.TEXTS,
    **files.TEXTS,
    **goals.TEXTS,
    **load.TEXTS,
    **load.WARNINGS,
    **report.TEXTS,
    **request.TEXTS,
    **run.TEXTS,
    **settings.TEXTS,
    **target.TEXTS,
    **workers.TEXTS,
}


MESSAGES: Sequence[Texts] = (flag_values.SPOKEN, TEXTS)
"""What a warning about a flag may say."""


class _Command(NamedTuple):
    """The flags of a command, and where they are turned into `Arguments`: a module of this room, and its function.

    The module is imported when the command is asked for: a run has no need of what a search or a benchmark has.
    """

    flags: Sequence[Flag]
    module: str
    function: str
    reads_settings: bool = True
    """Whether its --config is a file of settings, as that of a run."""

    def load(self) -> tuple[Texts, Callable[..., Arguments]]:
        """The texts of its errors, and the function."""
        module = import_module(f"{__package__}.{self.module}")
        own: Texts = getattr(module, "TEXTS", {})
        return {**TEXTS, **own}, getattr(module, self.function)


_COMMANDS = {
    "run": _Command(FLAGS, "run", "run_command"),
    "report": _Command(REPORT_FLAGS, "report", "report_arguments"),
    "capacity": _Command(CAPACITY_FLAGS, "capacity", "capacity_arguments"),
    "calibrate": _Command(CALIBRATE_FLAGS, "calibrate", "calibrate_arguments"),
    "worker": _Command(WORKER_FLAGS, "workers", "worker_arguments", reads_settings=False),
    "bench": _Command(BENCH_FLAGS, "bench", "bench_arguments", reads_settings=False),
    "profile": _Command(PROFILE_FLAGS, "profile", "profile_arguments"),
    "studio": _Command(STUDIO_FLAGS, "studio", "studio_arguments"),
}


def parse_arguments(
    argv: Sequence[str],
    environ: Mapping[str, str],
    now: Now = datetime.now,
    get: Get | None = None,
    spoken: str | None = None,
) -> Arguments:
    """Parses the command line (without the program's name).  `now` dates the default report; None: no such report.

    `get` asks a server that is named without an endpoint what it is; None: it is not asked.  `spoken`
    is the language whatever was asked for.

    UsageError, one line in the user's language, for anything wrong with it or with the files that it names.
    """
    language = spoken or language_of(argv, environ)
    name, words = (argv[0], argv[1:]) if argv and argv[0] in COMMANDS else ("run", argv)
    if (text := text_asked_for(argv, environ)) is not None:
        return Arguments("show", language, text=text)
    if name == "serve":
        return Arguments("serve", language, rest=server_words(words, language))
    wanted = _COMMANDS[name]
    texts, arguments_of = wanted.load()
    own = own_words(argv)[1:] if name == "profile" else words
    command = words[len(own) + 1 :]
    asks = endpoint.not_started if command else get
    values = FlagValues(
        wanted.flags,
        own,
        language,
        texts,
        environ,
        EXCLUSIONS,
        reads_settings=wanted.reads_settings,
        get=asks,
        spoken=spoken,
    )
    return arguments_of(values, environ, now, *([command] if name == "profile" else []))
