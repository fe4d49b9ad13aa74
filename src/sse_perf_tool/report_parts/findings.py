"""What a run shows beside its figures, each in a sentence that says the cause: the same in every output."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..records import NOT_MEASURED, Outcome, RunResult, Trust
from ..texts import printable
from ..trust import others_busy
from ..units import NS_PER_MS
from .causes import compression_advice, on_this_machine
from .figures import Both, percent_text, time_text
from .messages import message
from .wording import count_of, in_both, joined

LOST_PACKETS, LOSSY_SHARE = 3, 0.01
"""So many packets, in so many of the answers, are worth a word: every network loses one now and then."""


FIRST_ERROR_STATUS = 400

UNREADABLE = ("br", "zstd")
"""Compressions that need a package of their own, and fail without."""


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


def _accept_queue(result: RunResult) -> Finding | None:
    """Connections whose SYN was sent again: on this machine nothing is lost, so it was the server that took none."""
    rows = result.requests.rows("syn_resent", "connect_ns")
    resent = [connect_ns for number, connect_ns in rows if number > 0 and connect_ns != NOT_MEASURED]
    made = sum(1 for connect_ns in result.requests["connect_ns"] if connect_ns != NOT_MEASURED)
    if not resent:
        return None
    key = "accept_queue_here" if on_this_machine(result.config) else "accept_queue"
    times = {"least": time_text(min(resent) / NS_PER_MS), "most": time_text(max(resent) / NS_PER_MS)}
    text = in_both(key, None, resent=f"{len(resent):,}", made=f"{made:,}", **times)
    return Finding("accept_queue", text, "tails")


def _packet_loss(result: RunResult) -> Finding | None:
    table, trust = result.requests.main(), result.trust or Trust()
    answers = sum(1 for each in table.rows("retransmits", "out_of_order") if max(each) > 0)
    late = max(sum(n for n in table["out_of_order"] if n > 0), trust.out_of_order or 0)
    again = max(sum(n for n in table["retransmits"] if n > 0), trust.retransmits or 0)
    few = late + again < LOST_PACKETS or 0 < answers < LOSSY_SHARE * len(table)
    if few or on_this_machine(result.config):
        return None
    numbers = {"late": f"{late:,}", "again": f"{again:,}"}
    said = [in_both("packet_loss", None, **numbers)]
    if answers:
        said.append(in_both("packet_loss.of", {"n": count_of("answers", answers)}, all=f"{len(table):,}"))
    return Finding("packet_loss", _run_on([*said, in_both("packet_loss.felt")]), "trust")


def _run_on(parts: list[Both]) -> Both:
    """Parts of one sentence."""
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


def _other_programs(result: RunResult) -> Finding | None:
    """What is a reason where figures are in doubt, and worth a word where they are not."""
    trust = result.trust
    if trust is None or not others_busy(trust) or any(reason.todo == "others" for reason in trust.reasons):
        return None
    shares = {"busy": percent_text(trust.machine_cpu), "own": percent_text(trust.own_cpu)}
    return Finding("other_programs", in_both("other_programs", None, **shares), "trust")


def _compression(result: RunResult) -> Finding | None:
    check = result.compression_check
    if check is None or not check.shows:
        return None
    values = {
        "encoding": printable(check.content_encoding or "", 40),
        "ttft": time_text(check.ttft_ms),
        "run": time_text(check.run_ttft_ms),
    }
    error = message(check.error or "")
    told = {
        "outcome": in_both(f"outcome.{check.outcome}"),
        "error": (printable(error[0], 200), printable(error[1], 200)),
    }
    ok = check.outcome == Outcome.OK.value
    key = "held" if check.held_back else "kept" if ok else "failed"
    if not ok and (check.content_encoding or "").lower() in UNREADABLE:
        key = "unreadable"
    if check.content_encoding is None and check.held_back:
        key = "held_plain"
    elif not ok and not check.content_encoding:
        key = "failed_plain"
    said = [in_both(f"compression.{key}", told, **values)]
    if check.held_back and check.content_encoding is not None:
        said.append(compression_advice(check))
    return Finding("compression", joined(said), "shape")


def _bad_events(result: RunResult) -> Finding | None:
    found = result.summary
    if not found.bad_events:
        return None
    answers = {"n": count_of("answers", found.bad_event_answers)}
    return Finding("bad_events", in_both("bad_events", answers, events=f"{found.bad_events:,}"), "errors")


def _outage(result: RunResult) -> Finding | None:
    outage = result.summary.outage
    if outage is None:
        return None
    begin = f"{outage.begin_s:.2f} s"
    kind = in_both("outage.refused") if outage.refused else in_both(f"outcome.{outage.outcome}")
    if outage.status is not None and outage.status >= FIRST_ERROR_STATUS:
        kind = (f"HTTP {outage.status}",) * 2
    if outage.end_s is None:
        key, numbers = "outage.died", {"failures": f"{outage.failures:,}"}
    else:
        key, numbers = "outage.passed", {"failures": f"{outage.failures:,}", "all": f"{outage.all_failures:,}"}
        numbers["length"] = f"{outage.end_s - outage.begin_s:.1f} s"
    broken = in_both("outage.broken", {"n": count_of("outage.streams", outage.broken)}) if outage.broken else ("", "")
    return Finding("outage", in_both(key, {"kind": kind, "broken": broken}, begin=begin, **numbers), "errors")


def _failed_first_tokens(result: RunResult) -> Finding | None:
    found = result.summary.failed_first_tokens
    if found is None:
        return None
    said = in_both("failed_ttft", {"n": count_of("outage.requests", found.requests)}, ttft=time_text(found.ttft_p50_ms))
    if found.figure is None or found.without_ms is None or found.with_ms is None:
        return Finding("failed_first_tokens", joined([said, in_both("failed_ttft.alone")]), "metrics")
    name = in_both("mean") if found.figure == "mean" else (found.figure.upper(),) * 2
    times = {"shown": time_text(found.without_ms), "whole": time_text(found.with_ms)}
    return Finding(
        "failed_first_tokens", joined([said, in_both("failed_ttft.with", {"name": name}, **times)]), "metrics"
    )


_RULES: tuple[Callable[[RunResult], Finding | None], ...] = (
    _bad_events,
    _outage,
    _failed_first_tokens,
    _compression,
    _service_queue,
    _accept_queue,
    _packet_loss,
    _other_programs,
)
