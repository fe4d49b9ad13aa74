"""The entry point: parses the command line and runs one of `commands`; exit statuses are in `commands.environment`.

The modules of a command are imported only when it runs, so that `--help` starts at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

from .commands.environment import (
    INTERRUPTED,
    NO_WORKERS,
    OK,
    SOME_FAILED,
    WRONG_USAGE,
    Environment,
    unwritten_is_said,
)
from .commands.interrupts import deaf, forget, heard, listen
from .errors import NoWorkersError, UsageError
from .flags import PROGRAM, text_asked_for
from .texts import can_show

if TYPE_CHECKING:
    from .arguments import Arguments

NO_CHINESE = "this terminal cannot show Chinese (its encoding lacks it): English is used; set PYTHONIOENCODING=utf-8"

Command = Callable[["Arguments", Environment], int]


def main(argv: Sequence[str] | None = None, environment: Environment | None = None) -> int:
    """Runs the command line `argv` (without the program's name) and returns the exit status."""
    if environment is None:
        gc.disable()  # importing makes many objects and no garbage
        listen()
        environment = Environment.real()
        try:
            status = main(argv, environment)
        except KeyboardInterrupt:
            status = INTERRUPTED
        deaf()
        gc.enable()
        gc.freeze()  # what there is now goes with the process: it is not looked through once more
        _let_go_of(environment.stdout)
        return status
    try:
        status = _main(argv, environment)
        return INTERRUPTED if heard() else status
    finally:
        forget()


def _main(argv: Sequence[str] | None, environment: Environment) -> int:
    try:
        words = sys.argv[1:] if argv is None else argv
        if (text := text_asked_for(words, environment.environ)) is not None:
            environment.stdout.write(text)
            return OK
        from .arguments import parse_arguments  # only here: --help has no need of it
        from .arguments.output_paths import STANDARD_OUTPUT
        from .commands.asking import get_json

        arguments = parse_arguments(words, environment.environ, get=get_json)
        if arguments.lang == "zh" and not can_show("中文", environment.stdout):
            # One line, and all else in letters that this terminal has.
            print(f"{PROGRAM}: {NO_CHINESE}", file=environment.stderr)
            arguments = parse_arguments(words, environment.environ, get=get_json, spoken="en")
        if any(path is STANDARD_OUTPUT for path in arguments.exports.values()):
            environment = environment.with_document
        status = SOME_FAILED
        with unwritten_is_said("", environment, arguments.lang):  # a full disk under what is written during the run
            command = _command(arguments.command)
            if not gc.isenabled():
                gc.freeze()  # what was imported stays
                gc.enable()
            status = command(arguments, environment)
    except UsageError as error:
        print(f"{PROGRAM}: {error}", file=environment.stderr)
        return NO_WORKERS if isinstance(error, NoWorkersError) else WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _command(name: str) -> Command:
    command: Command = import_module(f".commands.{name}", __package__).main
    return command


def _let_go_of(stream: TextIO) -> None:
    """What a reader that has gone (`| head -1`) will not read must not fail the process when it ends."""
    try:
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
