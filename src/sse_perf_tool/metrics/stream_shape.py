"""The shape of streams: smooth, several tokens per chunk, in bursts, or buffered by a proxy and released in lumps.

A *read* is the data that one read from the socket returned, with one time of arrival.  A *lump* is a series of reads
that followed each other much faster than the answer on the whole: the gaps between them are at most a tenth of the mean
gap of the answer, and never above `LUMP_GAP_NS`, so that one long stall does not turn everything before it into a lump.

Where lumps end tells a buffer from a server that sends in bursts.  A buffer is flushed when it is full, which is
usually in the middle of an event; a server writes whole events, however many at a time.  Sizes alone could not tell:
20 events of 205 bytes are 4 KiB, too.

How long lumps take tells bursts from the chunks of a steady stream that waited for each other.  A burst of four comes
no later than a burst of two.  Chunks that waited, for a client that reads late, for a segment that was lost or for a
buffer that keeps events whole, took time in proportion: four of them twice as long as two.

Pure: `lumps_of` takes the times of one answer when it has ended, `shape_of` the columns of all requests.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from operator import mul, sub

from ..records import NO_LUMPS, NOT_MEASURED, OUTCOMES, Lumps, Outcome, RequestTable, StreamShape
from ..units import US_PER_MS

LUMPY = ("bursts", "buffered", "joined")
"""The forms of answers that came in lumps."""
LUMP_GAP_NS = 5_000_000
LUMP_SHARE = 0.1
"""The most that a gap within a lump may be, and as a share of the answer's mean gap."""

SHORT_CHUNKS, SHORT_TOKENS, SHORT_CHARS = 8, 16, 64
"""Answers below the first and the second are too short to tell their shape; without a count of tokens, below the first
and the third."""
WHOLE_SHARE = 0.05
"""An answer came at once when the time from first to last chunk is below this share of its latency ..."""
WHOLE_GAP_NS = 250_000
"""... and its mean gap is below this one: no model writes 4000 chunks a second into one answer."""
LUMPY_CHUNKS = 1.5
"""An answer came in lumps if these have at least so many chunks on average: chance joins fewer."""
REPEATED_LUMPS = 3
"""Fewer lumps may be one stall in a fast answer, unless one was cut or the chunks within came faster than any model
writes (`WHOLE_GAP_NS`)."""
CUT_SHARE = 0.5
"""A buffer made the lumps if at least this share of them ends within an event."""
JOINED_SLOPE = 0.5
"""Chunks of a lump waited if each further chunk delays it by at least this share of the mean time per chunk."""
JOINED_LUMPS = 5
"""The fewest lumps for which that delay is computed."""
BUFFER_GAP_NS = 100_000_000
"""With so much time or more between lumps, a buffer joined them: no client reads that late."""
NOTABLE_SHARE = 0.25
"""A problematic shape is that of the run when at least this share of the answers has it."""
COUNTED = ("usage", "tokenizer")
"""The sources of tokens that are no estimate."""
MULTI_TOKENS = 1.5
"""The mean tokens per chunk from which on chunks hold several."""


