"""The door: what the command line asks for is done by one of `commands`; the exit statuses stand in `commands.world`.

The modules of a command are imported only when it is wanted, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TextIO

from .commands.environment import INTERRUPTED, OK, SOME_FAILED, WRONG_USAGE, World, unwritten_is_said
from .errors import UsageError
from .flags import PROGRAM, text_asked_for

if TYPE_CHECKING:
    from .arguments import Arguments

Command = Callable[["Arguments", World], int]


def main(argv: Sequence[str] | None = None, world: World | None = None) -> int:
    """Does what `argv` (without the program's name) asks for and gives the exit status."""
    if world is None:
        world = World.real()
        try:
            return main(argv, world)
        finally:
            _let_go_of(world.stdout)
    try:
        words = sys.argv[1:] if argv is None else argv
        if (text := text_asked_for(words, world.environ)) is not None:
            world.stdout.write(text)
            return OK
        from .arguments import parse_arguments  # only here: --help has no need of it

        arguments = parse_arguments(words, world.environ)
        status = SOME_FAILED
        with unwritten_is_said("", world):  # a full disk under what is written during the run
            status = _command(arguments.command)(arguments, world)
    except UsageError as error:
        print(f"{PROGRAM}: {error}", file=world.stderr)
        return WRONG_USAGE
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
