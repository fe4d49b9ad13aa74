"""The figures of a run: per second, and over all its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .request import Phase


@dataclass(frozen=True, slots=True)
class IntervalSample:
    """What happened in one second of a run, of a long run in `width_s` seconds from `second` on.

    Counts are of this interval alone; `requests_total` is everything finished so far.  Averages are over the requests
    that finished in it, None when none did.
    """

    second: int
    """The one in which it begins, counted from 0."""
    threads_active: int = 0
    threads_total: int = 0
    requests_started: int = 0
    requests_done: int = 0
    requests_ok: int = 0
    requests_failed: int = 0
    requests_total: int = 0
    chunks: int = 0
    tokens: float = 0.0
    """Output tokens, each answer's spread evenly over its chunks."""
    avg_latency_ms: float | None = None
    avg_ttfb_ms: float | None = None
    avg_ttft_ms: float | None = None
    avg_tpot_ms: float | None = None
    success_rate: float | None = None
    """Share of ok among ok and failed of this interval, 0 to 1."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Outcome name -> requests that ended so in this interval."""
    gap_counts: Mapping[int, int] = field(default_factory=dict)
    """Gaps that ended in it: bucket k counts those of [2**(k/2), 2**((k+1)/2)) microseconds, -1 those of 0."""
    phase: str = Phase.MAIN.value
    """The phase of the run in which it begins."""
    rate_asked: float | None = None
    """How many requests were to start in it; None in a closed loop."""
    schedule_delay_ms: float | None = None
    """The longest by which a request that started in it was late; None in a closed loop, or when none did."""
    width_s: int = 1
    """How many seconds it has; the last of a run may be cut short."""

    def per_s(self, count: float) -> float:
        """One of its counts as a rate; of a second the count itself."""
        return count if self.width_s == 1 else count / self.width_s


@dataclass(frozen=True, slots=True)
class Stats:
    """A distribution in nine numbers, in the unit of the metric's name.  `count` 0 leaves the others None.

    `stddev` is that of the sample (n - 1), None below two values.
    """

    count: int = 0
    mean: float | None = None
    stddev: float | None = None
    min: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