def lumps_of(token_times: Sequence[int], reads: Sequence[int]) -> Lumps:
    """The data of one answer from which its shape is judged; zeros for an answer without text.

    `token_times` has the arrival of each chunk in ns, `reads` three numbers for each read that brought some: how many
    chunks, bytes of the body up to its end, and 1 when it ended with a line end, else 0.  (A flat list takes half the
    memory of tuples, and thousands of answers may be under way.)  The budget is about 0.1 us a read: sizes and ends are
    examined only in answers that came in lumps.
    """
    news = reads[0::3]
    chunks, number = len(token_times), len(news)
    if not chunks:
        return NO_LUMPS
    times = token_times if number == chunks else [token_times[until - 1] for until in accumulate(news)]
    limit_ns = min(LUMP_GAP_NS, LUMP_SHARE * (times[-1] - times[0]) / max(1, chunks - 1))
    starts = [at for at, gap_ns in enumerate(map(sub, times[1:], times), 1) if gap_ns > limit_ns]
    if chunks == len(starts) + 1:  # the usual stream: each chunk by itself
        return Lumps(chunks, chunks)
    counts = [sum(news[begin:end]) for begin, end in pairwise((0, *starts, number))]
    lumps = Lumps(number, len(counts), sum(count for count in counts if count > 1))
    if not starts or chunks < LUMPY_CHUNKS * len(counts):
        return lumps
    last = [at - 1 for at in starts]  # the last read of each lump but the last, which ends with the answer
    ends, whole = reads[1::3], reads[2::3]
    ends_ns = [*(times[at] for at in last), times[-1]]
    # The last lump came with the end of the answer, whatever made the others; of few lumps it is needed.
    until = -1 if len(counts) > JOINED_LUMPS else None
    return lumps._replace(
        lump_bytes=_median(list(map(sub, (ends[at] for at in last), (0, *(ends[at] for at in last))))),
        lumps_cut=sum(1 for at in last if not whole[at]),
        lumped_us=(times[-1] - times[0] - sum(times[at] - times[at - 1] for at in starts)) // 1000,
        lump_gap_us=_median([ns // 1000 for ns in map(sub, ends_ns[1:-1], ends_ns)]) if len(starts) > 1 else None,
        lumps_joined=int(_joined(counts[1:until], list(map(sub, ends_ns[1:until], ends_ns)))),
    )


def _joined(counts: Sequence[int], times_ns: Sequence[int]) -> bool:
    """Whether larger lumps come later: `chunks` of each lump and the time since the one before."""
    number = len(counts)
    if number < JOINED_LUMPS - 1:
        return False
    chunks, total_ns = sum(counts), sum(times_ns)
    spread = number * sum(count * count for count in counts) - chunks * chunks
    together = number * sum(map(mul, counts, times_ns)) - chunks * total_ns
    # The least-squares slope is together / spread, the mean time a chunk total_ns / chunks.
    return spread > 0 and together * chunks >= JOINED_SLOPE * total_ns * spread


def shape_of(table: RequestTable, token_source: str | None, read_delay_ms: float | None = None) -> StreamShape:
    """The shape of the ok answers of a run.

    `token_source` says how tokens were counted, see `Summary.token_source`: nothing is built on an estimate.
    `read_delay_ms` is how late this client read (a high percentile); None: not known.  Late reads join chunks into
    bursts that nobody sent, so the shape is "unknown" when the delay is half the time between two bursts or more.
    """
    columns = ("outcome", "chunks", *Lumps._fields, "gap_sum_ns", "latency_ns", "output_tokens", "reasoning_tokens",
               "ttft_ns", "ttfa_ns", "first_chunks", "text_chars", "reported_tokens")  # fmt: skip
    ok, all_counted = OUTCOMES.index(Outcome.OK), token_source in COUNTED
    rows = (row for outcome, *row in table.rows(*columns) if outcome == ok and row[0] > 0 and row[1] > 0)
    sums = _Sums()
    for row in rows:
        sums.add(_Answer(all_counted, *row))
    if not sums.forms:
        return StreamShape()
    found = sums.shape()
    return unless_late(replace(found, kind=_kind(found)), read_delay_ms)


class _Sums:
    """What a shape is made of: sums over the answers, which may be a million, and columns of the lumpy ones."""

    def __init__(self) -> None:
        self.forms: Counter[str] = Counter()
        self.chunks = self.reads = self.lumped_chunks = self.tokens = self.chunks_with_tokens = 0
        self.judged_chunks = self.judged_reads = 0
        """Of those that are not too short to be judged."""
        self.lumpy_chunks = self.lumps = self.between = self.cut = self.gap_sum_ns = 0
        self.bytes, self.periods_us, self.held_us = array("q"), array("q"), array("q")

    def add(self, answer: _Answer) -> None:
        """Takes an answer in."""
        self.forms[answer.form] += 1
        self.chunks += answer.chunks
        self.reads += answer.reads
        self.lumped_chunks += answer.lumped_chunks
        if answer.tokens:
            self.tokens += answer.tokens
            self.chunks_with_tokens += answer.chunks
        if answer.form != "short":
            self.judged_chunks += answer.chunks
            self.judged_reads += answer.reads
        if answer.form in LUMPY:
            self._add_lumpy(answer)

    def _add_lumpy(self, answer: _Answer) -> None:
        self.lumpy_chunks += answer.chunks
        self.lumps += answer.lumps
        self.between += answer.lumps - 1
        self.cut += answer.lumps_cut
        self.gap_sum_ns += answer.gap_sum_ns
        self.bytes.append(answer.lump_bytes)
        if answer.lump_gap_us != NOT_MEASURED:
            self.periods_us.append(answer.lump_gap_us)
        if (held_us := answer.held_us) is not None:
            self.held_us.append(held_us)

    def shape(self) -> StreamShape:
        """The shape but for its kind."""
        judged = (self.judged_chunks, self.judged_reads) if self.judged_chunks else (self.chunks, self.reads)
        return StreamShape(
            answers=dict(sorted(self.forms.items())),
            tokens_per_chunk=_ratio(self.tokens, self.chunks_with_tokens),
            chunks_per_read=_ratio(*judged),
            share_in_lumps=_ratio(self.lumped_chunks, self.chunks),
            chunks_per_lump=_ratio(self.lumpy_chunks, self.lumps),
            lump_bytes=_median(self.bytes) if self.bytes else None,
            lump_gap_ms=_ratio(self.gap_sum_ns / 1e6, self.between),
            lump_period_ms=_median(self.periods_us) / US_PER_MS if self.periods_us else None,
            held_ms=_median(self.held_us) / US_PER_MS if self.held_us else None,
            cut_share=_ratio(self.cut, self.between),
        )


def unless_late(shape: StreamShape, read_delay_ms: float | None) -> StreamShape:
    """The same shape, but "unknown" for bursts that may come from this client's late reads, see `shape_of`."""
    late = read_delay_ms is not None and read_delay_ms >= (shape.lump_gap_ms or 0) / 2
    return replace(shape, kind="unknown") if shape.kind == "bursts" and late else shape


def _kind(shape: StreamShape) -> str:
    judged = sum(count for form, count in shape.answers.items() if form != "short")
    notable = max((*LUMPY, "whole"), key=lambda form: shape.answers.get(form, 0))
    if not judged:
        return "unknown"
    if shape.answers.get(notable, 0) < NOTABLE_SHARE * judged and (shape.chunks_per_read or 0) <= LUMPY_CHUNKS:
        return "multi_token" if (shape.tokens_per_chunk or 0) >= MULTI_TOKENS else "smooth"
    return "unknown" if notable == "joined" else notable


def _median(values: Sequence[int]) -> int:
    """The lower of the two middle values, so that the result is a value that occurred."""
    return sorted(values)[(len(values) - 1) // 2]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


class _Answer:
    """The columns of one request that are needed here."""

    __slots__ = (
        "chunks", "first_chunks", "form", "gap_sum_ns", "long", "lump_bytes", "lump_gap_us", "lumped_chunks", "lumps",
        "lumps_cut", "reads", "tokens", "ttft_ns",
    )  # fmt: skip

    def __init__(
        self, all_counted: bool, chunks: int, reads: int, lumps: int, lumped_chunks: int, lump_bytes: int,
        lumps_cut: int, lumped_us: int, lump_gap_us: int, lumps_joined: int, gap_sum_ns: int, latency_ns: int,
        output_tokens: int, reasoning_tokens: int, ttft_ns: int, ttfa_ns: int, first_chunks: int,
        text_chars: int, reported_tokens: int,
    ) -> None:  # fmt: skip
        self.chunks, self.reads, self.lumps, self.lumped_chunks = chunks, reads, lumps, lumped_chunks
        self.lump_bytes, self.lumps_cut, self.gap_sum_ns = lump_bytes, lumps_cut, gap_sum_ns
        # Reasoning that was counted and not shown is in no chunk.
        hidden = reasoning_tokens if reasoning_tokens > 0 and ttfa_ns == ttft_ns else 0
        counted = output_tokens != NOT_MEASURED and (all_counted or output_tokens == reported_tokens)
        self.tokens = max(0, output_tokens - hidden) if counted else 0
        self.long = self.tokens >= SHORT_TOKENS if counted else text_chars >= SHORT_CHARS
        self.lump_gap_us, self.ttft_ns, self.first_chunks = lump_gap_us, ttft_ns, first_chunks
        self.form = self._form(lumped_us, latency_ns, lumps_joined == 1)

    @property
    def held_us(self) -> int | None:
        """How long the first chunk was held if all were sent evenly: what came with it, at the pace of the rest.

        None where it would have been held before the request was sent.
        """
        rest = self.chunks - self.first_chunks
        held_ns = self.first_chunks * self.gap_sum_ns // rest if rest > 0 else 0
        return held_ns // 1000 if 0 < held_ns <= 1.1 * self.ttft_ns else None

    def _form(self, lumped_us: int, latency_ns: int, joined: bool) -> str:
        if self.chunks < SHORT_CHUNKS and not self.long:
            return "short"
        if self.gap_sum_ns <= min(WHOLE_SHARE * latency_ns, WHOLE_GAP_NS * (self.chunks - 1)):
            return "whole"
        between = self.lumps - 1
        if self.chunks < LUMPY_CHUNKS * self.lumps:
            return "steady"
        if self.lumps < REPEATED_LUMPS and not self.lumps_cut and not self._at_once(lumped_us):
            return "steady"
        if self.lumps_cut >= CUT_SHARE * between:
            return "buffered"
        if joined:
            return "buffered" if self.gap_sum_ns >= BUFFER_GAP_NS * between else "joined"
        return "bursts"

    def _at_once(self, lumped_us: int) -> bool:
        """Whether what is within lumps came at once; of records of before this was measured reads must tell."""
        if lumped_us == NOT_MEASURED:
            return self.chunks >= LUMPY_CHUNKS * self.reads
        return lumped_us * 1000 <= WHOLE_GAP_NS * (self.chunks - self.lumps)
