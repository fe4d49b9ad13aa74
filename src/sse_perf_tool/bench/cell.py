"""One cell of a running benchmark: its testers, their records so far, and the figures at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..goals.thresholds import slos_of
from ..metrics import Tally
from ..providers import ApiKeyProvider, QueryProvider
from ..queries.prompts import Prompts
from ..records import Outcome, Phase, RequestRecord, RunConfig, RunResult, TrustSample
from ..records.file import RecordsHeader, header_line
from ..records.writer import LineWriter
from ..request.body import BodyBuilder
from ..request.target import Target
from ..test_runner import Origin
from ..tester import SSETester, surroundings
from ..trust import judge
from ..units import NS_PER_MS, NS_PER_S
from ..wire import Interruptible
from .order import COLD
from .plan import Cell
from .settings import Settings


class Sender(Protocol):
    """What sends the requests of one thread of a cell; an `SSETester` is one."""

    def test_streaming(self, request_id: int = 0, *, phase: Phase = Phase.MAIN) -> RequestRecord:
        """Sends the next request and gives its record; never raises for what a server does."""

    def cancel(self) -> None:
        """Ends the request under way, and all later ones."""

    def close(self) -> None:
        """Closes the connection."""


@dataclass(frozen=True, slots=True)
class Run:
    """One request of a cell.  Times in milliseconds; None is "not measured"."""

    number: int
    """Its block: 0 is the cold one."""
    thread: int
    started_ms: float
    """After the start of the benchmark."""
    outcome: str
    error: str | None
    status: int | None
    ttfb_ms: float | None
    ttft_ms: float | None
    ttfa_ms: float | None
    tpot_ms: float | None
    latency_ms: float
    tokens_per_s: float | None
    mean_gap_ms: float | None
    max_gap_ms: float | None
    output_tokens: int | None
    prompt_tokens: int | None
    token_source: str | None
    chunks: int
    finish_reason: str | None
    clock: str

    @property
    def cold(self) -> bool:
        """Whether it opened the connection, and is in no figure."""
        return self.number == COLD

    @property
    def ok(self) -> bool:
        """Whether its answer was whole."""
        return self.outcome == Outcome.OK.value


def run_of(record: RequestRecord, number: int, origin_ns: int) -> Run:
    """A record as a row of the result."""

    def ms(ns: float | None) -> float | None:
        return None if ns is None else round(ns / NS_PER_MS, 3)

    gaps = record.chunks - 1
    return Run(
        number,
        record.thread_id,
        round((record.started_ns - origin_ns) / NS_PER_MS, 3),
        record.outcome.value,
        record.error,
        record.status,
        ms(record.ttfb_ns),
        ms(record.ttft_ns),
        ms(record.ttfa_ns),
        ms(record.tpot_ns),
        round(record.latency_ns / NS_PER_MS, 3),
        None if record.tokens_per_s is None else round(record.tokens_per_s, 3),
        round((record.gap_sum_us or 0) / gaps / 1000, 3) if gaps > 0 else None,
        ms(record.max_gap_ns),
        record.output_tokens,
        record.prompt_tokens,
        record.token_source,
        record.chunks,
        record.finish_reason,
        record.clock,
    )


@dataclass(frozen=True, slots=True)
class CellResult:
    """What a cell came to.  `state`: "done", "failed" (no whole answer), "cancelled" (not all requests were sent),
    "skipped" or "waiting" (not begun).  `result` has its figures when there was a request."""

    cell: Cell
    state: str
    runs: tuple[Run, ...] = ()
    result: RunResult | None = None


class CellRun:
    """A cell while it is measured.  `on_chunks` hears of text-bearing events as they come, from any thread."""

    def __init__(
        self,
        cell: Cell,
        settings: Settings,
        records: LineWriter | None = None,
        on_chunks: Callable[[int], None] = lambda _chunks: None,
    ) -> None:
        self.cell = cell
        self.settings = settings
        self.config = config_of(cell, settings)
        self.runs: list[Run] = []
        self.began_ns: int | None = None
        self.ended_ns = 0
        self._records = records
        self._lock = threading.Lock()
        self._sent = 0
        self._tally = Tally(0)
        self._origin = Origin(0, 0)
        self._on_chunks = on_chunks
        self._senders = self._new_senders()

    def _new_senders(self) -> list[Sender]:
        cell, threads = self.cell, range(1, self.settings.threads + 1)
        if cell.endpoint.format is None:
            from .through_litellm import LiteLLMSender  # an extra

            return [LiteLLMSender(cell, self.settings, number, self._on_chunks) for number in threads]
        target = target_of(cell, self.settings)
        around = surroundings(target)
        return [SSETester(target, number, self._on_chunks, around=around) for number in threads]

    def sockets(self) -> list[Callable[[], Interruptible | None]]:
        """What gives the connections of its threads, for the watch of the tool on itself."""
        return [sender.socket for sender in self._senders if isinstance(sender, SSETester)]

    def begin(self, origin: Origin) -> None:
        """The next request is the first."""
        self._origin, self._tally = origin, Tally(origin.ns, slos_of(self.config))
        if self._records is not None:
            self._records.write(header_line(RecordsHeader(self.config, origin.unix_ns)))

    def send(self, thread: int, block: int) -> Run:
        """Sends one request of a thread (from 0)."""
        with self._lock:
            self._sent += 1
            request_id = self._sent
        phase = Phase.WARMUP if block == COLD else Phase.MAIN
        record = self._senders[thread].test_streaming(request_id, phase=phase)
        run = run_of(record, block, self._origin.ns)
        with self._lock:
            self.began_ns = record.started_ns if self.began_ns is None else min(self.began_ns, record.started_ns)
            self.ended_ns = max(self.ended_ns, record.started_ns + record.latency_ns)
            self._tally.add(record)
            self.runs.append(run)
            if self._records is not None:
                self._records.write_request(record, self._origin.unix_ns - self._origin.ns)
        return run

    def cancel(self) -> None:
        """Ends what is under way."""
        for sender in self._senders:
            sender.cancel()

    def close(self) -> None:
        """Closes its connections."""
        for sender in self._senders:
            sender.close()

    def result(self, samples: Sequence[TrustSample] = ()) -> CellResult:
        """What it came to; `samples` are of the watch of the tool on itself, by seconds since the same origin."""
        wanted = self.settings.threads * (self.settings.runs + 1)
        if not self.runs:
            return CellResult(self.cell, "waiting")
        state = (
            "cancelled" if len(self.runs) < wanted or any(run.outcome == "cancelled" for run in self.runs) else "done"
        )
        if state == "done" and not any(run.ok for run in self.runs if not run.cold):
            state = "failed"
        result = self._tally.result(
            self.config, self._origin.unix_ns, self.cell.endpoint.notes, interrupted=state == "cancelled"
        )
        first_s, last_s = ((ns - self._origin.ns) / NS_PER_S for ns in (self.began_ns or 0, self.ended_ns))
        own = tuple(sample for sample in samples if first_s - 1 <= sample.second <= last_s)
        return CellResult(self.cell, state, tuple(self.runs), judge(replace(result, self_watch=own)))


def target_of(cell: Cell, settings: Settings) -> Target:
    """Where the requests of a cell go, with its key."""
    endpoint = cell.endpoint
    # Each cell has filler of its own: behind a gateway may stand the same server, with the same cache of prefixes.
    prompts = Prompts(seed=settings.seed + sum(map(ord, repr(cell.name))))
    return Target(
        url=endpoint.url,
        body=BodyBuilder(endpoint.body, endpoint.format),
        queries=QueryProvider(settings.queries, prompts=prompts),
        masker=settings.masker,
        keys=ApiKeyProvider([cell.key]) if cell.key else None,
        auth=endpoint.auth if cell.key else None,
        headers=endpoint.headers,
        format=endpoint.format,
        named=True,
        timeout_s=settings.timeout_s,
        retries=settings.retries,
        context_tokens=cell.context_tokens or None,
        lang=settings.lang,
    )


def config_of(cell: Cell, settings: Settings) -> RunConfig:
    """The settings of a cell as a run of its own, for its records and its figures."""
    mask = settings.masker
    return replace(
        settings.config,
        url=mask(cell.url),
        format=cell.format,
        model=cell.endpoint.model,
        model_name=cell.model,
        query=settings.queries[0].text if len(settings.queries) == 1 else None,
        headers={name: mask.header(name, value) for name, value in cell.endpoint.headers.items()},
        timeout_s=settings.timeout_s,
        retries=settings.retries,
        threads=settings.threads,
        requests=settings.threads * (settings.runs + 1),
        warmup_requests=settings.threads,
        seed=settings.seed,
        slo=settings.slo,
        lang=settings.lang,
    )