class Interval(NamedTuple):
    """Between these two a figure lies with 95 % confidence; None: the samples say nothing about that side."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class StreamShape:
    """How the ok answers of a run came, see `stream_shape`.  None is "no such answer"."""

    kind: str = "unknown"
    """"smooth", "multi_token", "bursts", "buffered", "whole" (each answer at once) or "unknown"."""
    answers: Mapping[str, int] = field(default_factory=dict)
    """How many answers were "steady", "bursts", "buffered", "whole", too "short" to tell, or steady but "joined": their
    chunks waited for each other, here or on the way."""
    tokens_per_chunk: float | None = None
    chunks_per_read: float | None = None
    share_in_lumps: float | None = None
    """Share of chunks that came in lumps of two or more, 0 to 1."""
    chunks_per_lump: float | None = None
    """This and the next three are of the answers that came in lumps."""
    lump_bytes: int | None = None
    lump_gap_ms: float | None = None
    """The mean time from one lump to the next."""
    lump_period_ms: float | None = None
    """The median time from one lump to the next, without the last of an answer, which comes with its end."""
    held_ms: float | None = None
    """The median time for which the first chunk was held, if chunks were sent evenly."""
    cut_share: float | None = None
    """Share of lumps that ended within an event, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Stalls:
    """Gaps of more than `stall_ms` between two chunks of ok answers, see `steadiness.stalls_of`."""

    stall_ms: float
    requests: int
    """Answers with at least one."""
    share: float | None
    """These among the ok answers that had a gap at all, 0 to 1."""
    count: int
    """The stalls themselves."""
    time_ratio: float | None
    """Of the time from first to last chunk, the share that lay beyond `stall_ms` in a gap, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Plateau:
    """The whole seconds of a run in which every thread was at work, see `steadiness.plateau_of`."""

    from_s: int
    to_s: int
    requests_per_s: float
    output_tokens_per_s: float
    chunks_per_s: float


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Requests that failed alike: same outcome, same message once numbers and ids are taken out."""

    outcome: str
    message: str
    count: int
    example_request: int
    chunks_min: int | None = None
    """How many chunks had come before the failure; this and the next two are None when none had, in any of them."""
    chunks_median: float | None = None
    chunks_max: int | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which every request failed, see `outages.outage_of`."""

    begin_s: float
    """When the first of them failed, in seconds since the start of the run."""
    end_s: float | None
    """When the next request that was ok started; None: there was none any more."""
    failures: int
    """Requests that failed in this time ..."""
    all_failures: int
    """... of those that failed at all."""
    outcome: str
    """That of most of them, with its status."""
    status: int | None
    refused: bool
    """Whether most of them are refused connections."""
    broken: int
    """Answers that were cut off as it began."""


@dataclass(frozen=True, slots=True)
class FailedFirstTokens:
    """First tokens of failed requests, which are in no figure, see `outages.failed_first_tokens_of`."""

    requests: int
    ttft_p50_ms: float
    figure: str | None
    """The figure of the TTFT that they would change most, "mean" or "p99"; None: no other request has a TTFT."""
    without_ms: float | None
    """This figure as it is ..."""
    with_ms: float | None
    """... and as it would be with them."""


@dataclass(frozen=True, slots=True)
class GroupStats:
    """The requests that have something in common: `value`, which the field that holds the group names.

    Times and tokens are of the ok ones.
    """

    value: int
    sent: int
    ok: int
    ttft_ms: Stats
    latency_ms: Stats
    output_tokens: float | None = None
    """The mean, None when none were counted."""
    prompt_tokens: float | None = None
    """The mean as servers reported them, None when none did."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """What the ok answers of a run have of one kind and name beside text, see `metrics.milestones`."""

    kind: str
    name: str
    """"" where it has none."""
    answers: int
    """How many answers have it ..."""
    share: float
    """... of all ok answers, 0 to 1."""
    spans: int
    """How many there were, in all answers."""
    events: int
    """How many events they had."""
    first_ms: Stats
    """From the start of a request to the begin of its first."""
    duration_ms: Stats
    """Of those that were said to end."""


@dataclass(frozen=True, slots=True)
class Goodput:
    """How many requests met all of `rules`: `met` of the `of` requests that were not cancelled."""

    rules: tuple[str, ...]
    met: int
    of: int
    requests_per_s: float
    """Those that met them, over `Summary.measured_s`."""

    @property
    def share(self) -> float | None:
        """`met` of `of`, 0 to 1; None when there were none."""
        return self.met / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """How an open loop kept its schedule, in the main phase; the last two are of the whole run."""

    asked_per_s: float | None
    """Requests a second, on average; None when there was one request."""
    sent_per_s: float | None
    """The same of those that were sent, from the first start to the last."""
    late: int
    """Requests that started more than 10 ms later than intended."""
    worst_delay_ms: float | None
    all_busy: bool
    """Whether there was a moment at which no thread was free."""
    dropped: int
    """Requests that were never sent: they waited for a free thread when the time was up."""


@dataclass(frozen=True, slots=True)
class ServiceQueue:
    """The queue before a service that answers only so many requests at a time, see `concurrency.service_queue_of`."""

    most_answered: int
    """The most requests that were being answered at one moment."""
    most_under_way: int
    """The most that were under way."""
    waiting: int
    """Requests that had to wait."""
    began_at_an_end: int
    """Those of them that began when another ended."""
    queue_ms: float
    """How long the median one of them waited, of the next."""
    to_begin_ms: float
    """How long it took from its start to its first text, of a whole answer to its first byte."""


class TokenGroups(NamedTuple):
    """Two groups of ok answers that differ in tokens a chunk, see `metrics.usage`: the mean and the size of each."""

    low: float
    low_answers: int
    high: float
    high_answers: int


@dataclass(frozen=True, slots=True)
class CompressionCheck:
    """What a client that accepts compressed answers gets, see `compression.compression_check_of`."""

    outcome: str
    error: str | None
    content_encoding: str | None
    """None when the answer came as it is."""
    server: str | None
    """`Server`, else `X-Powered-By`."""
    held_back: bool
    """Its text came later, or in larger lumps, than that of the run."""
    ttft_ms: float | None
    latency_ms: float
    run_ttft_ms: float | None
    """The median TTFT of the run, whose answers were not compressed."""

    @property
    def shows(self) -> bool:
        """Whether it is worth a word: compressed, held back or failed."""
        return self.content_encoding is not None or self.held_back or self.error is not None


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run, of its main phase: what began in its warm-up and cool-down is in `left_out` alone.

    `metrics` has a `Stats` for each metric of docs/metrics.md, over ok requests; rates are over `measured_s`.
    """

    sent: int = 0
    ok: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    resent: int = 0
    """Requests sent again because the server had closed the idle connection that they went into: no retries."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[ErrorGroup, ...] = ()
    finish_reasons: Mapping[str, int] = field(default_factory=dict)
    """Finish reason -> answers that ended so, the most frequent first; cancelled requests are in none."""
    bad_events: int = 0
    """Events that are no JSON although those of the format are, of all answers ..."""
    bad_event_answers: int = 0
    """... and how many answers had some."""
    contradicting_usage: int = 0
    """Ok answers whose server reports fewer tokens than there were chunks."""
    token_groups: TokenGroups | None = None
    """None where the tokens a chunk do not fall into two groups."""
    metrics: Mapping[str, Stats] = field(default_factory=dict)
    requests_per_s: float = 0.0
    output_tokens_per_s: float = 0.0
    chunks_per_s: float = 0.0
    bytes_per_s: float = 0.0
    """The transfer rate: bytes of all answers, heads included."""
    chunks: int = 0
    output_tokens: int = 0
    prompt_tokens: int | None = None
    token_source: str | None = None
    """"usage", "tokenizer", "estimate" (by words), "weighted", "chunks" or "mixed"; None when none was counted."""
    weighted_by_words: float | None = None
    """The estimate by weights over that by words, of answers for which both were made; None: there are none."""
    turns: tuple[GroupStats, ...] = ()
    """By turn of the conversation, when there was more than one."""
    context_tiers: tuple[GroupStats, ...] = ()
    """By tokens of filler, when the run had context tiers."""
    goodput: Goodput | None = None
    """None without `RunConfig.slo`."""
    measured_s: float = 0.0
    """How long the main phase lasted, of all rounds."""
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Phase -> outcome -> requests, of warm-up and cool-down."""
    left_early: int = 0
    """Of the cancelled, those that left in mid-answer because `cancel_rate` asks for it."""
    left_early_tokens: int = 0
    """Output tokens that had come for them."""
    schedule: ScheduleFacts | None = None
    """None in a closed loop."""
    shape: StreamShape = StreamShape()
    service_queue: ServiceQueue | None = None
    """None where the requests show none."""
    outage: Outage | None = None
    """Likewise."""
    failed_first_tokens: FailedFirstTokens | None = None
    """None where they would change no figure."""
    milestones: tuple[Milestone, ...] = ()
    """In the order in which answers come to them; () when no answer did more than bring text."""
    intervals: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    """Metric -> percentile ("p50") -> its 95 % interval; metrics of too few values are missing."""
