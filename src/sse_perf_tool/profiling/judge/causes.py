"""What limits the server: one rule a function, the gravest first.

A rule says nothing where its figure was not measured. What blocks a loop or takes a core explains why others wait, and
`waits_on` is not said.  That answers are slow is a symptom, and said alone when no cause was seen; the table of targets
has it in any case.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import mean

from ...records import TrustSample
from ...records.profile import MISSED, ProfileFinding, ProfileTarget, Words
from ...report_parts.figures import percent_text
from ...units import reading
from ..hooks.reading import Code, HookSeries
from ..server.watch import ProcessSeries
from .demand import demand, longest_wait
from .evidence import Evidence, process_of
from .waits import Group, largest_group
from .wording import together, words

BUSY, BUSY_SAMPLED = 90.0, 80.0
"""Percent of a core that a process would use on a machine of its own, from which on it needs a whole one; lower while
a sampler stops it a hundred times a second."""
BUSY_SHARE, BUSY_S, STRETCHES = 0.6, 3.0, 30
"""In a stretch that is so much of the load, and so long; about so many are tried."""
GROWN_MB, GROWN_SHARE, STRAIGHT = 4.0, 0.04, 0.8
"""Memory grows when it is so much more, in a line so straight (R2)."""
CATCHES, CATCH_SHARE = 3, 0.5
KEPT_NODE_MB = 10.0
"""Of Node.js: compiled code, and what its own profiler keeps, come to some 5 MB."""
LEAST_BUSY = 25.0
"""Percent of the time for which a loop of Node.js has to be at work before it can be said to be blocked."""
OTHERS, WAITED = 30.0, 5.0
IDLE, WAITING_SHARE = 50.0, 0.5


def findings(evidence: Evidence, held: list[ProfileTarget]) -> list[ProfileFinding]:
    """All of them, of `held`, the targets, as well."""
    causes = [found for rule in _CAUSES for found in rule(evidence, held)]
    busy = {each.process for each in causes if each.name in ("cpu_bound", "loop_blocked")}
    if not busy:
        causes += _waits_on(evidence, held)
    return _merged(causes or [found for rule in _SYMPTOMS for found in rule(evidence, held)])


def _merged(found: list[ProfileFinding]) -> list[ProfileFinding]:
    """The same said of several workers becomes one: the figure is that of the first."""
    made: dict[tuple[str, str], ProfileFinding] = {}
    for each in found:
        key = (each.name, each.where.rpartition(":")[0] or each.where)
        if key in made:
            first = made[key]
            processes = ", ".join(dict.fromkeys([*first.process.split(", "), each.process]))
            made[key] = ProfileFinding(first.name, processes, first.where, first.figure, first.advice, first.second)
        else:
            made[key] = each
    return list(made.values())


def _finding(
    name: str,
    process: ProcessSeries | None,
    where: Code | None,
    figure: Words,
    advice: Words,
    second: float | None = None,
) -> ProfileFinding:
    return ProfileFinding(
        name, process.label if process else "", where.text if where else "", figure, advice, second and round(second, 1)
    )


# --- the machine, failures, ends


def _machine_busy(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    span_s = evidence.begin_s, evidence.end_s
    waits = [wait for each in evidence.processes if (wait := longest_wait(each, *span_s)) is not None]
    others = _others(evidence)
    if waits and others is not None and max(waits) > WAITED and others > OTHERS:
        values = {"others": others, "waiting": max(waits)}
        yield _finding("machine_busy", None, None, words("machine_busy", **values), words("machine_busy.advice"))


def _others(evidence: Evidence) -> float | None:
    """Percent of one core that neither the server nor the tool used."""
    shares = [_busy(sample) for sample in evidence.result.self_watch]
    known = [share for share in shares if share is not None]
    if not known:
        return None
    ours = sum(cpu for each in evidence.processes if (cpu := evidence.mean_of(each, "cpu")) is not None)
    return mean(known) - ours


def _busy(sample: TrustSample) -> float | None:
    """What all but the tool used in a second, in percent of one core."""
    if sample.machine_cpu is None or sample.cores is None:
        return None
    return (sample.machine_cpu * sample.cores - sample.cpu_share) * 100


def _failures(evidence: Evidence, held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    if _state(held, "failures") == MISSED:
        found = evidence.result.summary
        worst = ", ".join(
            f"{name} {count}" for name, count in found.outcomes.items() if name not in ("ok", "cancelled")
        )
        share = percent_text(found.failed / (found.ok + found.failed))
        yield _finding("failures", None, None, words("failures", share=share, outcomes=worst), words("failures.advice"))


def _process_ended(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    last = max((each.at_s[-1] for each in evidence.processes if each.at_s), default=0.0)
    for number, each in enumerate(evidence.processes):
        if not each.at_s:
            continue
        at_s = each.at_s[-1]
        worked = each.at_s[0] <= evidence.begin_s and at_s > evidence.begin_s
        if number == 0 and evidence.died and at_s < evidence.end_s + 1:
            how = evidence.died
        elif worked and at_s < min(last - 1.5, evidence.end_s - 1):
            how = words("gone")
        else:
            continue
        figure = words("process_ended", at=max(0.0, at_s), how=how)
        yield _finding("process_ended", each, None, figure, words("process_ended.advice"), max(0.0, at_s))


# --- memory


def _memory_grows(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    """Of all processes of a kind together: over how many of them the requests were spread is not known."""
    grows = [(each, grown) for each in evidence.processes if (grown := grown_mb(evidence, each)) is not None]
    requests = max(1, evidence.result.summary.sent * 2 / 3)
    for kind in dict.fromkeys(process.kind for process, _ in grows):
        processes = [process for process, _ in grows if process.kind == kind]
        mb = sum(grown for process, grown in grows if process.kind == kind)
        size = words("kb", n=mb / requests * 1000) if mb < requests else words("mb", n=mb / requests)
        rest_s = max((process.at_s[-1] for process in processes), default=0.0) - evidence.end_s
        said = words("memory_grows", grown=mb, seconds=evidence.end_s * 2 / 3, each=size, rest=max(0.0, rest_s))
        advice, place = words("memory_grows.unknown"), None
        if (kept := _kept(evidence, kind)) is not None:
            place, kept_mb, total = kept
            said = together(said, words("memory_grows.kept", mb=kept_mb, total=total))
            advice = words("memory_grows.advice")
        found = _finding("memory_grows", None, place, said, advice)
        yield replace(found, process=", ".join(process.label for process in processes))


def grown_mb(evidence: Evidence, process: ProcessSeries) -> float | None:
    """By how much the memory of a process grew in the last two thirds of the load and stayed; None if it did not."""
    begin_s = evidence.end_s / 3
    pairs = zip(process.at_s, process.rss_mb, strict=True)
    points = [(at_s, mb) for at_s, mb in pairs if begin_s <= at_s <= evidence.end_s and math.isfinite(mb)]
    if len(points) < 6:
        return None
    slope, straight = _line(points)
    grown = slope * (points[-1][0] - points[0][0])
    after = process.values("rss_mb", evidence.end_s + 1, math.inf)
    stays = not after or after[-1] > points[-1][1] - grown / 2
    hook = evidence.hooks.get(process.pid)
    if hook is not None and hook.kind == "node":
        # The memory of V8 goes up and down with its collections: what a full one leaves, before and after, tells.
        if not {1, 2} <= hook.collected_mb.keys():
            return None
        kept = hook.collected_mb[2] - hook.collected_mb[1]
        return kept * 2 / 3 if kept >= KEPT_NODE_MB and kept >= GROWN_SHARE * points[0][1] else None
    least = max(GROWN_MB, GROWN_SHARE * points[0][1])
    return grown if grown >= least and straight > STRAIGHT and stays else None


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Slope and R2 of the straight line through points (least squares)."""
    at, value = mean(x for x, _ in points), mean(y for _, y in points)
    xx = sum((x - at) ** 2 for x, _ in points)
    xy = sum((x - at) * (y - value) for x, y in points)
    yy = sum((y - value) ** 2 for _, y in points)
    return (xy / xx, xy * xy / (xx * yy)) if xx and yy else (0.0, 0.0)


