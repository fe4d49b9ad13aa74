"""What answers did beside bringing text: the rows of its table, and its section of the page."""

from __future__ import annotations

from ..metrics.milestones import TIMES
from ..records import Milestone, Stats, Summary
from ..texts import printable
from .figures import Both, figure, percent_text, time_text
from .verdict import shown_percentile
from .wording import in_both

MOST_MILESTONES = 40
"""Rows that are shown: by the median of their first begin."""
QUIET_KINDS = frozenset({"usage", "end", "error"})
"""Kinds of which the other figures tell as much."""
MILESTONE_HEADS = ("milestone.kind", "milestone.name", "share", "milestone.per_answer", "milestone.first",
                   "milestone.p50", "milestone.p95", "milestone.p99")  # fmt: skip


def shown_milestones(summary: Summary) -> list[Milestone]:
    """The rows of the table."""
    return [each for each in summary.milestones if each.kind not in QUIET_KINDS][:MOST_MILESTONES]


def milestone_cells(each: Milestone) -> list[str]:
    """Its figures: share of the answers, how many in each of them, begin of the first, and how long they last."""
    lengths = (shown_percentile(each.duration_ms, percent) for percent in (50, 95, 99))
    return [
        percent_text(each.share),
        figure(each.spans / max(1, each.answers)),
        figure(each.first_ms.p50),
        *("–" if not each.duration_ms.count else figure(value) for value in lengths),
    ]


def time_shares(summary: Summary) -> dict[str, float]:
    """The share of their time that answers spent with each of `metrics.milestones.TIMES`; {} where nothing is known."""
    means = {name: summary.metrics.get(f"{name}_time_ms", Stats()).mean for name in TIMES}
    total = sum(mean or 0.0 for mean in means.values())
    return {name: (mean or 0.0) / total for name, mean in means.items()} if total else {}


def short_times_text(summary: Summary) -> Both | None:
    """ "reasoning 12 %, tools 40 %, text 30 %, waiting 18 %" """
    shares = sorted(time_shares(summary).items(), key=lambda item: -item[1])
    said = [in_both(f"time.{name}", share=percent_text(share)) for name, share in shares if share]
    return (", ".join(each[0] for each in said), "，".join(each[1] for each in said)) if said else None


MOST_STEPS = 4


def short_steps_text(summary: Summary) -> Both | None:
    """The steps and tools that took longest by their medians: "retrieval 320 ms, weather 1.2 s"."""
    timed = [each for each in shown_milestones(summary) if each.kind in ("step", "tool_call") and each.duration_ms.p50]
    longest = sorted(timed, key=lambda each: -(each.duration_ms.p50 or 0.0))
    said = [f"{printable(each.name, 30) or '?'} {time_text(each.duration_ms.p50)}" for each in longest[:MOST_STEPS]]
    more = ["…"] if len(longest) > MOST_STEPS else []
    return (", ".join([*said, *more]), "，".join([*said, *more])) if said else None
