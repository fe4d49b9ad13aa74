"""Collects the request records of a run in bounded memory and computes its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heappush, heapreplace
from operator import add
from typing import Protocol

from ..records import (
    MOST_HEADS,
    NOT_MEASURED,
    OUTCOMES,
    PHASES,
    Abort,
    AnswerHead,
    Goodput,
    Interval,
    Outcome,
    Phase,
    RequestRecord,
    RequestTable,
    Round,
    RunConfig,
    RunResult,
    Span,
    Stats,
    Summary,
)
from ..records.request import came_with_end
from ..records.rows import SHORTEST, Rows
from ..units import NS_PER_S
from .compression import compression_check_of
from .concurrency import service_queue_of
from .definitions import METRICS, MILESTONE_METRICS, REQUEST_METRICS, ok_values, row_of
from .distribution import Distribution, leading_bits
from .error_groups import ErrorGroups
from .groups import groups_of
from .intervals import GapSample, gap_intervals, intervals
from .milestone_pools import MilestonePools
from .outages import failed_first_tokens_of, outage_of
from .percentiles import PERCENTILES, Ranked, stats_of
from .phases import in_phases, left_early, left_out, rounds_of, schedule_facts, stood_still_s
from .stream_shape import shape_of
from .time_series import TimeSeries
from .usage import contradictions, token_groups
from .watch_series import WatchSeries

MOST_REASONS, OTHER_REASONS = 50, "…"
"""Different finish reasons that are counted, and the name of all others."""

LONGEST_QUERY = 10_000
"""Characters of a query that are kept: no output shows as many."""
LONGEST_COURSE = 20_000
"""Gaps that are kept of the first request."""


class RequestRule(Protocol):
    """A rule that a request meets or not."""

    @property
    def text(self) -> str: ...
    def met_by(self, row: Mapping[str, int], gaps_us: Sequence[int], spans: Sequence[Span], /) -> bool: ...


def merged_reads(gaps_us: Iterable[int], ended_together: bool = False) -> Iterator[tuple[int, int]]:
    """The reads that returned several chunks at once, found from the gaps of an answer; its first read is left out.

    Each is (microseconds since the read before, with 8 leading bits, number of chunks): all chunks of a read arrived
    at the same moment, so a gap is 0 just when the chunk before it came in the same read.  The end of the answer counts
    as a chunk when it was read with the last one (`RequestRecord.ended_together`).
    """
    read_us, chunks = 0, 1
    for gap_us in gaps_us:
        if gap_us:
            if chunks > 1 and read_us:
                yield leading_bits(read_us, 8), chunks
            read_us, chunks = gap_us, 1
        else:
            chunks += 1
    chunks += ended_together
    if chunks > 1 and read_us:
        yield leading_bits(read_us, 8), chunks


class Tally:
    """Collects what the figures of a run need, record by record, in bounded memory; tallies can be merged.

    Each process keeps one, and the parent merges them.  Reading a records file fills one as well, so live and rebuilt
    reports are made by the same code.
    """

    DETAILS_SLOWEST = 200
    DETAILS_FAILED = 1000
    DETAILS_FIRST = 300

    def __init__(self, origin_ns: int, slos: Sequence[RequestRule] = ()) -> None:
        self.origin_ns = origin_ns
        """The monotonic time at which the run began."""
        self.slos = slos
        """The SLO rules that a request must meet to count as good."""
        self.table = RequestTable()
        self.gaps = Distribution()
        self.gap_sample = GapSample()
        self.series = TimeSeries()
        self.end_ns = 0
        self.token_sources: Counter[str] = Counter()
        self.estimates = [0, 0]
        """Tokens by words and by weights, of answers that have both."""
        self.clocks: Counter[str] = Counter()
        self.finish_reasons: Counter[str] = Counter()
        self.merged_reads: Counter[tuple[int, int]] = Counter()
        self.milestones = MilestonePools()
        self.self_watch = WatchSeries()
        self.heads: dict[AnswerHead, None] = {}
        self.compression_check: RequestRecord | None = None
        self._errors = ErrorGroups()
        self._slowest: list[tuple[int, int]] = []
        self._failed_rows: set[int] = set()

    def add(self, record: RequestRecord) -> None:
        """Adds one finished request."""
        if record.phase is Phase.COMPRESSION_CHECK:
            self.compression_check = record
            return
        start_ns = record.started_ns - self.origin_ns
        self.end_ns = max(self.end_ns, start_ns + record.latency_ns)
        row = len(self.table)
        self._append_row(record, start_ns)
        if record.head is not None:
            self._add_heads((record.head,))
        self._keep_details(record, row)
        self.series.add(record, start_ns)
        if record.self_watch:
            self.self_watch.widen(self.series.width_s)
            self.self_watch.add(record.self_watch)
        if record.phase is not Phase.MAIN:
            return  # warm-up and cool-down are in the charts, but not in the metrics
        if record.token_source:
            self.token_sources[record.token_source] += 1
        self._add_estimates((record.estimates,))
        if record.finish_reason and record.outcome is not Outcome.CANCELLED:
            self._count_reasons({record.finish_reason: 1})
        if record.outcome is Outcome.OK:
            self.gaps.add(record.gaps_us)
            self.gap_sample.add(record.request_id, record.gaps_us)
            self.milestones.add(record)
            self.clocks[record.clock] += 1
            ended_together = record.ended_together
            if ended_together or 0 in record.gaps_us:
                self.merged_reads.update(merged_reads(record.gaps_us, ended_together))
        elif record.outcome is not Outcome.CANCELLED:
            self._errors.add(record)

    def add_rows(self, rows: Rows) -> None:
        """Adds several finished requests, as `add` does one after another; the run begins at their zero."""
        at, number, columns = len(self.table), len(rows), rows.columns
        good = list(self._good_of(rows)) if self.slos else (NOT_MEASURED,) * number
        self.end_ns = max(self.end_ns, *rows.ends_ns())
        self.table.extend_columns({**columns, "good": good})
        self._add_heads(rows.heads)
        self._keep_details_of(rows, at)
        self.series.add_rows(rows)
        for samples in rows.samples:
            self.self_watch.widen(self.series.width_s)
            self.self_watch.add(samples)
        self._add_main_rows(rows)

    def _add_main_rows(self, rows: Rows) -> None:
        main, phases = PHASES.index(Phase.MAIN), rows.columns["phase"]
        outcomes = [OUTCOMES[at] for at in rows.columns["outcome"]]
        chosen = [row for row, phase in enumerate(phases) if phase == main]
        self.token_sources.update(source for row in chosen if (source := rows.token_sources[row]))
        self._add_estimates(rows.estimates[row] for row in chosen)
        reasons = ((row, rows.finish_reasons[row]) for row in chosen)
        self._count_reasons(Counter(why for row, why in reasons if why and outcomes[row] is not Outcome.CANCELLED))
        ok = [row for row in chosen if outcomes[row] is Outcome.OK]
        self.clocks.update(map(rows.clocks.__getitem__, ok))
        self._add_gaps(rows, ok)
        for row in chosen:
            if outcomes[row] not in (Outcome.OK, Outcome.CANCELLED):
                self._errors.add(rows.record(row))

    def _add_gaps(self, rows: Rows, chosen: Sequence[int]) -> None:
        for gaps_us in rows.gaps_of(chosen):
            self.gaps.add(gaps_us)
        numbers = rows.columns["request_id"]
        for row in chosen:
            if self.gap_sample.wants(numbers[row]):
                self.gap_sample.add(numbers[row], rows.gaps_us[row])
        names = ("ttft_ns", "ttfb_ns", "streaming_ns", "gap_sum_ns")
        with_end = list(map(came_with_end, *(rows.columns[name] for name in names)))
        shortest_us = rows.columns[SHORTEST]
        for row in chosen:
            if with_end[row] or not shortest_us[row]:
                self.merged_reads.update(merged_reads(rows.gaps_us[row], with_end[row]))

    def _keep_details_of(self, rows: Rows, at: int) -> None:
        """`_keep_details` for those of the rows that may be wanted; the first of them is row `at` of the table."""
        ok, outcomes, latencies = OUTCOMES.index(Outcome.OK), rows.columns["outcome"], rows.columns["latency_ns"]
        fewest = len(self._slowest) < self.DETAILS_SLOWEST
        slow_ns = 0 if fewest or at < self.DETAILS_FIRST else self._slowest[0][0]
        for row, (outcome, latency_ns) in enumerate(zip(outcomes, latencies, strict=True)):
            if latency_ns >= slow_ns or outcome != ok:
                self._keep_details(rows.record(row), at + row)

    def _add_estimates(self, found: Iterable[tuple[int, int] | None]) -> None:
        for each in filter(None, found):
            self.estimates = list(map(add, self.estimates, each))

    def _count_reasons(self, counts: Mapping[str, int]) -> None:
        """Adds counts of finish reasons; a server that has a new one each time must not fill the memory."""
        for reason, number in counts.items():
            known = reason in self.finish_reasons or len(self.finish_reasons) < MOST_REASONS
            self.finish_reasons[reason if known else OTHER_REASONS] += number

    def _add_heads(self, heads: Iterable[AnswerHead]) -> None:
        self.heads.update(dict.fromkeys(heads))
        for surplus in list(self.heads)[MOST_HEADS:]:
            del self.heads[surplus]

    def _append_row(self, record: RequestRecord, start_ns: int) -> None:
        row = row_of(record, start_ns)
        row["good"] = self._good(record.outcome, row, record.gaps_us, record.spans)
        self.table.append(row)

    def _good(
        self, outcome: Outcome, row: Mapping[str, int], gaps_us: Sequence[int], spans: Sequence[Span] = ()
    ) -> int:
        if not self.slos or outcome is Outcome.CANCELLED:
            return NOT_MEASURED
        return int(outcome is Outcome.OK and all(slo.met_by(row, gaps_us, spans) for slo in self.slos))

    def _good_of(self, rows: Rows) -> Iterator[int]:
        columns = rows.columns
        for at, (outcome, gaps_us) in enumerate(zip(columns["outcome"], rows.gaps_us, strict=True)):
            yield self._good(OUTCOMES[outcome], {name: values[at] for name, values in columns.items()}, gaps_us)

    def _keep_details(self, record: RequestRecord, row: int) -> None:
        wanted = row < self.DETAILS_FIRST
        if record.outcome is not Outcome.OK and len(self._failed_rows) < self.DETAILS_FAILED:
            self._failed_rows.add(row)
            wanted = True
        entry = (record.latency_ns, row)
        if len(self._slowest) < self.DETAILS_SLOWEST:
            heappush(self._slowest, entry)
            wanted = True
        elif entry > self._slowest[0]:
            _, dropped = heapreplace(self._slowest, entry)
            if dropped >= self.DETAILS_FIRST and dropped not in self._failed_rows:
                del self.table.details[dropped]
            wanted = True
        if wanted:
            # The course of a run's only answer is shown; of many, gaps are counted and let go.
            gaps_us = record.gaps_us[:LONGEST_COURSE] if row == 0 else ()
            query = record.query[:LONGEST_QUERY]
            self.table.details[row] = replace(record, gaps_us=gaps_us, self_watch=(), query=query)

    def merge(self, other: Tally) -> None:
        """Adds everything of another tally of the same run."""
        self.table.extend(other.table)
        self.gaps.merge(other.gaps)
        self.gap_sample.merge(other.gap_sample)
        self.milestones.merge(other.milestones)
        self.series.merge(other.series)
        self.end_ns = max(self.end_ns, other.end_ns)
        self.token_sources.update(other.token_sources)
        self._add_estimates(((other.estimates[0], other.estimates[1]),))
        self.clocks.update(other.clocks)
        self._count_reasons(other.finish_reasons)
        self.merged_reads.update(other.merged_reads)
        self.self_watch.merge(other.self_watch)
        self._add_heads(other.heads)
        self._errors.merge(other._errors)

    def summary(self, config: RunConfig, rounds: Sequence[Round], whole: bool = True) -> Summary:
        """The figures of the requests added so far, in these rounds; `whole`: the run was not cut short."""
        table = self.table.main()
        outcomes = Counter(table["outcome"])
        ok = outcomes[OUTCOMES.index(Outcome.OK)]
        cancelled = outcomes[OUTCOMES.index(Outcome.CANCELLED)]
        tokens = sum(n for n in table["output_tokens"] if n > 0)
        prompts = [n for n in table["prompt_tokens"] if n != NOT_MEASURED]
        chunks = sum(table["chunks"])
        seconds = sum(each.main_ns for each in rounds) / NS_PER_S
        everywhere = config.processes * max(1, config.workers)
        seconds = max(0.0, seconds - stood_still_s(self.self_watch.samples(), rounds, everywhere))
        left, left_tokens = left_early(config, table)
        metrics, sure = self._metrics(table)
        token_source = self._token_source()
        return Summary(
            sent=len(table),
            ok=ok,
            failed=len(table) - ok - cancelled,
            cancelled=cancelled,
            retried=sum(1 for n in table["retries"] if n > 0),
            resent=sum(1 for n in table["resent"] if n > 0),
            outcomes={outcome.value: outcomes[i] for i, outcome in enumerate(OUTCOMES) if outcomes[i]},
            errors=self._errors.groups(),
            finish_reasons=dict(self.finish_reasons.most_common()),
            bad_events=sum(table["bad_events"]),
            bad_event_answers=sum(1 for number in table["bad_events"] if number),
            contradicting_usage=contradictions(table),
            token_groups=token_groups(table),
            metrics=metrics,
            requests_per_s=len(table) / seconds if seconds else 0.0,
            output_tokens_per_s=tokens / seconds if seconds else 0.0,
            chunks_per_s=chunks / seconds if seconds else 0.0,
            bytes_per_s=sum(table["bytes_received"]) / seconds if seconds else 0.0,
            chunks=chunks,
            output_tokens=tokens,
            prompt_tokens=sum(prompts) if prompts else None,
            token_source=token_source,
            weighted_by_words=self.estimates[1] / self.estimates[0] if self.estimates[0] else None,
            turns=groups_of(table, "turn", alone=1),
            context_tiers=groups_of(table, "context_tokens", alone=NOT_MEASURED),
            goodput=self._goodput(table, seconds) if self.slos else None,
            measured_s=seconds,
            left_out=left_out(self.table),
            left_early=left,
            left_early_tokens=left_tokens,
            schedule=schedule_facts(config, self.table, rounds, whole),
            shape=shape_of(table, token_source),
            service_queue=service_queue_of(self.table),
            outage=outage_of(table),
            failed_first_tokens=failed_first_tokens_of(table),
            intervals=sure,
            milestones=self.milestones.milestones(ok, metrics),
        )

    def _goodput(self, table: RequestTable, seconds: float) -> Goodput:
        good = Counter(table["good"])
        met, of = good[1], good[1] + good[0]
        return Goodput(tuple(slo.text for slo in self.slos), met, of, met / seconds if seconds else 0.0)

    def _metrics(self, table: RequestTable) -> tuple[dict[str, Stats], dict[str, dict[str, Interval]]]:
        """The `Stats` of each metric, and the intervals of its percentiles where there are any."""
        found, sure = {"itl_ms": self.gaps.stats(scale=0.001)}, {}
        sure["itl_ms"] = gap_intervals(Ranked(self.gaps.histogram()), self.gap_sample, PERCENTILES, scale=0.001)
        more = MILESTONE_METRICS if self.milestones.answers else ()
        for name in (name for name in (*METRICS, *more) if name in REQUEST_METRICS):
            ordered = ok_values(table, name)
            found[name], sure[name] = stats_of(ordered), intervals(ordered, PERCENTILES)
        found |= self.milestones.metrics()
        names = [*METRICS, *(name for name in dict.fromkeys((*more, *found)) if name in found and found[name].count)]
        names = list(dict.fromkeys(names))
        return {name: found[name] for name in names}, {name: sure[name] for name in names if sure.get(name)}

    def _token_source(self) -> str | None:
        if len(self.token_sources) > 1:
            return "mixed"
        return next(iter(self.token_sources), None)

    def result(
        self,
        config: RunConfig,
        started_unix_ns: int,
        warnings: Sequence[str] = (),
        *,
        interrupted: bool = False,
        partial: bool = False,
        aborted: Abort | None = None,
    ) -> RunResult:
        """The finished run as plain data; its duration is from the start of the run to the end of its last request."""
        rounds, checked = rounds_of(config, self.table, self.end_ns), self.compression_check
        series = in_phases(self.series.rows(self.end_ns), config, rounds)
        self.self_watch.widen(self.series.width_s)
        return RunResult(
            config=config,
            started_unix_ns=started_unix_ns,
            duration_ns=self.end_ns,
            requests=self.table,
            time_series=series,
            summary=self.summary(config, rounds, whole=not (interrupted or partial or aborted)),
            gap_histogram=self.gaps.histogram(),
            pools=self.milestones.histograms(),
            warnings=tuple(warnings),
            interrupted=interrupted,
            partial=partial,
            aborted=aborted,
            rounds=rounds,
            clock="mixed" if len(self.clocks) > 1 else next(iter(self.clocks), None),
            merged_reads=tuple(
                (gap_us, chunks, count) for (gap_us, chunks), count in sorted(self.merged_reads.items())
            ),
            self_watch=self.self_watch.samples(),
            heads=tuple(self.heads),
            compression_check=None if checked is None else compression_check_of(checked, self.table),
        )
