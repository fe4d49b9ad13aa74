"""`--debug`: sends one request and prints everything sent and received."""

from __future__ import annotations

from ..arguments import Arguments
from ..console import debug_trace
from ..records import Outcome
from ..tester import SSETester
from .environment import INTERRUPTED, OK, SOME_FAILED, Environment
from .interrupts import interrupts
from .setup import console_of, target_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Sends the request and prints its bytes on the console."""
    console = console_of(arguments, environment)
    guessed = arguments.format.name if arguments.format else None
    console.start(arguments.config, arguments.warnings, guessed, notes=arguments.notes)
    console.reader(arguments.config.reader)
    tester = SSETester(target_of(arguments), 1, trace=debug_trace(console, arguments.masker))
    with interrupts(tester.cancel):
        record = tester.test_streaming(1)
        tester.close()
    console.answer(record)
    if record.outcome is Outcome.CANCELLED:
        return INTERRUPTED
    return OK if record.outcome is Outcome.OK else SOME_FAILED
