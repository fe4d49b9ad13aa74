"""`serve`: the embedded chat server."""

from __future__ import annotations

from ..arguments import PROGRAM, Arguments
from ..chat_server import main as serve
from ..flags import COMMAND
from .environment import Environment


def main(arguments: Arguments, _world: Environment) -> int:
    """Runs the server until it is stopped; the exit status is that of the server."""
    return serve(list(arguments.rest), prog=f"{PROGRAM} serve", tool=COMMAND, lang=arguments.lang)
