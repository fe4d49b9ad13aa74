"""`worker`: sends a part of the load of a run that another machine leads."""

from __future__ import annotations

from ..arguments import Arguments
from ..distributed.worker import Worker
from .environment import Environment
from .interrupts import interrupts


def main(arguments: Arguments, environment: Environment) -> int:
    """Joins, sends what it is told to, and ends with the run; exit status 3 when it could not join."""
    joining = arguments.joining
    if joining is None:
        raise TypeError("the worker command without a master")

    at_first = "\r" if environment.terminal else ""  # the terminal has written ^C there

    def tell(line: str) -> None:
        if not arguments.quiet:
            print(at_first + line, file=environment.stdout, flush=True)

    worker = Worker(joining, tell)
    with interrupts(worker.leave):
        return worker.run()
