"""The process of a worker."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import BinaryIO

from ..commands.environment import INTERRUPTED
from ..commands.feed import Feed
from ..commands.interrupts import heard, interrupts, listen
from ..errors import UsageError
from ..studio.contract.config import CheckAsked
from ..studio.contract.jobs import BenchAsked
from .bench import measure
from .check import check
from .load import send_load
from .order import Order


def main() -> int:
    """Does the job of one order; the exit status is 0 when it said how it ended."""
    out = _own_output()
    document = json.loads(sys.stdin.buffer.readline())
    os.chdir(document["folder"])
    order = Order.of(document)
    listen()
    threading.Thread(target=_hear, args=(sys.stdin.buffer,), daemon=True).start()
    feed = Feed(lambda line: _write(out, line))
    if isinstance(order.job, CheckAsked):
        try:
            feed.tell("checked", **check(order, order.job))
        except UsageError as error:
            feed.tell("refused", text=str(error))
        return 0
    try:
        if isinstance(order.job, BenchAsked):
            status, result_id = measure(order, order.job, feed)
        else:
            status, result_id = send_load(order, order.job, feed)
    except UsageError as error:
        feed.tell("end", state="failed", error=str(error), status=2)
        return 0
    with interrupts(lambda: None):  # it is told whatever comes
        state = "cancelled" if status == INTERRUPTED or heard() else "done"
        feed.tell("end", state=state, result_id=result_id, error=None, status=status)
    return 0


def _own_output() -> int:
    """Standard output for events alone; whatever a library prints goes to standard error."""
    sys.stdout.flush()
    out = os.dup(1)
    os.dup2(2, 1)
    return out


def _write(out: int, line: str) -> None:
    data = memoryview(line.encode("utf-8", "replace") + b"\n")
    try:
        while data:
            data = data[os.write(out, data) :]
    except BrokenPipeError:
        os._exit(INTERRUPTED)  # nobody hears it any more


def _hear(stdin: BinaryIO) -> None:
    """`cancel` is one Ctrl-C; the end of the input is that of the studio."""
    for line in stdin:
        if line.strip() == b"cancel":
            signal.raise_signal(signal.SIGINT)
    os._exit(INTERRUPTED)  # records are on disk, line by line


if __name__ == "__main__":
    sys.exit(main())
