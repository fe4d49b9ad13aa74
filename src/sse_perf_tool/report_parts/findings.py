"""What a run shows beside its figures, each in a sentence that says the cause: the same in every output."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..records import RunResult
from .figures import Both, time_text
from .wording import in_both, joined


class Finding(NamedTuple):
    """`kind` names it for programs, `anchor` the place on the page that shows it."""

    kind: str
    text: Both
    anchor: str


def findings(result: RunResult) -> list[Finding]:
    """All that there are, the gravest first."""
    return [finding for rule in _RULES if (finding := rule(result)) is not None]


def _service_queue(result: RunResult) -> Finding | None:
    queue = result.summary.service_queue
    if queue is None:
        return None
    answered = {"answered": f"{queue.most_answered:,}"}
    seen = in_both("queue.seen", None, **answered, under_way=f"{queue.most_under_way:,}")
    numbers = {**answered, "began": f"{queue.began_at_an_end:,}", "waiting": f"{queue.waiting:,}"}
    why = in_both("queue.one" if queue.most_answered == 1 else "queue.many", None, **numbers)
    cost = in_both(
        "queue.of_ttft" if result.config.stream else "queue.of_ttfb",
        queue=time_text(queue.queue_ms),
        whole=time_text(queue.to_begin_ms),
    )
    return Finding("service_queue", joined([seen, why, cost]), "tails")


_RULES: tuple[Callable[[RunResult], Finding | None], ...] = (_service_queue,)
