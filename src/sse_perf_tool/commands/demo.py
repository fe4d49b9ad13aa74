"""`--demo`: a run against the embedded chat server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..arguments import Arguments
from ..chat_server import MISSING
from ..errors import UsageError
from . import run
from .environment import Environment


def main(arguments: Arguments, environment: Environment) -> int:
    """A run against the server, which lasts as long as the run."""
    with served(arguments) as there:
        return run.main(there, environment)


@contextlib.contextmanager
def served(arguments: Arguments) -> Iterator[Arguments]:
    """The same arguments, sent to a chat server that runs meanwhile.

    UsageError when the server's packages are not installed, or it does not come up.
    """
    try:
        from ..chat_server.run import BackgroundServer
        from ..chat_server.settings import Settings
    except ModuleNotFoundError as error:
        raise UsageError(f"--demo: {MISSING[arguments.lang]}") from error
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(BackgroundServer(Settings(port=0, agent=arguments.agent)))
        except RuntimeError as error:
            raise UsageError(f"--demo: {error}") from error
        yield arguments.at("127.0.0.1", server.port)
