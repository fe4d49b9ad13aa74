"""The nouns of the tool: plain values that every other module takes and gives.

Read this first.  A run is described by a `RunConfig`; a worker turns each request into one `RequestRecord`; records go
into a `RequestTable`; once a second an `IntervalSample` is taken; at the end a `Summary` is computed and everything is
handed to the outputs as one `RunResult`.

Rules that hold everywhere:

* Times are integer nanoseconds of one monotonic clock (`time.perf_counter_ns`).  `RunResult.started_unix_ns` is the one
  wall-clock anchor that places them in the world.  Units stand in the names; milliseconds appear only in outputs.
* `None` means "not measured"; 0 is zero.  Inside the columns of a `RequestTable` "not measured" is `NOT_MEASURED`.
* Nothing in here holds a secret: API keys live in `providers.ApiKeyProvider` and nowhere else.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import compress
from typing import Any, NamedTuple

RECORDS_SCHEMA = "sse-perf-records/1"
SUMMARY_SCHEMA = "sse-perf-summary/1"
CALIBRATION_SCHEMA = "sse-perf-calibration/1"
CAPACITY_SCHEMA = "sse-perf-capacity/1"

NOT_MEASURED = -1
"""Stands for None in the integer columns of a `RequestTable`."""


class Outcome(str, Enum):
    """How a request ended.  `OK` only when the answer is whole: 2xx, end marker, no error event, at least one token."""

    OK = "ok"
    CANCELLED = "cancelled"
    CONNECT_ERROR = "connect_error"
    TLS_ERROR = "tls_error"
    TIMEOUT = "timeout"
    IDLE_TIMEOUT = "idle_timeout"
    HTTP_ERROR = "http_error"
    IN_STREAM_ERROR = "in_stream_error"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    MALFORMED = "malformed"
    NOT_A_STREAM = "not_a_stream"


OUTCOMES: tuple[Outcome, ...] = tuple(Outcome)
"""Every outcome, in the order whose index is stored in `RequestTable.outcome`."""


class Phase(str, Enum):
    """Which part of the run a request began in: only those of `MAIN` are in the figures."""

    WARMUP = "warmup"
    MAIN = "main"
    COOLDOWN = "cooldown"


PHASES: tuple[Phase, ...] = tuple(Phase)
"""Every phase, in the order whose index is stored in `RequestTable.phase`."""


class Round(NamedTuple):
    """When the whole load was sent once, in nanoseconds after the start of the run.

    A run has one round, with context tiers one for each of them.
    """

    begin_ns: int
    main_begin_ns: int
    main_end_ns: int
    end_ns: int

    @property
    def main_ns(self) -> int:
        """How long its main phase lasted."""
        return self.main_end_ns - self.main_begin_ns


class StreamEvent(NamedTuple):
    """One dispatched Server-Sent Event (or one NDJSON line, then `event` is "message").

    A NamedTuple, not a dataclass: one is made per chunk, and it costs a third as much to make.
    """

    event: str
    data: str
    id: str = ""
    retry_ms: int | None = None


class Usage(NamedTuple):
    """Token counts as the server reported them; None is "the server did not say"."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


class TextMode(Enum):
    """What the text of a `Delta` does to the text read so far."""

    ADD = 0
    """It is new and goes behind (the usual case)."""
    WHOLE = 1
    """Cumulative streams: it is all text so far.  It counts as new when it differs from the whole text before."""
    REPLACE = 2
    """It takes the place of the text so far and does not count as new (moderation, closing repeats)."""


