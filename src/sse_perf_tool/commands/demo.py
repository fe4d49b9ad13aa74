"""`--demo`: a run against the embedded chat server."""

from __future__ import annotations

import contextlib

from ..arguments import Arguments
from ..chat_server import MISSING
from ..errors import UsageError
from . import run
from .environment import Environment


def main(arguments: Arguments, environment: Environment) -> int:
    """UsageError when the server's packages are not installed, or it does not come up."""
    try:
        from ..chat_server.run import BackgroundServer
    except ModuleNotFoundError as error:
        raise UsageError(f"--demo: {MISSING[arguments.lang]}") from error
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(BackgroundServer())
        except RuntimeError as error:
            raise UsageError(f"--demo: {error}") from error
        return run.main(arguments.at("127.0.0.1", server.port), environment)
