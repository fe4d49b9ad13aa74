"""The key figures of a run as tiles: value, unit, what was demanded of it, how it went over the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from ..errors import UsageError
from ..goals.thresholds import RATE_UNITS, Rule, parse_rule, unit_of
from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..metrics import success_rate
from ..records import IntervalSample, RunResult, Stats, Summary
from ..texts import speaker
from ..units import NS_PER_S
from .buckets import drawn, last_share
from .figures import Both, figure, percent_text
from .verdict import shown_percentile
from .wording import COLON, TEXTS, both, in_both, pair

PERCENTS = (50, 95, 99)
SPARK_POINTS = 60
"""Points of the line of a tile: it shows a course, no values."""
GOALS_SHOWN = 2
"""Goals that a tile names, missed ones first; all of them stand in their table."""

Course = Callable[[IntervalSample], float | None]


class Tile(NamedTuple):
    """One tile.  `values` are (label, value) side by side; `wide` tiles have several."""

    key: str
    values: Sequence[tuple[str, str]]
    unit_html: str
    note: Both
    subjects: Sequence[str] = ()
    """What thresholds call the figure."""
    course: Course | None = None
    counted: bool = False
    """Whether the course is of what is counted in a second."""
    grade: str = ""
    """good, fair or bad; "" where only goals decide."""

    @property
    def wide(self) -> bool:
        """Whether it takes the room of two."""
        return len(self.values) > 1


def big_figures_html(result: RunResult) -> str:
    """The key figures, each with its unit, its number of samples, its goals and its course."""
    summary = result.summary
    times = _stream_tiles(summary) if result.config.stream else _whole_tiles(summary)
    tiles = [_success_tile(summary), *times, _tokens_tile(summary), _rate_tile(summary)]
    if summary.goodput is not None:
        met = in_both("goodput_n", n=f"{summary.goodput.met:,}", of=f"{summary.goodput.of:,}")
        share = percent_text(summary.goodput.share).removesuffix(" %")
        tiles.append(Tile("big.goodput", [("", share)], "%", met, ("goodput",)))
    return "".join(tile_html(tile, result) for tile in tiles)


def _success_tile(summary: Summary) -> Tile:
    rate = success_rate(summary.ok, summary.ok + summary.failed)
    grade = "" if rate is None else "good" if rate == 1 else "fair" if rate >= 0.95 else "bad"
    shown = percent_text(rate).removesuffix(" %")
    unit = "%" if rate is not None else ""
    return Tile("big.success", [("", shown)], unit, _endings(summary), ("errors",), _success_of, grade=grade)


def _success_of(sample: IntervalSample) -> float | None:
    return sample.success_rate


def _stream_tiles(summary: Summary) -> list[Tile]:
    return [
        _times_tile("big.ttft", summary, "ttft_ms", lambda sample: sample.avg_ttft_ms),
        _times_tile("big.latency", summary, "latency_ms", lambda sample: sample.avg_latency_ms),
        _median_tile("big.tpot", summary, "tpot_ms", "ms", lambda sample: sample.avg_tpot_ms),
    ]


def _whole_tiles(summary: Summary) -> list[Tile]:
    size = figure(summary.metrics.get("response_bytes", Stats()).mean)
    return [
        _times_tile("big.latency", summary, "latency_ms", lambda sample: sample.avg_latency_ms),
        _median_tile("big.rate", summary, "tokens_per_s", both("tokens_unit")),
        Tile("big.transfer", [("", figure(summary.bytes_per_s / 1000))], "kB/s", in_both("bytes_each", n=size)),
    ]


def _tokens_tile(summary: Summary) -> Tile:
    known = summary.output_tokens > 0
    shown = figure(summary.output_tokens_per_s) if known else in_both("na")[0]
    total = in_both("total_n", n=f"{summary.output_tokens:,}")
    return Tile(
        "big.tokens", [("", shown)], both("tokens_unit") if known else "", total, ("tokens",), _tokens_of, counted=True
    )


def _tokens_of(sample: IntervalSample) -> float | None:
    return sample.per_s(sample.tokens)


def _rate_tile(summary: Summary) -> Tile:
    values = [("", figure(summary.requests_per_s))]
    return Tile("big.rps", values, both("rps_unit"), _samples(summary.sent), ("requests",), _requests_of, counted=True)


def _requests_of(sample: IntervalSample) -> float | None:
    return sample.per_s(sample.requests_done)


def _endings(summary: Summary) -> Both:
    counts = (("ok_n", summary.ok), ("failed_n", summary.failed), ("cancelled_n", summary.cancelled))
    said = [in_both(key, n=f"{count:,}") for key, count in counts if count]
    return " · ".join(text[0] for text in said), " · ".join(text[1] for text in said)


def _samples(count: int) -> Both:
    return in_both("of_n", n=f"{count:,}")


def _times_tile(key: str, summary: Summary, metric: str, course: Course) -> Tile:
    """P50, P95 and P99 side by side; the value itself where there is but one."""
    stats = summary.metrics.get(metric, Stats())
    if stats.count == 1:
        return Tile(key, [("", figure(stats.mean))], "ms", _samples(1), (metric,))
    values = [(f"P{percent}", figure(shown_percentile(stats, percent))) for percent in PERCENTS]
    return Tile(key, values, "ms" if stats.count else "", _samples(stats.count), (metric,), course)


def _median_tile(key: str, summary: Summary, metric: str, unit_html: str, course: Course | None = None) -> Tile:
    """The median, and P95 and P99 in small letters."""
    stats = summary.metrics.get(metric, Stats())
    if stats.count == 1:
        return Tile(key, [("", figure(stats.mean))], unit_html, _samples(1), (metric,))
    value = shown_percentile(stats, 50)
    ends = [(percent, shown_percentile(stats, percent)) for percent in PERCENTS[1:]]
    note = " · ".join(f"P{percent} {figure(each)}" for percent, each in ends if each is not None)
    said = (note, note) if note else _samples(stats.count)
    return Tile(key, [("P50", figure(value))], unit_html if value is not None else "", said, (metric,), course)


def tile_html(tile: Tile, result: RunResult | None = None) -> str:
    """Markup of a tile, with the goals of the run that are about it, and its course."""
    goals = _goals_of(tile.subjects, result) if result else []
    course = _spark(tile_course(tile, result)) if result else ""
    kept = {ok for _, ok in goals}
    grade = "bad" if False in kept else tile.grade or ("good" if kept else "")
    missed = {_label(rule) for rule, ok in goals if not ok}
    values = "".join(_value_html(label, value, bad=label in missed) for label, value in tile.values)
    kind = " ".join(filter(None, ("tile", "wide" if tile.wide else "", grade)))
    demands = "".join(_goal_html(rule, ok) for rule, ok in goals[:GOALS_SHOWN])
    unit = f'<span class="unit">{tile.unit_html}</span>'
    # One unit for several values stands above them.
    above, beside = (f" {unit}", "") if tile.wide else ("", unit)
    return (
        f'<div class="{kind}"><dt>{both(tile.key)}{_about(tile.key)}{above}</dt><dd><span class="values">{values}'
        f"{beside}</span>{course}"
        f"{demands}<small>{pair(*tile.note)}</small></dd></div>"
    )


def _about(key: str) -> str:
    return f" <small>{both(f'{key}.about')}</small>" if f"{key}.about" in TEXTS else ""


def _value_html(label: str, value: str, *, bad: bool) -> str:
    shown = f"<i>{escape(label)}</i> " if label else ""
    return f"<span>{shown}<b{' class=bad' if bad else ''}>{escape(value)}</b></span> "


# --- goals


def _label(rule: Rule) -> str:
    """The label of the value in a tile that a rule is about: "P95", or "" of a tile with a single value."""
    return "" if rule.percent is None else f"P{rule.percent:g}"


def _goals_of(subjects: Sequence[str], result: RunResult) -> list[tuple[Rule, bool]]:
    """The thresholds about a figure and whether they were met, those that were not first."""
    found = []
    for each in result.thresholds:
        try:
            rule = parse_rule(each.rule, speaker(RULE_TEXTS, "en"))
        except UsageError:
            continue  # as "--require-trust" writes itself among the thresholds
        if rule.subject in subjects:
            found.append((rule, each.ok))
    return sorted(found, key=lambda pair: pair[1])


def _goal_html(rule: Rule, ok: bool) -> str:
    word = both("kept" if ok else "missed")
    said = pair(*goal_text(rule))
    return f'<span class="goal"><span class="mark {"ok" if ok else "failed"}">{said}{COLON}{word}</span></span>'


def goal_text(rule: Rule) -> Both:
    """What a rule demands, without its subject: "P95 < 250 ms", "mean ≤ 1,500 ms"."""
    sign = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}.get(rule.operator, rule.operator)
    scale, units, _ = unit_of(rule.text)
    # The unit of a rate stands in its tile.
    unit = "" if units in RATE_UNITS.values() else units[0]
    demand = f"{sign} {rule.limit * scale:,.10g} {unit}".rstrip()
    english, chinese = _function(rule)
    return f"{english} {demand}".strip(), f"{chinese} {demand}".strip()


def _function(rule: Rule) -> Both:
    if rule.percent is not None:
        return (f"P{rule.percent:g}",) * 2
    if rule.function == "rate" and rule.subject == "errors":
        return in_both("goal.errors")
    key = {"avg": "mean", "min": "min", "max": "max", "count": "count"}.get(rule.function)
    return in_both(key) if key else ("", "")


# --- the course of a figure as a small line


def tile_course(tile: Tile, result: RunResult) -> list[float | None]:
    """How the figure of a tile went over the run; [] where it has no course."""
    if tile.course is None:
        return []
    samples = drawn(result.time_series)
    values = [tile.course(sample) for sample in samples]
    if tile.counted and values and values[-1] is not None:
        share = last_share(samples, result.duration_ns / NS_PER_S)
        values[-1] = None if share is None else values[-1] / share
    return values


def _spark(values: Sequence[float | None]) -> str:
    """A line without axes, straight over what was not measured; "" for fewer than three points."""
    points = thinned(values)
    if sum(value is not None for value in points) < 3:
        return ""
    most = max(value for value in points if value is not None) or 1.0
    places = [f"{at} {20 - 18 * value / most:.1f}" for at, value in enumerate(points) if value is not None]
    line = f'<path d="M{"L".join(places)}"/>'
    return (
        f'<svg class="spark" viewBox="0 0 {max(1, len(points) - 1)} 21" preserveAspectRatio="none" aria-hidden="true">'
        f"{line}</svg>"
    )


def thinned(values: Sequence[float | None], most: int = SPARK_POINTS) -> list[float | None]:
    """At most that many values: means of slices of equal length, None for a slice without any."""
    if len(values) <= most:
        return list(values)
    found: list[float | None] = []
    for at in range(most):
        part = values[at * len(values) // most : (at + 1) * len(values) // most]
        known = [value for value in part if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found