class Delta(NamedTuple):
    """What one event adds to an answer, in terms that are the same for every API.

    `text` is visible text of choice 0 and `reasoning` hidden reasoning; `others` holds text of the choices above 0 as
    (index, text).  `end` is True when this event is an end marker of its format; `last` is True when nothing that
    matters can follow, so that reading may stop here.
    """

    text: str = ""
    reasoning: str = ""
    mode: TextMode = TextMode.ADD
    others: tuple[tuple[int, str], ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    error: str | None = None
    end: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything the user asked for, after defaults and checks, with no secret in it.

    It goes into the JSON summary, the records header and the report as it stands, so that a run can be read (and made
    again) from any of them.
    """

    url: str = "http://localhost:80/v1/chat-messages"
    """The whole URL, secrets in it masked."""
    format: str = "auto"
    format_options: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    model_name: str | None = None
    query: str | None = None
    conversation_id: str = ""
    user: str = "gaolou"
    api_key: str | None = None
    """Masked, as `app-…4Knu`."""
    api_key_file: str | None = None
    param_file: str | None = None
    request_body_file: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra headers; values of those that may hold a secret are masked."""
    timeout_s: float = 60.0
    idle_timeout_s: float | None = None
    retries: int = 3
    threads: int = 1
    processes: int = 1
    """Over how many processes the threads were divided."""
    ramp_up_s: float = 0.0
    duration_s: float = 0.0
    requests: int | None = None
    stream: bool = True
    """Whether answers were asked for as streams; else whole, as one JSON object."""
    turns: int = 1
    """How many requests a thread sends in one conversation before it begins the next."""
    think_time_s: float = 0.0
    """The least wait between two turns of a conversation."""
    think_time_max_s: float = 0.0
    seed: int = 1
    """What is drawn by chance is drawn from this: the same in each run."""
    shuffle: bool = False
    prompt_tokens: int | None = None
    """Mean length of prompts made by the tool; None: queries are the user's."""
    prompt_spread_tokens: int = 0
    """The standard deviation of that length."""
    shared_prefix_tokens: int = 0
    context_tiers: Sequence[int] = field(default_factory=list)
    """Tokens of filler before the query: the whole load is sent with each of them, one after another."""
    rate_per_s: float | None = None
    """Open loop: requests a second over all threads, of all processes, whether or not answers have come."""
    arrival: str = "constant"
    """How the arrivals of an open loop follow each other: "constant", "poisson" or "gamma:CV"."""
    stages: Sequence[Sequence[float]] = field(default_factory=list)
    """(seconds, target at their end): the load goes from target to target in straight lines, from 0 on."""
    stages_of: str | None = None
    """What the targets of `stages` are: "threads" or "rate" (requests a second)."""
    replay_file: str | None = None
    replay_s: float | None = None
    """When the last request of that file is due, in seconds after the first."""
    speed: float = 1.0
    """How many times as fast as it was recorded the file is sent again."""
    batch: int | None = None
    """So many requests are sent at once; the next so many when all of them have ended."""
    warmup_s: float = 0.0
    warmup_requests: int = 0
    cooldown_s: float = 0.0
    cancel_rate: float = 0.0
    """The share of requests, 0 to 1, that leave `cancel_after_s` after their start if the answer is not whole then."""
    cancel_after_s: float | None = None
    stall_ms: float = 1000.0
    """A longer gap between two chunks is a stall."""
    insecure: bool = False
    cacert: str | None = None
    strict: bool = False
    thresholds: Sequence[str] = field(default_factory=list)
    """The rules of `--threshold`, as typed."""
    require_trust: bool = False
    """Whether figures that are not wholly to be trusted count as a threshold that was missed."""
    slo: Sequence[str] = field(default_factory=list)
    """The rules of `--slo`, which a request must meet to be a good one."""
    abort_on: Sequence[str] = field(default_factory=list)
    abort_after_s: float = 0.0
    baseline: str | None = None
    """The file of the older run."""
    allow: Sequence[str] = field(default_factory=list)
    """How much worse than the baseline this run may be."""
    calibrate_itl_ms: float | None = None
    """The gaps of the calibration before the run; None without one."""
    lang: str = "en"
    command: str = ""
    """The command line as typed, secrets masked."""
    version: str = ""
    host_info: str = ""
    """Operating system, Python version and CPU count of the machine that sent the load."""
    flags: Mapping[str, Any] = field(default_factory=dict)
    """Every flag that was given, wherever, and that is part of how the run is made: what `--config` takes to make it
    again.  Secrets masked."""

    @property
    def requests_wanted(self) -> int | None:
        """How many requests the run is to send in all; None when time decides."""
        if self.duration_s:
            return None
        return self.rounds * (self.threads * self.turns if self.requests is None else self.requests)

    @property
    def rounds(self) -> int:
        """How often the whole load is sent: once for each context tier."""
        return len(self.context_tiers) or 1

    @property
    def open_loop(self) -> bool:
        """Whether requests are sent at given times, rather than when answers have come."""
        return self.rate_per_s is not None or self.stages_of == "rate" or self.replay_file is not None

    @property
    def planned_s(self) -> float | None:
        """When the last request of a round is to begin at the latest, in seconds; None when numbers decide."""
        return self.ramp_up_s + self.duration_s if self.duration_s else self.replay_s


class Lumps(NamedTuple):
    """How the text of one answer came, see `stream_shape.lumps_of`."""

    reads: int = 0
    """Reads of the socket that brought text."""
    lumps: int = 0
    """Groups of reads that followed each other far faster than the answer came on the whole."""
    lumped_chunks: int = 0
    """Chunks in lumps of two or more."""
    lump_bytes: int | None = None
    """The median size of the lumps but the last; None when there was one."""
    lumps_cut: int = 0
    """Lumps but the last that ended within a line: something other than the end of an event ended them."""
    lumps_joined: int = 0
    """1 when lumps took the longer to come, the more chunks they hold: a steady stream whose chunks waited; else 0."""


NO_LUMPS = Lumps()


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request, from its start to its outcome.

    Durations are nanoseconds since `started_ns` unless the name says otherwise; the definitions are those of
    docs/metrics.md.  `gaps_us` holds the microseconds between successive text-bearing events (`chunks` - 1 of them);
    their sum and maximum follow from it and stay when the list itself is dropped with `replace(record, gaps_us=())`.
    """

    request_id: int
    thread_id: int
    started_ns: int
    outcome: Outcome
    latency_ns: int
    status: int | None = None
    error: str | None = None
    retries: int = 0
    ttfb_ns: int | None = None
    ttft_ns: int | None = None
    ttfa_ns: int | None = None
    streaming_ns: int | None = None
    start_slack_ns: int | None = None
    """By how much `started_ns` may be too early: the thread may have been put aside between clock and write."""
    connect_ns: int | None = None
    tls_ns: int | None = None
    dns_ns: int | None = None
    output_tokens: int | None = None
    prompt_tokens: int | None = None
    reasoning_tokens: int | None = None
    token_source: str | None = None
    """"usage", "tokenizer" or "estimate"."""
    chunks: int = 0
    gaps_us: Sequence[int] = ()
    gap_sum_us: int | None = None
    """Last token - first token."""
    max_gap_us: int | None = None
    """What a person feels as a stall; None when there was no gap."""
    text_chars: int = 0
    bytes_received: int = 0
    conversation_id: str | None = None
    message_id: str | None = None
    finish_reason: str | None = None
    query: str = ""
    format: str = ""
    clock: str = "user"
    """Where arrival times were stamped: "kernel" or "user"."""
    turn: int = 1
    """Which request of its conversation this is; always 1 without `--turns`."""
    context_tokens: int | None = None
    """The context tier it belongs to; None without `--context-tiers`."""
    intended_ns: int | None = None
    """When it should have started, on the clock of `started_ns`; None in a closed loop."""
    phase: Phase = Phase.MAIN
    came: Lumps = NO_LUMPS
    """All zero when it was not measured."""
    self_watch: tuple[TrustSample, ...] = ()
    """What the process that sent it measured of itself, in seconds that ended since its request before."""

    def __post_init__(self) -> None:
        if self.gap_sum_us is None:
            object.__setattr__(self, "gap_sum_us", sum(self.gaps_us))
            object.__setattr__(self, "max_gap_us", max(self.gaps_us, default=None))

    @property
    def tpot_ns(self) -> float | None:
        """Time per output token after the first: (last token - first token) / (tokens - 1); None below 2 tokens."""
        if self.ttft_ns is None or self.output_tokens is None or self.output_tokens < 2:
            return None
        return (self.gap_sum_us or 0) * 1000 / (self.output_tokens - 1)

    @property
    def tokens_per_s(self) -> float | None:
        """Output tokens a second of streaming, of the whole latency where nothing streamed; None for no tokens."""
        return tokens_per_s(self.output_tokens, self.streaming_ns, self.latency_ns)

    @property
    def schedule_delay_ns(self) -> int | None:
        """How much later than intended it started; None in a closed loop."""
        return None if self.intended_ns is None else max(0, self.started_ns - self.intended_ns)

    @property
    def first_chunks(self) -> int:
        """How many chunks came in the read of the first: those that stand 0 behind it.  Needs `gaps_us`."""
        gaps = self.gaps_us
        if not gaps or gaps[0]:
            return min(1, self.chunks)
        return 1 + next((at for at, gap in enumerate(gaps) if gap), len(gaps))

    @property
    def ended_together(self) -> bool:
        """Whether the last chunk was read together with the end of the answer, whose stamp it has then."""
        if self.ttft_ns is None or self.ttfb_ns is None or self.streaming_ns is None:
            return False
        last_chunk_ns = self.ttft_ns + (self.gap_sum_us or 0) * 1000
        return abs(self.ttfb_ns + self.streaming_ns - last_chunk_ns) < 1000  # gaps are whole microseconds

    @property
    def max_gap_ns(self) -> int | None:
        """The longest gap in nanoseconds."""
        return None if self.max_gap_us is None else self.max_gap_us * 1000


def tokens_per_s(tokens: int | None, streaming_ns: int | None, latency_ns: int) -> float | None:
    """What `RequestRecord.tokens_per_s` is; `NOT_MEASURED` counts as None."""
    ns = latency_ns if streaming_ns is None or streaming_ns == NOT_MEASURED else streaming_ns
    return tokens / ns * 1_000_000_000 if tokens is not None and tokens > 0 and ns > 0 else None


class RequestTable:
    """Requests in order of completion, one `array` a column, so that a million of them fit into some 150 MB.

    Columns named after fields of `RequestRecord` hold its values with `NOT_MEASURED` for None.  `started_ns` counts
    from the start of the run.  `outcome` is an index into `OUTCOMES`, `phase` one into `PHASES`.  `gap_sum_ns` is last
    token - first token.  `good` is 1 when the request met every `RunConfig.slo`, else 0; it is not measured when there
    is none, and for cancelled requests.
    `first_chunks` is how many chunks came in the read of the first.
    Texts (ids, query, error) are kept only for the rows in `details`.
    """

    COLUMNS = (
        "request_id", "thread_id", "started_ns", "outcome", "latency_ns", "status", "retries", "ttfb_ns", "ttft_ns",
        "ttfa_ns", "streaming_ns", "connect_ns", "tls_ns", "dns_ns", "output_tokens", "prompt_tokens", "chunks",
        "gap_sum_ns", "max_gap_ns", "text_chars", "turn", "context_tokens", "bytes_received", "good",
        "schedule_delay_ns", "phase", "reasoning_tokens", *Lumps._fields, "start_slack_ns", "first_chunks",
    )  # fmt: skip

    def __init__(self) -> None:
        self.columns: dict[str, array[int]] = {name: array("q") for name in self.COLUMNS}
        self.details: dict[int, RequestRecord] = {}
        """Row number -> the whole record without its gaps, for failed, slow and sampled requests."""

    def __len__(self) -> int:
        return len(self.columns["started_ns"])

    def __getitem__(self, column: str) -> array[int]:
        return self.columns[column]

    def rows(self, *names: str) -> Iterator[tuple[int, ...]]:
        """The named columns side by side, one tuple a request."""
        return zip(*(self.columns[name] for name in names), strict=True)

    def main(self) -> RequestTable:
        """The requests of the main phase, which all figures are of; itself when there are no others."""
        phases, wanted = self.columns["phase"], PHASES.index(Phase.MAIN)
        if phases.count(wanted) == len(phases):
            return self
        is_main = [phase == wanted for phase in phases]
        found = RequestTable()
        for name, column in found.columns.items():
            column.extend(compress(self.columns[name], is_main))
        rows = compress(range(len(phases)), is_main)
        found.details = {at: self.details[row] for at, row in enumerate(rows) if row in self.details}
        return found


@dataclass(frozen=True, slots=True)
class IntervalSample:
    """What happened in one second of a run; `second` counts from 0.

    Counts are of this second alone; `requests_total` is everything finished so far.  Averages are over the requests
    that finished in this second, None when none did.
    """

    second: int
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
    """Share of ok among ok and failed of this second, 0 to 1."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Outcome name -> requests that ended so in this second."""
    gap_counts: Mapping[int, int] = field(default_factory=dict)
    """Gaps that ended in this second: bucket k counts those of [2**(k/2), 2**((k+1)/2)) microseconds, -1 those of 0."""
    phase: str = Phase.MAIN.value
    """The phase of the run in which this second begins."""
    rate_asked: float | None = None
    """How many requests were to start in this second; None in a closed loop."""
    schedule_delay_ms: float | None = None
    """The longest by which a request that started in this second was late; None in a closed loop, or when none did."""


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
    cut_share: float | None = None
    """Share of lumps that ended within an event, 0 to 1."""


class Interval(NamedTuple):
    """Between these two a figure lies with 95 % confidence; None: the samples say nothing about that side."""

    low: float | None
    high: float | None


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
class ThresholdResult:
    """One rule held against a run.  `value` is None, and `ok` False, when there was nothing to measure it by."""

    rule: str
    value: float | None
    ok: bool
    note: str = ""
    """Why there is no value, in the language of the run."""


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """One figure held against that of an older run.  `low` and `high` bound `new` - `old` with 95 % confidence.

    `ok` is False when it is worse by more than `rule` allows and the interval shows that it is not by chance, and when
    that cannot be told.
    """

    rule: str
    old: float | None
    new: float | None
    low: float | None
    high: float | None
    ok: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Abort:
    """Why a run was ended before its time: `rule` was true, with this `value`, `at_s` seconds after the start."""

    rule: str
    value: float
    at_s: int


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
class Summary:
    """The figures of a run, of its main phase: what began in its warm-up and cool-down is in `left_out` alone.

    `metrics` has a `Stats` for each metric of docs/metrics.md, over ok requests; rates are over `measured_s`.
    """

    sent: int = 0
    ok: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[ErrorGroup, ...] = ()
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
    """"usage", "tokenizer", "estimate" or "mixed"; None when no token was counted."""
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
    intervals: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    """Metric -> percentile ("p50") -> its 95 % interval; metrics of too few values are missing."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One percentile in milliseconds: what was sent, what the tool reported, and the difference; None: too few."""

    truth_ms: float | None = None
    reported_ms: float | None = None
    error_ms: float | None = None
    """Reported less truth."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A run of the tool against a server that knows what it sent and when."""

    threads: int
    processes: int
    itl_ms: float
    """The gap between two chunks of an answer that the server was asked for."""
    duration_s: float
    requests: int
    failed: int
    """Requests that were not ok: they are in the truth and not in what was reported."""
    chunks: int
    chunks_per_s: float
    """Over the whole run, the start of its threads and the waits for first tokens included."""
    busiest_second_chunks: int
    """Most chunks that arrived in one second."""
    ttft: Mapping[str, Compared]
    """"p50", "p90" and "p99"; the truth is from the arrival of a request to the writing of its first chunk."""
    gaps: Mapping[str, Compared]
    cpu_us_per_chunk: float | None
    """CPU time of the tool, all its processes."""
    cpu_share: float
    """CPU seconds of the tool a second: 1 is a whole core."""
    server_late_ms: Mapping[str, float]
    """"p50", "p99" and "max": by how much the server missed its own timetable.  No figure is corrected for it."""
    server_cpu_share: float

    @property
    def error_ms(self) -> float | None:
        """The largest error of all percentiles, without its sign; None when nothing could be compared."""
        errors = [
            abs(each.error_ms) for each in (*self.ttft.values(), *self.gaps.values()) if each.error_ms is not None
        ]
        return max(errors, default=None)


@dataclass(frozen=True, slots=True)
class CalibrationLimit:
    """How far a machine goes before the error of the tool passes `error_ms`."""

    error_ms: float
    threads: int | None
    """The highest load that stayed within it, of those tried; None: none did."""
    chunks_per_s: float | None
    """The busiest second at that load."""
    limited_by: str | None
    """"tool", or "server" when the server missed its own timetable first; None: the limit was not met."""


@dataclass(frozen=True, slots=True)
class TrustSample:
    """What a process of the tool measured of itself in half a second or more, or all that was measured in one second.

    Shares are of one core, 0 to 1 and above where a process keeps several busy.  None: this system does not tell.
    """

    second: int
    """Counted from 0, from the start of the run; that in which most of it lies."""
    read_waits: Mapping[int, int] = field(default_factory=dict)
    """Reads by how long they waited for the reading thread: bucket k counts those of [2**(k/2), 2**((k+1)/2))
    microseconds, -1 those of less than one."""
    read_wait_max_ms: float | None = None
    """None when nothing was read."""
    away: Mapping[int, int] = field(default_factory=dict)
    """Reads by how long nobody had looked at their socket, in the same buckets: what was read came within that time."""
    wakes: Mapping[int, int] = field(default_factory=dict)
    """How late a thread that had slept was woken, in the same buckets, some fifty times a second."""
    cpu_share: float = 0.0
    """CPU time of the process, of several that of the busiest."""
    cpu_wait: float | None = None
    """The share of time for which the reading thread could have run and had no core, of several the largest."""
    machine_cpu: float | None = None
    """Busy share of all cores that the process may run on, 0 to 1, whoever keeps them busy."""
    gc_ms: float = 0.0
    """All pauses for the garbage collection, of several processes the most."""
    gc_max_ms: float = 0.0
    rtt_ms: float | None = None
    """The largest smoothed round trip of the connections looked at."""
    retransmits: int | None = None
    """Packets sent again on the connections looked at."""
    out_of_order: int | None = None
    """Packets received out of order on them: what a loss on the way to us looks like."""
    clock_step_ms: float = 0.0
    """By how much the wall clock was set, beyond a millisecond."""


class Reason(NamedTuple):
    """Why figures are not wholly to be trusted: a key of `trust.TEXTS` and what is put into that text."""

    key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the figures of a run are true, see `trust.judge`.  None is "not measured"."""

    verdict: str = "not_measured"
    """"trusted", "degraded", "invalid", or "not_measured" when no answer was whole or it was too short to tell."""
    reasons: tuple[Reason, ...] = ()
    ttft_p99_error_bound_ms: float | None = None
    itl_p99_error_bound_ms: float | None = None
    clock: str | None = None
    """Where arrivals were stamped: "kernel", "user" or "mixed"."""
    read_delay_ms: Mapping[str, float | None] = field(default_factory=dict)
    """"p50", "p99" and "max" of how long reads waited for the reading thread."""
    cpu_share: float | None = None
    """This and the next two: what the busiest tenth of the seconds reached, see `TrustSample`."""
    machine_cpu: float | None = None
    cpu_wait: float | None = None
    merged_share: float | None = None
    """Share of chunks that came in one read with the chunk before, and did so because the read was late."""
    gc_max_ms: float | None = None
    rtt_ms: float | None = None
    retransmits: int | None = None
    out_of_order: int | None = None
    clock_steps: int = 0


@dataclass(frozen=True, slots=True)
class RunResult:
    """All that is known of a finished run, as plain data: what every output is a function of."""

    config: RunConfig
    started_unix_ns: int
    duration_ns: int
    requests: RequestTable
    time_series: Sequence[IntervalSample]
    summary: Summary
    gap_histogram: Sequence[tuple[int, int]] = ()
    """(gap in microseconds, how many), ascending, all gaps of all ok answers."""
    warnings: Sequence[str] = ()
    interrupted: bool = False
    partial: bool = False
    """A process of the tool was lost in mid-run: its requests are missing."""
    rounds: Sequence[Round] = ()
    """Those whose requests are there, in order; () when nothing is known of them."""
    calibration: Calibration | None = None
    """What the tool's own error came to just before the run; None when it was not asked for."""
    aborted: Abort | None = None
    """Set when a rule of `RunConfig.abort_on` ended the run."""
    thresholds: Sequence[ThresholdResult] = ()
    """Each of `RunConfig.thresholds`, in their order."""
    baseline: Sequence[BaselineResult] = ()
    """Each of `RunConfig.allow`, in their order."""
    clock: str | None = None
    """Where the arrivals of ok answers were stamped: "kernel", "user" or "mixed"; None when there were none."""
    merged_reads: Sequence[tuple[int, int, int]] = ()
    """Reads with several chunks of ok answers, but for the first of each: (the time since the read before in
    microseconds, how many chunks, how many such reads)."""
    self_watch: Sequence[TrustSample] = ()
    """What the tool measured of itself, by second."""
    trust: Trust | None = None
    """The judgement on it; None before there is one."""

    @property
    def missed(self) -> bool:
        """Whether anything that was demanded of the run was not reached."""
        kept = (each.ok for rows in (self.thresholds, self.baseline) for each in rows)
        return self.aborted is not None or not all(kept)


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a search for capacity: a level of load, held until there were enough requests.

    Everything is of the time behind the warm-up.  `requests_per_s` counts whole answers only.
    """

    level: float
    """Threads (whole) or requests per second, see `CapacitySearch.by`."""
    started_unix_ns: int
    measured_s: float
    sent: int
    ok: int
    failed: int
    requests_per_s: float
    output_tokens_per_s: float
    metrics: Mapping[str, Stats]
    """`ttft_ms`, `itl_ms` and `latency_ms` of whole answers."""
    checks: tuple[ThresholdResult, ...] = ()
    error: str = ""
    """What failed most often, outcome and message; "" when nothing did."""
    client_cpu: float | None = None
    """`Trust.cpu_share`: how busy the busiest process of the tool kept its core."""
    trust: str = "not_measured"
    """`Trust.verdict` of the run."""

    @property
    def passed(self) -> bool | None:
        """Whether every rule was met; None when nothing speaks against it but a rule that could not be judged."""
        missed = [check for check in self.checks if not check.ok]
        if missed and self.ok and all(check.value is None for check in missed):
            return None
        return not missed


@dataclass(frozen=True, slots=True)
class CapacitySearch:
    """What a search for capacity looks for, and between which levels."""

    by: str = "threads"
    """"threads" or "rate" (requests per second)."""
    least: float = 1
    most: float = 200
    ladder: tuple[float, ...] = ()
    """Levels to measure one after the other instead of searching."""
    rules: tuple[str, ...] = ()
    """What the run of a step has to reach, as `RunConfig.thresholds`."""
    slo: tuple[str, ...] = ()
    """What a request has to meet, as `RunConfig.slo`; which share of them must stands in `rules`."""


class Ending(str, Enum):
    """Why a search for capacity measures no further level."""

    EDGE = "edge"
    """The highest level that passes and the lowest that fails are next to each other."""
    MOST = "most"
    """The highest level allowed passes."""
    LEAST = "least"
    """The lowest level allowed fails."""
    SATURATED = "saturated"
    """More load brought no more throughput, though the rules were still met."""
    UNJUDGED = "unjudged"
    """A rule could not be judged: too few requests, or a metric that this service does not give."""
    SWEPT = "swept"
    """All levels of the ladder were measured."""
    INTERRUPTED = "interrupted"


class Limit(str, Enum):
    """What keeps the load from going higher."""

    ERRORS = "errors"
    CLIENT = "client"
    """The tool itself was short of processor time."""
    SERVER = "server"
    """Throughput does not grow any more."""
    GROWING = "growing"
    """None of these: throughput still grows, the rules are missed first."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer of a search: `level` is the highest that meets the rules (None: none does), `failing` the lowest that
    does not (None: none failed).  `edge_per_s` is the throughput about there and above, whole answers per second."""

    search: CapacitySearch
    steps: tuple[StepResult, ...]
    ending: Ending
    level: float | None
    failing: float | None
    knee: float | None
    limit: Limit | None
    edge_per_s: float
