"""--studio: what a command does is told to a studio, by a file that it reads as it grows."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..arguments import Arguments
from ..errors import UsageError
from ..records.writer import LineWriter, new_lines
from ..texts import reason_of
from .environment import INTERRUPTED, Environment
from .feed import Feed


def watched(
    environment: Environment, arguments: Arguments, kind: str, title: str, stack: contextlib.ExitStack
) -> Environment:
    """The environment with a feed for the studio that --studio names, until the stack ends; as it is without."""
    if arguments.studio_folder is None:
        return environment
    feed = _feed_for(arguments.studio_folder, kind, title, arguments.lang)
    return replace(environment, feed=stack.enter_context(feed))


@contextlib.contextmanager
def _feed_for(folder: Path, kind: str, title: str, lang: str) -> Iterator[Feed]:
    """A feed that the studio of a folder reads while the run goes on.  UsageError when it cannot be written."""
    live = folder / ".studio" / "live"
    try:
        live.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"--studio {folder}: {reason_of(error, lang)}") from error
    name = f"{datetime.now():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}.jsonl"
    with new_lines(live / name, lang) as lines:
        feed = Feed(lines.write)
        feed.tell("hello", pid=os.getpid(), kind=kind, title=title)
        state = "failed"
        try:
            yield feed
            state = "cancelled" if feed.status == INTERRUPTED else "done"
        finally:
            _end(feed, lines, state)


def _end(feed: Feed, lines: LineWriter, state: str) -> None:
    if lines.error is None:
        feed.tell("end", state=state, status=feed.status)
