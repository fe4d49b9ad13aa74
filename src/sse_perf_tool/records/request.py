"""The record of one request with its outcome, and the table of all requests."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import compress
from typing import NamedTuple

from .head import AnswerHead
from .stream import Span
from .trust import TrustSample

RECORDS_SCHEMA = "sse-perf-records/1"

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
    COMPRESSION_CHECK = "compression_check"
    """The one request behind the run that accepts a compressed answer: it is in no table and no chart."""


PHASES: tuple[Phase, ...] = tuple(Phase)
"""Every phase, in the order whose index is stored in `RequestTable.phase`."""


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
    lumped_us: int | None = None
    """The time from first to last read within lumps, all of them together; None: not measured."""
    lump_gap_us: int | None = None
    """The median time from one lump to the next, without the last, which comes with the end of the answer; None below
    three lumps."""
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
    """Attempts beyond the first, because of a status."""
    resent: int = 0
    """How often it was sent again because the server had closed the idle connection that it went into."""
    refused: bool = False
    """Whether the connection was refused: nothing listened there."""
    ttfb_ns: int | None = None
    ttft_ns: int | None = None
    ttfa_ns: int | None = None
    streaming_ns: int | None = None
    start_slack_ns: int | None = None
    """By how much `started_ns` may be too early: the thread may have been put aside between clock and write."""
    connect_ns: int | None = None
    syn_resent: int | None = None
    """How often the SYN of its connection had to be sent again; None on a reused connection."""
    tls_ns: int | None = None
    dns_ns: int | None = None
    retransmits: int | None = None
    """Packets sent again while it was under way, those of the handshake left out; None: the system does not tell."""
    out_of_order: int | None = None
    """Packets that came out of order: what a loss on the way to us looks like."""
    output_tokens: int | None = None
    prompt_tokens: int | None = None
    reasoning_tokens: int | None = None
    token_source: str | None = None
    """"usage", "tokenizer", "estimate" (by words), "weighted" or "chunks"."""
    estimates: tuple[int, int] | None = None
    """Its output tokens by both estimates, words and weights, where both were made."""
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
    bad_events: int = 0
    """Events that are no JSON, of a format whose events are."""
    reported_tokens: int | None = None
    """Output tokens as the server reported them, also where `output_tokens` is not built on that; None: it did not."""
    came: Lumps = NO_LUMPS
    """All zero when it was not measured."""
    spans: tuple[Span, ...] = ()
    """What it did beside bringing text, in the order in which it began; () for an answer of text alone."""
    head: AnswerHead | None = None
    """That of its answer, where it is another than that of the answer which the same thread got before."""
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
        ttft_ns, ttfb_ns, streaming_ns = (
            NOT_MEASURED if ns is None else ns for ns in (self.ttft_ns, self.ttfb_ns, self.streaming_ns)
        )
        return came_with_end(ttft_ns, ttfb_ns, streaming_ns, (self.gap_sum_us or 0) * 1000)

    @property
    def max_gap_ns(self) -> int | None:
        """The longest gap in nanoseconds."""
        return None if self.max_gap_us is None else self.max_gap_us * 1000


def came_with_end(ttft_ns: int, ttfb_ns: int, streaming_ns: int, gap_sum_ns: int) -> bool:
    """What `RequestRecord.ended_together` is, of values as in a `RequestTable`."""
    if NOT_MEASURED in (ttft_ns, ttfb_ns, streaming_ns):
        return False
    return abs(ttfb_ns + streaming_ns - ttft_ns - gap_sum_ns) < 1000  # gaps are whole microseconds


def tokens_per_s(tokens: int | None, streaming_ns: int | None, latency_ns: int) -> float | None:
    """What `RequestRecord.tokens_per_s` is; `NOT_MEASURED` counts as None."""
    ns = latency_ns if streaming_ns is None or streaming_ns == NOT_MEASURED else streaming_ns
    return tokens / ns * 1_000_000_000 if tokens is not None and tokens > 0 and ns > 0 else None


SPAN_COLUMNS = (
    "first_reasoning_ns", "first_tool_call_ns", "first_tool_result_ns", "first_step_ns", "first_citation_ns",
    "text_time_ns", "reasoning_time_ns", "tool_time_ns", "waiting_time_ns", "tool_calls", "steps",
)  # fmt: skip
"""What a `RequestTable` keeps of the spans of a request, see `metrics.milestones`."""

_WIDTHS = ("b", "h", "i", "q")
"""Type codes of signed numbers of 1, 2, 4 and 8 bytes."""


class RequestTable:
    """Requests in order of completion, one `array` a column, so that a million of them fit into some 150 MB.

    A column is as wide as its largest value: most are counts, which take a byte or two.
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
        "syn_resent", "retransmits", "out_of_order", "bad_events", "reported_tokens", "resent", "refused",
        *SPAN_COLUMNS,
    )  # fmt: skip

    def __init__(self) -> None:
        self._columns: dict[str, array[int]] = {name: array(_WIDTHS[0]) for name in self.COLUMNS}
        self.details: dict[int, RequestRecord] = {}
        """Row number -> the whole record without its gaps, for failed, slow and sampled requests."""
        self._main: tuple[int, RequestTable] | None = None

    def __len__(self) -> int:
        return len(self["started_ns"])

    def __getitem__(self, column: str) -> array[int]:
        return self._columns[column]

    def append(self, row: Mapping[str, int]) -> None:
        """Adds a request: column -> value, each in 64 bits."""
        at = len(self)
        try:
            for name, column in self._columns.items():
                column.append(row[name])
        except OverflowError:
            for name, column in self._columns.items():
                del column[at:]
                self._widened(name, row[name]).append(row[name])

    def extend_columns(self, columns: Mapping[str, Sequence[int]]) -> None:
        """Adds several requests: column -> their values, each in 64 bits."""
        for name in self.COLUMNS:
            values = columns[name]
            if isinstance(values, array):
                self._extend_column(name, values)
                continue
            if values[0] == NOT_MEASURED and values.count(NOT_MEASURED) == len(values):
                self._columns[name].extend(values)
                continue
            self._widened(name, max(values))
            self._widened(name, min(values)).extend(values)

    def _widened(self, name: str, value: int) -> array[int]:
        """The column, made wide enough for a value if it is not."""
        column, bits = self._columns[name], (value if value >= 0 else ~value).bit_length()
        if bits >= 8 * column.itemsize:
            width = next(code for code in _WIDTHS if bits < 8 * array(code).itemsize)
            column = self._columns[name] = array(width, column)
        return column

    def extend(self, other: RequestTable) -> None:
        """Adds the requests of another table, with what is known of them."""
        shift = len(self)
        for name in self.COLUMNS:
            self._extend_column(name, other[name])
        self.details.update({row + shift: record for row, record in other.details.items()})

    def _extend_column(self, name: str, values: array[int]) -> None:
        column = self._columns[name]
        if column.itemsize < values.itemsize:
            column = self._columns[name] = array(values.typecode, column)
        column.extend(values if column.typecode == values.typecode else array(column.typecode, values))

    def rows(self, *names: str) -> Iterator[tuple[int, ...]]:
        """The named columns side by side, one tuple a request."""
        return zip(*(self[name] for name in names), strict=True)

    def first(self, number: int) -> RequestTable:
        """The first `number` rows, without details; itself when there are no more."""
        if len(self) <= number:
            return self
        found = RequestTable()
        found._columns = {name: self[name][:number] for name in self.COLUMNS}
        return found

    def main(self) -> RequestTable:
        """The requests of the main phase, which all figures are of; itself when there are no others.

        Of the part a column is made when it is asked for: take it out of a loop over rows.
        """
        phases, wanted = self["phase"], PHASES.index(Phase.MAIN)
        if phases.count(wanted) == len(phases):
            return self
        if self._main is None or self._main[0] != len(self):
            self._main = len(self), _Part(self, bytes(phase == wanted for phase in phases))
        return self._main[1]


class _Part(RequestTable):
    """The rows of another table whose place in `chosen` is 1."""

    KEPT = 4
    """Columns that are kept once they were made: a table of a million requests need not be there twice."""

    def __init__(self, whole: RequestTable, chosen: bytes) -> None:
        super().__init__()
        self._columns = {}
        self._whole, self._chosen = whole, chosen
        rows = compress(range(len(chosen)), chosen)
        self.details = {at: whole.details[row] for at, row in enumerate(rows) if row in whole.details}

    def __len__(self) -> int:
        return sum(self._chosen)

    def __getitem__(self, column: str) -> array[int]:
        found = self._columns.pop(column, None)
        if found is None:
            values = self._whole[column]
            found = array(values.typecode, compress(values, self._chosen))
            if len(self._columns) == self.KEPT:
                del self._columns[next(iter(self._columns))]
        self._columns[column] = found
        return found
