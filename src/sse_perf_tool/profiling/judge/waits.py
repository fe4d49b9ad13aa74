"""What tasks, threads and calls to other services wait for, and how many of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ..hooks.reading import Code, HookSeries, Seen

_KINDS = (
    ("lock", r"asyncio/locks\.py$|threading\.py$|_synchronization\.py$|multiprocessing/synchronize\.py$"),
    ("queue", r"asyncio/queues\.py$|/queue\.py$"),
    ("executor", r"concurrent/futures/|asyncio/futures\.py$|anyio/to_thread\.py$|starlette/concurrency\.py$"),
    (
        "upstream",
        (
            r"asyncio/(streams|selector_events|base_events|sslproto)\.py$|/(socket|ssl|selectors)\.py$|http/client\.py$"
            r"|/(httpcore|httpx|aiohttp|urllib3|requests|anyio/streams|anyio/_backends|asyncpg|redis|aiomysql)/"
        ),
    ),
    ("timer", r"asyncio/tasks\.py$"),
)
_OF_CALLS = {"connection": "lock", "answer": "upstream", "body": "upstream"}
_POOLED = re.compile(r"acquire|pool", re.IGNORECASE)


def kind_of(leaf: Code | str) -> str:
    """What is waited for at the innermost place."""
    if isinstance(leaf, str):
        return _OF_CALLS.get(leaf, "other")
    file = leaf.file.replace("\\", "/")
    if re.search(r"asyncio/tasks\.py$", file) and not leaf.function.startswith("sleep"):
        return "other"
    if _POOLED.search(leaf.function.rpartition(".")[2]):
        return "lock"
    return next((kind for kind, pattern in _KINDS if re.search(pattern, file)), "other")


class Group(NamedTuple):
    """What waits at one place: how many at a time on average, and how many of that thing there were in all."""

    own: Code
    kind: str
    mean: float
    all_mean: float
    things: str
    """"tasks", "threads" or "calls"."""
    at_work: float
    """How many were, on average, elsewhere in the server's own code."""

    @property
    def share(self) -> float:
        """Of all that were under way."""
        return self.mean / self.all_mean if self.all_mean else 0.0


def largest_group(hook: HookSeries, begin_s: float, end_s: float) -> Group | None:
    """The place at which most waited in a span; None when nothing was seen in the server's own code."""
    looks = sum(1 for at_s in hook.at_s if begin_s <= at_s <= end_s)
    for things, rows in (("calls" if hook.kind == "node" else "tasks", hook.waits), ("threads", hook.threads)):
        seen = [row for row in rows if begin_s <= row.at_s <= end_s]
        if looks and seen:
            return _largest(seen, looks, things)
    return None


def _largest(seen: Iterable[Seen], looks: int, things: str) -> Group:
    counts: Counter[tuple[str, str, str]] = Counter()
    lines: dict[tuple[str, str, str], Counter[Code]] = {}
    total = 0
    for row in seen:
        key = (row.own.function, row.own.file, kind_of(row.leaf))
        counts[key] += row.number
        lines.setdefault(key, Counter())[row.own] += row.number
        total += row.number
    (key, number), *_ = counts.most_common(1)
    place = lines[key].most_common(1)[0][0]
    return Group(place, key[2], number / looks, total / looks, things, (total - number) / looks)
