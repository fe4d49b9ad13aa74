"""Whether the figures of a run are true: a verdict, reasons in words, and how far off they can be.

What can make a figure wrong, and where that is seen (docs/trust.md tells more, and what it was checked against):

* The start.  A thread looks at the clock and then writes; it may be put aside in between.  The time until the write is
  over is `start_slack_ns`: the request began that much later at most.
* Arrivals stamped by the kernel are exact, however late they are read, but a read has one stamp, that of its last
  segment.  When a chunk waits until the next one of its stream has come, both get the stamp of the second.  A read of k
  chunks, g after the read before, tells that the true gaps add up to g: anything from g/k each to g and zeros.
  The end of the answer counts as a chunk when it was read with the last one.
* That chunks come together is no error when they were sent together.  It is one as far as reads had to wait, and how
  long reads can have waited is measured: `_Lateness`.
* Arrivals that this program stamps (the clock is "user") are late by the time that the read waited.

So there is an interval in which the true percentile lies, and the bound is the greater distance to its ends.  Pure: no
clock, no thread, no socket.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from operator import sub
from typing import NamedTuple

from .metrics import percentile
from .records import NOT_MEASURED, OUTCOMES, Outcome, Reason, RunResult, Stats, ThresholdResult, Trust, TrustSample
from .stream_shape import unless_late
from .texts import LANGUAGES, Texts
from .units import NS_PER_MS, US_PER_MS

REQUIRED = "--require-trust"
"""What stands for it among the thresholds."""

RESOLUTION_MS = 0.1
"""Two programs agree on a moment no better: a system call stands between clock and wire on each side."""
LIMIT_MS, LIMIT_SHARE = 10.0, 0.2
"""Figures are trusted when their bound is within both: milliseconds, and share of the figure."""
LEAST_MS = 1.0
"""The share is that of this at least: what is shorter is as good as nothing, and need not be known to a fifth."""
INVALID_SHARE = 0.5
"""From this share of the figure on it says more of this program than of the service."""

BUSY_CORE = 0.95
"""A process that keeps a core so busy sends as fast as it can, not as fast as it was asked to."""
FULL, STARVED_FULL, STARVED = 0.95, 0.02, 0.25
"""Where all cores are so busy and the reading thread waited for one for the second share of time, or wherever it waited
for the third, those that send waited as well: the load was not the one that was asked for."""
LATE_SHARE = 0.01
"""An open loop in which so many requests started late, though threads were free, is another load than was asked for."""
SUCCESSION = 1
"""What was seen k times in n trials is expected with a probability of (k + 1)/(n + 2), also when k is 0 (Laplace)."""
SUSPICIOUS = 0.1
"""When waiting explains so much of what came together, it may explain all of it: waits come in clumps, and none of the
three ways to count them sees all."""
RARE = 99.9
"""The percentile of what a read can have waited that stands for the longest: the maximum would be one accident."""
CALM_SHARE, CALM_MS = 0.5, 1.0
"""Arrivals that this program stamps are trusted when the cores are half idle and 99 % of wake-ups this prompt."""

TEXTS: Texts = {
    "trusted": ("trusted", "可信"),
    "degraded": ("degraded", "降级"),
    "invalid": ("invalid", "无效"),
    "not_measured": ("not measured", "未测量"),
    "bound": ("TTFT P99 ± {ttft} ms, gap P99 ± {gap} ms", "TTFT P99 ± {ttft} ms，间隔 P99 ± {gap} ms"),
    "bound_ttft": ("TTFT P99 ± {ttft} ms", "TTFT P99 ± {ttft} ms"),
    "bound_gap": ("gap P99 ± {gap} ms", "间隔 P99 ± {gap} ms"),
    "merged": (
        "{share} of the chunks were read late, together with the next: use fewer threads or more --processes",
        "{share} 的数据块因读取过晚而与下一块合在一起：请减少线程或增加 --processes",
    ),
    "start": (
        "requests went out up to {ms} ms (P99) after their start was taken: use fewer threads, and leave cores free",
        "请求在记下开始时刻后最多 {ms} ms（P99）才发出：请减少线程，并留出空闲 CPU",
    ),
    "ttft_bound": ("the TTFT P99 of {value} ms may be {bound} ms off", "TTFT P99 为 {value} ms，误差可达 {bound} ms"),
    "itl_bound": ("the gap P99 of {value} ms may be {bound} ms off", "间隔 P99 为 {value} ms，误差可达 {bound} ms"),
    "busy": (
        "this client reached {share} of one core: use more --processes or fewer threads",
        "本客户端占用单核达 {share}：请增加 --processes 或减少线程",
    ),
    "starved": (
        "the reading thread waited for a core {share} of the time: use fewer threads or a machine of its own",
        "读取线程有 {share} 的时间在等待 CPU：请减少线程，或换用没有其他程序的机器发压",
    ),
    "full": (
        "all cores were busy: use fewer threads or a machine of its own",
        "全部 CPU 均已占满：请减少线程，或换用专门的机器发压",
    ),
    "schedule": (
        "{share} of the requests started late though threads were free: lower the rate or use more --processes",
        "{share} 的请求在有空闲线程时仍未按时发出：请降低速率或增加 --processes",
    ),
    "user_clock": (
        "arrivals were stamped by this program, not by the system, and the machine was not idle: send from Linux",
        "到达时刻由本程序而非系统记录，且机器并不空闲：请在 Linux 上发压",
    ),
    "steps": (
        "the wall clock was set {count} times while the run went on: let NTP slew it instead of stepping",
        "运行期间系统时钟被调整 {count} 次：请让 NTP 平滑校时，而不是跳变",
    ),
    "lost": (
        "a process of the tool was lost: its requests are missing",
        "本工具的一个进程中途丢失，缺少它的请求",
    ),
}


def words(reason: Reason, lang: str) -> str:
    """A reason, and what to do, in a language."""
    return TEXTS[reason.key][LANGUAGES.index(lang)].format(**reason.values)


def by_second(samples: Iterable[TrustSample]) -> tuple[TrustSample, ...]:
    """The samples of all processes in order, those of one second as one: counts added, of all else the worst."""
    found: dict[int, TrustSample] = {}
    for sample in samples:
        known = found.get(sample.second)
        found[sample.second] = sample if known is None else _together(known, sample)
    return tuple(found[second] for second in sorted(found))


def _together(one: TrustSample, other: TrustSample) -> TrustSample:
    def most(name: str) -> float | None:
        values = [value for each in (one, other) if (value := getattr(each, name)) is not None]
        return max(values, default=None)

    def total(name: str) -> int | None:
        values = [value for each in (one, other) if (value := getattr(each, name)) is not None]
        return sum(values) if values else None

    counts = {name: dict(Counter(getattr(one, name)) + Counter(getattr(other, name))) for name in _COUNTS}
    worst = {name: most(name) for name in _WORST}
    step_ms = max(one.clock_step_ms, other.clock_step_ms, key=abs)
    added = {name: total(name) for name in ("retransmits", "out_of_order")}
    return replace(one, **counts, **worst, **added, clock_step_ms=step_ms)  # type: ignore[arg-type]


_COUNTS = ("read_waits", "away", "wakes")
_WORST = ("read_wait_max_ms", "cpu_share", "cpu_wait", "machine_cpu", "gc_ms", "gc_max_ms", "rtt_ms")


class _Counts:
    """Half-octave buckets of microseconds, as in `TrustSample`."""

    def __init__(self, buckets: Iterable[Mapping[int, int]]) -> None:
        self._buckets: Counter[int] = Counter()
        for each in buckets:
            self._buckets.update(each)
        self.count = sum(self._buckets.values())

    def above(self, us: float) -> int:
        """How many may have been longer."""
        return sum(count for bucket, count in self._buckets.items() if _edge_us(bucket + 1) > us)

    def percentile_ms(self, percent: float) -> float | None:
        """The upper edge of the bucket in which the percentile lies; None when nothing was counted."""
        passed = 0
        for bucket, count in sorted(self._buckets.items()):
            passed += count
            if passed >= percent / 100 * self.count:
                return _edge_us(bucket + 1) / US_PER_MS
        return None


def _edge_us(bucket: int) -> float:
    """The lower edge of a bucket."""
    return 2.0 ** (bucket / 2) if bucket >= 0 else 0.0


def _bucket(us: float) -> int:
    return (int(us) * int(us)).bit_length() - 1


def read_delay_ms(samples: Sequence[TrustSample]) -> dict[str, float | None]:
    """How long reads waited, as "p50", "p99" and "max"; the percentiles to half an octave, upwards."""
    waits = _Counts(sample.read_waits for sample in samples)
    most = max((ms for sample in samples if (ms := sample.read_wait_max_ms) is not None), default=None)
    found: dict[str, float | None] = {"max": most}
    for name, percent in (("p50", 50), ("p99", 99)):
        value = waits.percentile_ms(percent)
        found[name] = None if value is None or most is None else round(min(value, most), 3)
    return found


class _Lateness:
    """Which share of the reads with several chunks held them because they were late.

    A read of k chunks that were not sent together needs its first one to have waited while k - 1 others came.  How many
    reads can have waited so long is known in three ways, and the largest number counts: reads whose last byte had
    waited so long; reads whose socket had not been looked at for so long; and all reads, times the share of wake-ups
    that were so late.  The share is that number over the number of reads with several chunks that would have had to
    wait so long or longer, or all from `SUSPICIOUS` on.  Without samples it is 1: then nobody knows.
    """

    def __init__(self, samples: Sequence[TrustSample], first_waits: Counter[int]) -> None:
        """`first_waits` are the reads with several chunks by the bucket of the wait that their first would have had."""
        self._waits = _Counts(sample.read_waits for sample in samples)
        self._away = _Counts(sample.away for sample in samples)
        self._wakes = _Counts(sample.wakes for sample in samples)
        self._first_waits = first_waits
        self._known: dict[int, float] = {}
        rare = (counts.percentile_ms(RARE) for counts in (self._waits, self._away, self._wakes))
        self.longest_ns = max((ms for ms in rare if ms is not None), default=0.0) * NS_PER_MS
        """How long a read can have waited, but for one in a thousand."""

    def share(self, wait_us: float) -> float:
        """That of the reads whose first chunk would have waited for so long; half of it is enough to be counted."""
        bucket = _bucket(wait_us)
        if bucket not in self._known:
            self._known[bucket] = self._share(bucket)
        return self._known[bucket]

    def _share(self, bucket: int) -> float:
        reads, enough_us = self._away.count, _edge_us(bucket) / 2
        if not reads:
            return 1.0
        waited: float = max(self._waits.above(enough_us), self._away.above(enough_us))
        if self._wakes.count:
            seen = (self._wakes.above(enough_us) + SUCCESSION) / (self._wakes.count + 2 * SUCCESSION)
            waited = max(waited, reads * seen)
        alike = sum(count for each, count in self._first_waits.items() if each >= bucket)
        explained = waited / max(1, alike)
        return explained if explained < SUSPICIOUS else 1.0


class _Merged(NamedTuple):
    """Reads with several chunks: the time since the read before, chunks, how many, and how many of them were late."""

    gap_us: int
    chunks: int
    reads: int
    late: float = 0.0

    @property
    def first_wait_us(self) -> float:
        """How long the first chunk waited, if they were sent evenly."""
        return self.gap_us * (self.chunks - 1) / self.chunks


class _Firsts(NamedTuple):
    """The first chunks of ok answers, a row each, in nanoseconds: there may be a million of them."""

    ttft_ns: array[int]
    slack_ns: array[int]
    """By how much the start may be too early."""
    wait_ns: array[int]
    """How long it waited for others that came in the same read; 0 when it came alone."""
    most_ns: array[int]
    """What it can have waited at most: it came behind the first byte."""


def _firsts(result: RunResult) -> _Firsts:
    """When k chunks came in the first read, k - 1 others came while the first waited, at the pace of the rest of the
    answer; of an answer that came in one read nothing is known but that its first chunk came behind its first byte."""
    names = ("outcome", "ttft_ns", "ttfb_ns", "start_slack_ns", "first_chunks", "chunks", "gap_sum_ns")
    ok, found = OUTCOMES.index(Outcome.OK), _Firsts(array("q"), array("q"), array("q"), array("q"))
    for outcome, ttft_ns, ttfb_ns, slack_ns, together, chunks, gap_sum_ns in result.requests.main().rows(*names):
        if outcome != ok or ttft_ns == NOT_MEASURED:
            continue
        most_ns = wait_ns = ttft_ns - max(0, ttfb_ns)
        if together < chunks or together <= 1:
            wait_ns = min(most_ns, (together - 1) * gap_sum_ns // max(1, chunks - together))
        for column, value in zip(found, (ttft_ns, max(0, slack_ns), max(0, wait_ns), most_ns), strict=True):
            column.append(value)
    return found


class _Evidence(NamedTuple):
    """How far the percentiles may be off, and why, all in milliseconds."""

    ttft_ms: float | None
    gap_ms: float | None
    slack_ms: float
    """P99 of by how much starts may be too early."""
    merged_share: float | None
    """Share of chunks that came late and with the next one."""


def _evidence(result: RunResult) -> _Evidence:
    firsts = _firsts(result)
    merged = [_Merged(*each) for each in result.merged_reads]
    waits: Counter[int] = Counter()
    for read in merged:
        waits[_bucket(read.first_wait_us)] += read.reads
    waits.update(_bucket(wait_ns / 1000) for wait_ns in firsts.wait_ns if wait_ns)
    lateness = _Lateness(result.self_watch, waits)
    merged = [each._replace(late=each.reads * lateness.share(each.first_wait_us)) for each in merged]
    gaps = result.summary.metrics.get("itl_ms", Stats()).count
    user_ms = 0.0 if result.clock == "kernel" else _user_clock_ms(result.self_watch)
    ttft_ms = gap_ms = None
    if firsts.ttft_ns:
        ttft_ms = _ttft_bound_ms(firsts, lateness) + user_ms + RESOLUTION_MS
    if gaps:
        gap_ms = _gap_bound_ms(result.gap_histogram, merged) + user_ms + RESOLUTION_MS
    late = sum(each.late * (each.chunks - 1) for each in merged)
    slack = percentile(sorted(firsts.slack_ns), 99) or 0.0
    return _Evidence(ttft_ms, gap_ms, slack / NS_PER_MS, late / gaps if gaps else None)


def _ttft_bound_ms(firsts: _Firsts, lateness: _Lateness) -> float:
    """The P99 as it was reported, less what it would be with all that may be too much taken off.

    As many of the first chunks as are likely to have waited for others are taken to be those of the largest TTFTs.
    Each waited as `_firsts` tells, or as long as reads had to wait here, whichever is more.
    """
    ttft_ns, _, waits_ns, most_ns = firsts
    least = array("q", map(sub, ttft_ns, firsts.slack_ns))
    waited = sorted((row for row, wait_ns in enumerate(waits_ns) if wait_ns), key=ttft_ns.__getitem__, reverse=True)
    late = sum(lateness.share(waits_ns[row] / 1000) for row in waited)
    for row in waited[: math.ceil(late)]:
        wait_ns = min(most_ns[row], max(waits_ns[row], lateness.longest_ns))
        least[row] -= round(wait_ns * min(1.0, late))  # of the last one only a part is likely
        late -= 1
    reported, lowest = (percentile(sorted(values), 99) or 0.0 for values in (ttft_ns, least))
    return (reported - lowest) / NS_PER_MS


def _user_clock_ms(samples: Sequence[TrustSample]) -> float:
    """By how much arrivals that this program stamps may be late: no more than one gap in a hundred has an end that is
    later, as no more than one read in two hundred is."""
    found = (_Counts(getattr(sample, name) for sample in samples).percentile_ms(99.5) for name in ("away", "wakes"))
    return max((ms for ms in found if ms is not None), default=0.0)


def _gap_bound_ms(gaps: Sequence[tuple[int, int]], merged: Sequence[_Merged]) -> float:
    """The greater distance from the reported P99 of the gaps to the ends of the interval in which the true one lies.

    Above a value v lie as many gaps as were reported.  But the gaps of a late read with k chunks, which add up to g and
    were reported as g and zeros, may all be g/k, so that none of them is above v if g/k is not; and of
    them n may be above v when n v is less than g, but not more than k.
    """
    values = [value for value, _ in gaps]
    ends = [0, *accumulate(count for _, count in gaps)]
    candidates = {each.gap_us // part for each in merged for part in (each.chunks, *range(2, min(each.chunks, 9)))}
    marks: list[int] = sorted({*values, *candidates})

    def p99_us(change: Callable[[_Merged, int], float]) -> int:
        """The least mark above which lies no more than one gap in a hundred."""

        def too_low(mark: int) -> bool:
            above: float = ends[-1] - ends[bisect_right(values, mark)]
            above += sum(each.late * change(each, mark) for each in merged if each.gap_us > mark)
            return above > 0.01 * ends[-1]

        low, high = 0, len(marks) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if too_low(marks[middle]) else (low, middle)
        return marks[low]

    reported = p99_us(lambda _each, _mark: 0.0)
    least = p99_us(lambda each, mark: 0.0 if each.gap_us > mark * each.chunks else -1.0)
    most = p99_us(lambda each, mark: min(each.chunks, (each.gap_us - 1) // max(mark, 1)) - 1.0)
    return max(reported - least, most - reported) / US_PER_MS


def judge(result: RunResult) -> RunResult:
    """The run with its `trust`, samples of its processes put together, and bursts told from what was read late."""
    samples = by_second(result.self_watch)
    delay_ms = read_delay_ms(samples)
    summary = replace(result.summary, shape=unless_late(result.summary.shape, delay_ms["p99"]))
    result = replace(result, self_watch=samples, summary=summary)
    found = _evidence(result)
    again, late = (
        [value for sample in samples if (value := getattr(sample, name)) is not None]
        for name in ("retransmits", "out_of_order")
    )
    trust = Trust(
        ttft_p99_error_bound_ms=None if found.ttft_ms is None else round(found.ttft_ms, 3),
        itl_p99_error_bound_ms=None if found.gap_ms is None else round(found.gap_ms, 3),
        clock=result.clock,
        read_delay_ms=delay_ms,
        cpu_share=_busiest(samples, "cpu_share"),
        machine_cpu=_busiest(samples, "machine_cpu"),
        cpu_wait=_busiest(samples, "cpu_wait"),
        merged_share=None if found.merged_share is None else round(found.merged_share, 6),
        gc_max_ms=max((sample.gc_max_ms for sample in samples), default=None),
        rtt_ms=max((sample.rtt_ms for sample in samples if sample.rtt_ms is not None), default=None),
        retransmits=sum(again) if again else None,
        out_of_order=sum(late) if late else None,
        clock_steps=sum(1 for sample in samples if sample.clock_step_ms),
    )
    if not result.summary.ok or not samples:
        return replace(result, trust=trust)
    reasons = tuple(reason for rule in _RULES for reason in rule(result, trust, found))
    verdict = "degraded" if reasons else "trusted"
    if any(bound_ms > INVALID_SHARE * max(LEAST_MS, value_ms) for value_ms, bound_ms, _ in _bounds(result, trust)):
        verdict = "invalid"
    return replace(result, trust=replace(trust, verdict=verdict, reasons=reasons))


def held(result: RunResult) -> RunResult:
    """The judged run with `RunConfig.require_trust` among its thresholds."""
    trust = result.trust
    if not result.config.require_trust or trust is None:
        return result
    verdict = TEXTS[trust.verdict][LANGUAGES.index(result.config.lang)]
    required = ThresholdResult(REQUIRED, None, trust.verdict == "trusted", verdict)
    return replace(result, thresholds=(*result.thresholds, required))


def bound_words(trust: Trust) -> tuple[str, str] | None:
    """How far off the figures may be, in (English, Chinese); None when there are none."""
    shown = {
        name: _ms(ms)
        for name, ms in (("ttft", trust.ttft_p99_error_bound_ms), ("gap", trust.itl_p99_error_bound_ms))
        if ms is not None
    }
    if not shown:
        return None
    key = "bound" if len(shown) == len(("ttft", "gap")) else f"bound_{next(iter(shown))}"
    return TEXTS[key][0].format(**shown), TEXTS[key][1].format(**shown)


def verdict_words(trust: Trust) -> tuple[str, str]:
    """The verdict and how far off the figures may be, in (English, Chinese)."""
    verdict, bound = TEXTS[trust.verdict], bound_words(trust)
    return verdict if bound is None else (f"{verdict[0]}: {bound[0]}", f"{verdict[1]}：{bound[1]}")


def _busiest(samples: Sequence[TrustSample], name: str) -> float | None:
    """What the busiest tenth of the seconds reached; None when it was not measured."""
    value = percentile(sorted(value for sample in samples if (value := getattr(sample, name)) is not None), 90)
    return None if value is None else round(value, 4)


def _bounds(result: RunResult, trust: Trust) -> list[tuple[float, float, str]]:
    """(P99, its bound, key of the reason when it is too large) of each figure that there is."""
    metrics = result.summary.metrics
    rows = (
        ("ttft_ms", trust.ttft_p99_error_bound_ms, "ttft_bound"),
        ("itl_ms", trust.itl_p99_error_bound_ms, "itl_bound"),
    )
    return [
        (stats.p99, bound_ms, key)
        for name, bound_ms, key in rows
        if (stats := metrics.get(name, Stats())).p99 is not None and bound_ms is not None
    ]


def _ms(value: float) -> str:
    return f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _too_far_off(result: RunResult, trust: Trust, found: _Evidence) -> list[Reason]:
    """Bounds that are too large, and what made them so."""
    said = [
        Reason(key, {"value": _ms(value_ms), "bound": _ms(bound_ms)})
        for value_ms, bound_ms, key in _bounds(result, trust)
        if bound_ms > min(LIMIT_MS, LIMIT_SHARE * max(LEAST_MS, value_ms))
    ]
    if said and found.merged_share:
        said.append(Reason("merged", {"share": _percent(found.merged_share)}))
    if said and found.slack_ms > RESOLUTION_MS and said[0].key == "ttft_bound":
        said.append(Reason("start", {"ms": _ms(found.slack_ms)}))
    return said


def _starved(_result: RunResult, trust: Trust, _found: _Evidence) -> list[Reason]:
    share, full = trust.cpu_wait, (trust.machine_cpu or 0.0) >= FULL
    if share is None:  # not known: full cores must do
        return [Reason("full", {})] if full else []
    return [Reason("starved", {"share": _percent(share)})] if share >= (STARVED_FULL if full else STARVED) else []


def _busy(_result: RunResult, trust: Trust, _found: _Evidence) -> list[Reason]:
    share = trust.cpu_share or 0.0
    return [Reason("busy", {"share": _percent(share)})] if share >= BUSY_CORE else []


def _user_clock(result: RunResult, trust: Trust, _found: _Evidence) -> list[Reason]:
    if trust.clock == "kernel":
        return []
    late_ms = _Counts(sample.wakes for sample in result.self_watch).percentile_ms(99)
    idle = (trust.cpu_share or 0.0) <= CALM_SHARE and (trust.machine_cpu or 0.0) <= CALM_SHARE
    return [] if idle and late_ms is not None and late_ms <= CALM_MS else [Reason("user_clock", {})]


def _clock_steps(_result: RunResult, trust: Trust, _found: _Evidence) -> list[Reason]:
    return [Reason("steps", {"count": str(trust.clock_steps)})] if trust.clock_steps else []


def _schedule(result: RunResult, _trust: Trust, _found: _Evidence) -> list[Reason]:
    kept, sent = result.summary.schedule, result.summary.sent
    if kept is None or kept.all_busy or not sent or kept.late < LATE_SHARE * sent:
        return []  # with all threads busy the service is slow, or there are too few of them: a warning says so
    return [Reason("schedule", {"share": _percent(kept.late / sent)})]


def _lost(result: RunResult, _trust: Trust, _found: _Evidence) -> list[Reason]:
    return [Reason("lost", {})] if result.partial else []


_RULES: tuple[Callable[[RunResult, Trust, _Evidence], list[Reason]], ...] = (
    _too_far_off, _busy, _starved, _schedule, _user_clock, _clock_steps, _lost,
)  # fmt: skip
