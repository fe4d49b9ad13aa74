"""The timeline of one answer: its times and texts, from which the `RequestRecord` is made."""

from __future__ import annotations

from array import array
from collections.abc import MutableSequence, Sequence
from itertools import accumulate

from ..formats import AnswerReader
from ..formats.base import ERROR_LIMIT
from ..masking import Masker
from ..metrics.stream_shape import lumps_of
from ..providers import Query
from ..records import AnswerHead, Kind, Outcome, Phase, RequestRecord, Span
from ..records.spans import NAME_CHARS
from ..texts import printable
from ..units import NS_PER_S
from ..wire import Exchange
from .tokens import BY_WORDS, Counted, TokenCounting


class AnswerTimeline:
    """Collects the times and texts of one answer; `record` makes the `RequestRecord` from them."""

    def __init__(
        self,
        request_id: int,
        thread_id: int,
        query: Query,
        turn: int,
        streamed: bool,
        counting: TokenCounting = BY_WORDS,
    ) -> None:
        self.request_id = request_id
        self.thread_id = thread_id
        self.query = query
        self.turn = turn
        self.streamed = streamed
        self._counting = counting
        self._counted: Counted | None = None
        self.outcome = Outcome.EMPTY
        self.error: str | None = None
        self.status: int | None = None
        self.refused = False
        """Whether the connection was refused."""
        self.reader: AnswerReader | None = None
        self.error_body = b""
        self.error_charset = "utf-8"
        self.token_times: MutableSequence[int] = []
        self.reads: MutableSequence[int] = []
        """As `lumps_of` takes them."""
        self.silent: list[int] = []
        """Two numbers for each read that brought no chunk, but something else: bytes up to its end, and its time."""
        self.first_answer_ns: int | None = None
        self.quiet_s: float | None = None
        """The silence that ends the answer, once its end is marked; None: it is not near."""
        self.longest_gap_s = 0.0
        """Of the answer, when its end was first marked, and since."""
        self.closing_events = 0
        self.closing_ns: int | None = None
        """Once the end is near: how many events there were, and when the newest of them came."""
        self.head: AnswerHead | None = None
        self.packets: tuple[int, int] | None = None
        """As `Exchange.packets` gives them."""
        self.intended_ns: int | None = None
        self.phase = Phase.MAIN
        self.leave_after_s: float | None = None

    def note_silent(self, place: int, arrived_ns: int) -> None:
        """A read brought a step, a result, a source, ... and no output."""
        if len(self.silent) >= 2 * MOST_SILENT:
            del self.silent[-2:]  # what comes last is the end of something
        self.silent += (place, arrived_ns)

    def _spans(self, started_ns: int, masker: Masker) -> tuple[Span, ...]:
        """What the answer did beside bringing text; () when that was nothing, or nothing was timed."""
        trail = self.reader.trail if self.reader is not None else None
        if trail is None or trail.plain or not self.streamed:
            return ()
        times = self.token_times
        places = dict(zip(self.silent[::2], self.silent[1::2], strict=True))
        places |= zip(self.reads[1::3], (times[until - 1] for until in accumulate(self.reads[0::3])), strict=True)

        def us(ns: int) -> int:
            return max(0, ns // 1000 - started_ns // 1000)

        found = []
        for part in trail.parts:
            begin_ns = times[part.first] if part.first is not None else places.get(part.begin)
            ends = part.last if part.end is None and part.kind is Kind.TOOL_CALL else part.end
            end_ns = None if ends is None else places.get(ends)
            if part.first is not None:
                end_ns = times[part.first + part.count - 1]
            if begin_ns is None:
                continue
            lasted_us = None if end_ns is None else max(0, us(end_ns) - us(begin_ns))
            name = printable(masker(part.name), NAME_CHARS)
            found.append(Span(part.kind.value, name, us(begin_ns), lasted_us, part.count))
        return tuple(found)

    def compact(self) -> int:
        """Puts the times into a fifth of the memory, and gives how many bytes they take then."""
        self.token_times, self.reads = _packed(self.token_times), _packed(self.reads)
        return _NUMBER_BYTES * (len(self.token_times) + len(self.reads))

    def output_tokens(self) -> int:
        """Of the answer, which has ended: as the server counted them, else as we do; 0 when there are none."""
        return self._tokens().tokens or 0

    def _tokens(self) -> Counted:
        """Output tokens and where the number is from: the server's usage, else what we count in what it wrote.

        A usage of fewer tokens than there were chunks contradicts the stream, and is not built on.
        """
        if self._counted is None:
            self._counted = self._count()
        return self._counted

    def _count(self) -> Counted:
        reader = self.reader
        if reader is None:
            return Counted()
        reported = reader.usage.completion_tokens if reader.usage is not None else None
        if reported and reported >= len(self.token_times):
            return Counted(reported, "usage")
        said = [reader.reasoning, reader.calls, *(reader.choices or [reader.text])]
        return self._counting.count(said, len(self.token_times), self.request_id)

    def record(self, exchange: Exchange, masker: Masker) -> RequestRecord:
        """The record of the request, after its end; `masker` masks secrets in texts of the server."""
        now_ns = exchange.clock()
        started_ns = exchange.started_ns or exchange.began_ns
        reader, times = self.reader, self.token_times
        whole = self.outcome is Outcome.OK and exchange.arrived_ns is not None
        # What came behind the last event of an answer that had to be left (heartbeats, say) is nothing of it.
        left_ns = None if exchange.stopped_by is None else self.closing_ns
        arrived_ns = left_ns or exchange.arrived_ns
        end_ns = arrived_ns if whole and arrived_ns is not None else now_ns
        counted = self._tokens()
        usage = reader.usage if reader is not None else None
        asked = usage.prompt_tokens if usage is not None else None

        def since_start(ns: int | None) -> int | None:
            # A server may answer before it is asked; no time is less than none, and no reader would take one that is.
            return None if ns is None else max(0, ns - started_ns)

        def text(value: str | None, limit: int = 200) -> str | None:
            return None if value is None else printable(masker(value), limit)

        first_ns, last_ns = exchange.first_byte_ns, arrived_ns if self.streamed else None
        return RequestRecord(
            request_id=self.request_id,
            thread_id=self.thread_id,
            started_ns=started_ns,
            outcome=self.outcome,
            latency_ns=max(0, end_ns - started_ns),
            status=self.status or next(reversed(exchange.statuses_before), None),
            error=text(self.error, ERROR_LIMIT),
            retries=exchange.retries,
            resent=exchange.resent,
            refused=self.refused,
            ttfb_ns=since_start(first_ns),
            ttft_ns=since_start(times[0]) if times else None,
            ttfa_ns=since_start(self.first_answer_ns),
            # Stamps of one moment may differ by some ns, as each is brought over from the clock of the kernel.
            streaming_ns=max(0, last_ns - first_ns) if first_ns is not None and last_ns is not None else None,
            start_slack_ns=exchange.start_slack_ns,
            syn_resent=exchange.syn_resent,
            retransmits=None if self.packets is None else self.packets[0],
            out_of_order=None if self.packets is None else self.packets[1],
            connect_ns=exchange.connect_ns,
            tls_ns=exchange.tls_ns,
            dns_ns=exchange.dns_ns,
            output_tokens=counted.tokens,
            prompt_tokens=self._counting.prompt(self.query.sent) if asked is None else asked,
            reasoning_tokens=usage.reasoning_tokens if usage else None,
            token_source=counted.source,
            estimates=counted.estimates,
            chunks=len(times),
            gaps_us=gaps_us(times),
            came=lumps_of(times, self.reads),
            spans=self._spans(started_ns, masker),
            text_chars=len(reader.text) if reader is not None else 0,
            bytes_received=exchange.bytes_received,
            conversation_id=text(reader.conversation_id) if reader is not None else None,
            message_id=text(reader.message_id) if reader is not None else None,
            finish_reason=text(reader.finish_reason) if reader is not None else None,
            query=self.query.text,
            format=reader.format_name if reader is not None else "",
            clock=exchange.clock_name,
            bad_events=reader.strange.no_json if reader is not None else 0,
            reported_tokens=usage.completion_tokens if usage else None,
            turn=self.turn,
            context_tokens=self.query.context_tokens,
            intended_ns=self.intended_ns,
            phase=self.phase,
            head=self.head,
        )


_NUMBER_BYTES = 8
MOST_SILENT = 1024
"""Reads without output whose times are kept."""


def _packed(numbers: MutableSequence[int]) -> MutableSequence[int]:
    return numbers if isinstance(numbers, array) else array("q", numbers)


def longest_gap_s(times_ns: Sequence[int]) -> float:
    """The longest time between two successive of these, in seconds; 0 below two."""
    return max(map(int.__sub__, times_ns[1:], times_ns), default=0) / NS_PER_S


def gaps_us(times_ns: Sequence[int]) -> tuple[int, ...]:
    """Microseconds between successive times.  Each time is rounded first, so that the gaps add up to the whole."""
    micros = [ns // 1000 for ns in times_ns]
    return tuple(map(int.__sub__, micros[1:], micros))