def _kept(evidence: Evidence, kind: str) -> tuple[Code, float, float] | None:
    """The line that kept most in the heap pass, of the processes of a kind together."""
    lines: Counter[Code] = Counter()
    total = 0.0
    for growth in evidence.growth.values():
        if growth.kind == kind:
            total += growth.total_mb
            for place, mb in growth.lines:
                lines[place] += mb  # type: ignore[assignment]
    if not lines:
        return None
    (place, mb), *_ = lines.most_common(1)
    return place, float(mb), total


def _memory_high(evidence: Evidence, held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    if _state(held, "rss") != MISSED:
        return
    for process in evidence.processes:
        peak = evidence.peak_mb(process)
        if peak is not None and peak >= evidence.limits["rss"].most and grown_mb(evidence, process) is None:
            yield _finding("memory_high", process, None, words("memory_high", peak=peak), words("memory_high.advice"))


# --- the loop and the core


def _loop_or_core(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    """`cpu_bound` or `loop_blocked` of each process: what needs a whole core blocks its loop by that."""
    for process in evidence.processes:
        hook = evidence.hooks.get(process.pid)
        if is_cpu_bound(evidence, process):
            yield _cpu_bound(evidence, process, hook)
        elif hook is not None and (found := _loop_blocked(evidence, process, hook)) is not None:
            yield found


def is_cpu_bound(evidence: Evidence, process: ProcessSeries) -> bool:
    """Whether a process would have used a whole core in most of the load, had others not taken it away."""
    cores = 1 if process.kind in ("python", "node") else process.cores or 1
    stretch_s = max(BUSY_S, BUSY_SHARE * (evidence.end_s - evidence.begin_s))
    least = BUSY_SAMPLED if evidence.sampled else BUSY
    looks = [at_s for at_s in process.at_s if evidence.begin_s <= at_s <= evidence.end_s]
    for begin_s in looks[:: len(looks) // STRETCHES + 1]:
        end_s = next((at_s for at_s in looks if at_s >= begin_s + stretch_s), None)
        if end_s is None:
            return False
        needed = demand(process, evidence.hooks.get(process.pid), begin_s, end_s)
        if needed is not None and needed / cores >= least:
            return True
    return False


def _cpu_bound(evidence: Evidence, process: ProcessSeries, hook: HookSeries | None) -> ProfileFinding:
    cpu, waiting = evidence.mean_of(process, "cpu") or 0.0, evidence.mean_of(process, "waiting") or 0.0
    waiting = min(waiting, max(0.0, 100 - cpu))  # of several threads at a time
    if process.kind in ("python", "node"):
        said = words("cpu_bound", cpu=cpu, waiting=waiting)
    else:
        said = words("cpu_bound.many", cpu=cpu / (process.cores or 1), cores=process.cores or 1)
    where, share = _hot(evidence, process.pid)
    if where is None and hook is not None:
        where, _, _ = _caught(evidence, hook)
    if share is not None:
        said = together(said, words("cpu_bound.seen", share=percent_text(share)))
    p99 = evidence.loop_p99_ms(hook) if hook else None
    if p99 is not None and p99 > evidence.limits["loop_delay"].most:
        said = together(said, words("cpu_bound.loop", p99=p99))
    return _finding("cpu_bound", process, where, said, words("cpu_bound.advice" if where else "cpu_bound.unknown"))


def _hot(evidence: Evidence, pid: int) -> tuple[Code | None, float | None]:
    stacks = evidence.stacks.get(pid)
    found = stacks.hottest(evidence.begin_s, evidence.end_s) if stacks else None
    return found or (None, None)


def _caught(evidence: Evidence, hook: HookSeries) -> tuple[Code | None, float, int]:
    """Where a loop that stood still was found most often, its share of all such looks, and their number."""
    functions: Counter[tuple[str, str]] = Counter()
    lines: dict[tuple[str, str], Counter[Code]] = {}
    for row in hook.blocks:
        if evidence.begin_s <= row.at_s <= evidence.end_s + 1:
            key = (row.own.function, row.own.file)
            functions[key] += row.number
            lines.setdefault(key, Counter())[row.own] += row.number
    total = sum(functions.values())
    if not total:
        return None, 0.0, 0
    (key, number), *_ = functions.most_common(1)
    return lines[key].most_common(1)[0][0], number / total, total


def _loop_blocked(evidence: Evidence, process: ProcessSeries, hook: HookSeries) -> ProfileFinding | None:
    p99 = evidence.loop_p99_ms(hook)
    if p99 is None or p99 <= evidence.limits["loop_delay"].most:
        return None
    rows = [(ms, at) for at, ms in zip(hook.at_s, hook.max_ms, strict=True) if math.isfinite(ms)]
    worst, second = max((row for row in rows if evidence.begin_s < row[1] <= evidence.end_s + 1), default=(p99, 0.0))
    said = words("loop_blocked", p99=min(p99, worst), max=worst)  # a P99 is the middle of a half-octave
    if hook.kind == "python":
        where, share, number = _caught(evidence, hook)
        if number < CATCHES or share < CATCH_SHARE:
            return None  # late beats that no code of the server explains: it waited for a core
        said = together(said, words("loop_blocked.seen", share=percent_text(share), n=number))
    else:
        if not is_kept_busy(evidence, hook):
            return None  # as above
        where, of_cpu = _hot(evidence, process.pid)
        if of_cpu is not None:
            said = together(said, words("loop_blocked.cpu_seen", share=percent_text(of_cpu)))
    advice = words("loop_blocked.advice" if where else "loop_blocked.unknown")
    return _finding("loop_blocked", process, where, said, advice, second)


def is_kept_busy(evidence: Evidence, hook: HookSeries) -> bool:
    """Whether a loop of Node.js was at work for a good part of the load, and did not only wait for a core."""
    rows = zip(hook.at_s, hook.busy, strict=True)
    busy = [share for at_s, share in rows if evidence.begin_s <= at_s <= evidence.end_s and math.isfinite(share)]
    return bool(busy) and mean(busy) >= LEAST_BUSY


# --- waits


def _waits_on(evidence: Evidence, held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    """What most of what is under way waits for, where answers are slow or come only so many at a time."""
    queue = evidence.result.summary.service_queue
    slow = any(_state(held, name) == MISSED for name in ("p50", "ttfc", "growth"))
    if not slow and queue is None:
        return
    for pid, hook in evidence.hooks.items():
        process = process_of(evidence, pid)
        cpu = evidence.mean_of(process, "cpu")
        group = largest_group(hook, evidence.begin_s, evidence.end_s)
        if group is None or (cpu is not None and cpu >= IDLE):
            continue
        if group.things == "calls":
            group = group._replace(all_mean=max(group.all_mean, evidence.in_flight / _loops(evidence)))
        if group.share > WAITING_SHARE and group.mean >= 1:
            yield _finding(
                "waits_on",
                process,
                group.own,
                _waits_words(evidence, group, cpu),
                words(f"waits_on.{group.kind}.advice"),
            )


def _loops(evidence: Evidence) -> int:
    return max(1, sum(1 for hook in evidence.hooks.values() if hook.waits))


def _waits_words(evidence: Evidence, group: Group, cpu: float | None) -> Words:
    values = {
        "share": percent_text(group.share),
        "things": words(f"things.{group.things}"),
        "what": words(f"what.{group.kind}"),
    }
    said = words("waits_on.idle", **values) if cpu is None else words("waits_on", cpu=cpu, **values)
    queue = evidence.result.summary.service_queue
    if queue is None or len([hook for hook in evidence.hooks.values() if hook.waits or hook.threads]) != 1:
        return said
    waiting = group.mean if group.kind in ("lock", "queue", "executor") else 0.0
    inside = group.all_mean - waiting
    key = "waits_on.serves" if inside <= queue.most_answered * 1.5 + 1 else "waits_on.refuted"
    return together(said, words(key, answered=queue.most_answered, inside=inside, waiting=waiting))


# --- the server's own word, descriptors, threads


def _server_queue(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    told = evidence.result.server_metrics
    waiting = told.values_of("waiting") if told else []
    share = sum(1 for value in waiting if value > 0) / len(waiting) if waiting else 0.0
    if share >= 0.1:
        figure = words("server_queue", share=percent_text(share), most=max(waiting))
        yield _finding("server_queue", None, None, figure, words("server_queue.advice"))


def _cache_full(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    told = evidence.result.server_metrics
    cache, preemptions = (told.highest(name) if told else None for name in ("kv_cache_percent", "preemptions_per_s"))
    if (cache or 0.0) > 95 or (preemptions or 0.0) > 0:
        said = words("cache_full", cache=cache or 0.0, preemptions=reading(preemptions or 0.0))
        yield _finding("cache_full", None, None, said, words("cache_full.advice"))


def _descriptors(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    for process in evidence.processes:
        used = max(process.values("fds", 0.0, evidence.end_s), default=0.0)
        if process.fd_limit and used > 0.8 * process.fd_limit:
            yield _finding("fds", process, None, words("fds", used=used, limit=process.fd_limit), words("fds.advice"))


def _threads(evidence: Evidence, _held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    for process in evidence.processes:
        third = evidence.end_s / 3
        early, late = process.values("threads", third, 2 * third), process.values("threads", 2 * third, evidence.end_s)
        if early and late and max(late) > 1.5 * max(early) and max(late) > max(early) + 20:
            figure = words("threads", before=max(early), after=max(late))
            yield _finding("threads", process, None, figure, words("threads.advice"))


# --- symptoms


def _degrading(evidence: Evidence, held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
    if _state(held, "growth") != MISSED:
        return
    rows = evidence.ok_latencies()
    third = len(rows) // 3
    before, after = (sorted(ns / 1e6 for _, ns in part)[third // 2] for part in (rows[:third], rows[-third:]))
    figure = words("degrading", share=percent_text(after / before - 1), before=before, after=after)
    yield _finding("degrading", None, None, figure, words("degrading.advice"))


def _slow(name: str, target: str) -> Callable[[Evidence, list[ProfileTarget]], Iterator[ProfileFinding]]:
    def rule(_evidence: Evidence, held: list[ProfileTarget]) -> Iterator[ProfileFinding]:
        found = next(each for each in held if each.name == target)
        if found.state == MISSED:
            yield _finding(name, None, None, words(name, ms=found.value), words(f"{name}.advice"))

    return rule


def _state(held: list[ProfileTarget], name: str) -> str:
    return next(each.state for each in held if each.name == name)


_CAUSES = (
    _machine_busy, _process_ended, _failures, _memory_grows, _memory_high, _loop_or_core, _server_queue, _cache_full,
    _descriptors, _threads,
)  # fmt: skip
_SYMPTOMS = (_degrading, _slow("slow_first_chunk", "ttfc_slow"), _slow("slow_answers", "p99"))
