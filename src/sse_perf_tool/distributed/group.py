"""A round of the load, sent by the workers: what `ProcessGroup` is for processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..goals.thresholds import slos_of
from ..load.parts import Part, Parts
from ..metrics import Tally
from ..pace.division import Share, share_of
from ..pace.schedule import processes_for
from ..records import RunConfig, WorkerFacts
from ..records.writer import Lines
from ..request.target import Target
from ..test_runner import Origin, SharedStats, Snapshot
from ..texts import speaker
from ..units import NS_PER_S, figure
from .facts import clocked, facts_of, slow_ones
from .fleet import Fleet, Member
from .link import Body
from .parcels import Parcel, ParcelError, opened, packed, pieces
from .wording import TEXTS

LEAD_S = 0.3
"""A round begins so long after it was announced, and a round trip: the message must come everywhere before."""
GIVE_UP_S = 20.0
"""A worker that is not heard for so long is not waited for: without a master it has stopped after 10 s."""
MESSAGES_PER_S = 200
"""So many messages a second may say how many requests all workers together have begun."""
PREPARE_S = 60.0
"""For so long a worker may get ready."""


@dataclass(slots=True)
class _Doing:
    """What a worker does in this round."""

    member: Member
    share: Share | None
    threads: int
    processes: int
    part: Part = field(default_factory=Part)
    begun: int = 0
    """How many requests it has begun, as it said last."""
    ready: bool = False
    over: bool = False
    """Its results are there, or will not come."""
    batches: int | None = 0
    """How many of its batches have ended; None: it sends no more."""
    lines: int = 0
    text: Parcel = field(default_factory=Parcel)
    """Lines on their way."""
    parcels: dict[int, Parcel] = field(default_factory=dict)
    """Of its result, from -1, or of the last words of its processes, by their numbers."""
    last_words: dict[int, Any] = field(default_factory=dict)
    told_silent: bool = False
    facts: WorkerFacts = field(default_factory=lambda: WorkerFacts(0))


class WorkerGroup(Parts):
    """The interface of `ProcessGroup` over the workers of a fleet."""

    def __init__(
        self,
        fleet: Fleet,
        target: Target,
        config: RunConfig,
        records: Lines | None,
        stats: SharedStats | None,
        after_id: int,
    ) -> None:
        super().__init__(stats, records)
        self._fleet = fleet
        self._target = target
        self._config = config
        self._after_id = after_id
        self._say = speaker(TEXTS, config.lang)
        self._said: list[str] = []
        self._error: Exception | None = None
        self._origin = Origin(0, 0)
        self._changed = threading.Condition()
        self._doing = [self._new(member) for member in fleet.members]
        self._by_number = {each.member.number: each for each in self._doing}
        trips = [each.member.offset.round_trip_ns or 0 for each in self._doing]
        self.lead_s = LEAD_S + max(trips, default=0) / NS_PER_S
        fleet.listen_for(self)

    def _new(self, member: Member) -> _Doing:
        config = self._config
        share = None
        if not member.gone:
            share = share_of(member.number - 1, len(self._fleet.members), config.threads, config.batch)
        threads = 0 if share is None else len(share.numbers(config.threads))
        processes = processes_for(self._fleet.wanted.processes, max(1, threads), member.cores)
        doing = _Doing(member, share, threads, processes if config.batch is None else 1)
        doing.facts = WorkerFacts(member.number, member.name, member.cores, doing.processes)
        doing.over = doing.ready = share is None
        return doing

    def prepare(self) -> None:
        """Gives each worker its plan and waits until it is ready.  UsageError when one cannot be."""
        certificate = Path(self._target.verify).read_bytes() if isinstance(self._target.verify, str) else None
        every_s = max(0.01, len(self._doing) / MESSAGES_PER_S)
        for doing in self._doing:
            if doing.share is None:
                continue
            config = replace(self._config, processes=doing.processes)
            plan = (self._target, config, doing.share, self._after_id, certificate, self._records is not None, every_s)
            for piece in pieces(packed(plan)):
                self._fleet.send(doing.member, "plan", **piece)
        with self._changed:
            if not self._changed.wait_for(self._all_ready, PREPARE_S):
                self._error = UsageError(self._say("no_line", reason="plan"))
        if self._error is not None:
            raise self._error

    def _all_ready(self) -> bool:
        return self._error is not None or all(each.ready or each.over for each in self._doing)

    def start(self, origin: Origin, begin_ns: int) -> None:
        """As `ThreadGroup.start`, on all workers at the same moment of the master's clock."""
        self._origin = origin
        self.tally = Tally(origin.ns, slos_of(self._config))
        for doing in self._doing:
            ahead_ns = doing.member.offset.use()
            moments = {"origin_ns": origin.ns + ahead_ns, "begin_ns": begin_ns + ahead_ns}
            if doing.share is not None:
                self._fleet.send(doing.member, "go", unix_ns=origin.unix_ns, **moments)

    def wait(self) -> None:
        """Waits until each worker has told its results, or is lost.  Raises what one of them failed with."""
        with self._changed:
            self._changed.wait_for(lambda: all(each.over for each in self._doing))
        self._fleet.listen_for(None)
        self._conclude()
        if self._error is not None:
            raise self._error

    def look(self) -> None:
        """Called by the fleet several times a second: gives up who is silent for too long."""
        now_s = time.monotonic()
        for doing in self._doing:
            member, silent_s = doing.member, 0.0
            if member.silent_at_s is not None:
                silent_s = now_s - member.silent_at_s
                if not doing.over and not doing.told_silent:
                    doing.told_silent = True
                    self._fleet.tell(self._say("silent", number=member.number, name=member.name))
            else:
                doing.told_silent = False
            dead = self._fleet.has_ended(member) and member.silent_at_s is not None
            if not doing.over and (silent_s > GIVE_UP_S or dead):
                self._give_up(doing)

    def stop(self) -> None:
        """No new requests."""
        self._tell_all("stop")

    def cancel(self) -> None:
        """Cancels every request in flight."""
        self._tell_all("cancel")

    def close(self) -> None:
        """Lets go of the workers; those that still send are told not to."""
        self._fleet.listen_for(None)
        for doing in self._doing:
            if not doing.over:
                self._fleet.send(doing.member, "cancel")

    def losses(self, lang: str) -> list[str]:  # noqa: ARG002 - that of the run
        """See `Parts`."""
        return self._said

    def heard(self, member: Member, kind: str, body: Body) -> None:
        """A message of a worker."""
        doing = self._by_number[member.number]
        if doing.over:
            return
        if kind == "counters":
            self.add_counters(doing.part, Snapshot(*body["counters"]), dict(body["outcomes"]))
        elif kind == "begun":
            doing.begun = int(body["begun"])
        elif kind == "lines":
            if (text := doing.text.add(body)) is not None:
                self._write(doing, text.decode().split("\n"))
        elif kind == "batches":
            self._batches(doing, body["batches"])
        elif kind in ("result", "words"):
            self._piece(doing, body)
        elif kind == "ready":
            with self._changed:
                doing.ready = True
                self._changed.notify_all()
        elif kind == "failed":
            reason = {"number": member.number, "name": member.name, "reason": body["reason"]}
            self._fail(doing, self._say("failed", **reason))

    def broken(self, error: Exception) -> None:
        """Nobody listens to the workers any more."""
        self._error = error
        for doing in self._doing:
            self._end(doing)

    def _fail(self, doing: _Doing, reason: str) -> None:
        """The run cannot be what was asked for."""
        self._error = UsageError(reason)
        self._end(doing)
        self.cancel()

    def _tell_all(self, kind: str, **body: Any) -> None:
        for doing in self._doing:
            if not doing.over:
                self._fleet.send(doing.member, kind, **body)

    def _write(self, doing: _Doing, lines: Sequence[str]) -> None:
        doing.lines += len(lines)
        if self._records is not None:
            for line in lines:
                self._records.write(line)

    def _batches(self, doing: _Doing, batches: int | None) -> None:
        doing.batches = batches
        ended = [each.batches for each in self._doing if not each.over and each.batches is not None]
        allowed = min(ended) if ended else 1 << 40
        for each in self._doing:
            if not each.over:
                self._fleet.send(each.member, "allow", batches=allowed)

    def _piece(self, doing: _Doing, body: Body) -> None:
        process = int(body.get("process", -1))
        data = doing.parcels.setdefault(process, Parcel()).add(body)
        if data is None:
            return
        try:
            found = opened(data)
        except ParcelError as error:
            names = {"number": doing.member.number, "name": doing.member.name}
            self._fail(doing, self._say("unreadable_result", **names, reason=error))
            return
        if process < 0:
            self._take(doing, *found)
            return
        doing.last_words[process] = found
        if len(doing.last_words) == doing.processes:
            self._give_up(doing)

    def _take(
        self,
        doing: _Doing,
        tally: Tally,
        formats: Sequence[str],
        cpu_s: float,
        missing: int,
        lines: int,
        why: str,
        said: Sequence[str],
    ) -> None:
        """The results of a worker that told them itself."""
        names = {"number": doing.member.number, "name": doing.member.name}
        if why:
            self._said.append(self._say(why, **names, seconds=10))
        self._said += [self._say("within", **names, text=text) for text in said]
        if why or said:
            self.lost[doing.member.number] = why or "process"
        if lines > doing.lines:
            self._said.append(self._say("lines_missing", **names, missing=lines - doing.lines))
            self.lost.setdefault(doing.member.number, "lines")
        self._add(doing, tally, formats, cpu_s, max(0, lines - doing.lines))
        self.missing += missing
        doing.facts = replace(doing.facts, missing=missing, lost=why)
        self._fleet.send(doing.member, "taken")
        doing.member.gone = why == "left"
        self._end(doing)

    def _give_up(self, doing: _Doing) -> None:
        """The results of a worker that is lost: what its processes still told, if they did."""
        noted = self._fleet.noted(doing.member, self._after_id)
        begun = max(doing.begun, doing.part.counters.requests_started, noted)
        told = 0
        for tally, formats, cpu_s, _ in doing.last_words.values():
            told += len(tally.table)
            self._add(doing, tally, formats, cpu_s, 0)
        whole = len(doing.last_words) == doing.processes
        missing = 0 if whole else max(0, begun - told)
        key = "died" if doing.last_words else "lost"
        self.lose(doing.member.number, doing.part, key, missing)
        names = {"number": doing.member.number, "name": doing.member.name}
        self._said.append(self._say(key, **names, missing=missing))
        doing.facts = replace(doing.facts, missing=missing, lost=key)
        doing.member.gone = True
        if all(each.member.gone for each in self._doing):
            self._fleet.tell(self._say("no_workers_left"))
        self._end(doing)

    def _add(self, doing: _Doing, tally: Tally, formats: Sequence[str], cpu_s: float, missing_lines: int) -> None:
        config = replace(self._config, processes=doing.processes)
        # Of the last words of several processes the counts are added; all else is that of the last.
        before = doing.facts
        doing.facts = facts_of(tally, config, self._origin.unix_ns, before)
        added = {name: getattr(before, name) + getattr(doing.facts, name) for name in ("requests", "ok", "failed")}
        doing.facts = replace(doing.facts, **added)
        self.add_result(tally, formats, cpu_s, missing_lines)

    def _end(self, doing: _Doing) -> None:
        with self._changed:
            doing.over = True
            self._changed.notify_all()
        if self._config.batch is not None:
            self._batches(doing, None)

    def _conclude(self) -> None:
        """What each worker did, and who was slow."""
        facts = [clocked(doing.facts, doing.member.offset) for doing in self._doing]
        threads = [max(1, doing.threads) for doing in self._doing]
        slow = slow_ones(facts, threads, open_loop=self._config.open_loop)
        self.workers = tuple(replace(each, slow=slow[each.number][0] if each.number in slow else "") for each in facts)
        for each in self.workers:
            if each.number in slow:
                name, value, usual = slow[each.number]
                values = {"figure": name, "value": figure(value), "median": figure(usual)}
                self.notes.append(self._say("slow", number=each.number, name=each.name, **values))


class Groups:
    """Makes the rounds of runs on a fleet, see `load.run.Groups`."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def fit(self, config: RunConfig) -> RunConfig:
        """The settings with how many machines send, and over how many processes each of them."""
        members, asked = self._fleet.members, self._fleet.wanted.processes
        threads = -(-config.threads // max(1, len(members)))
        cores = max((member.cores for member in members), default=1)
        processes = 1 if config.batch else processes_for(asked, threads, cores)
        return replace(config, workers=len(members), processes=processes)

    def group(
        self,
        target: Target,
        config: RunConfig,
        records: Lines | None,
        stats: SharedStats | None,
        after_id: int,
    ) -> WorkerGroup:
        """What sends a round."""
        return WorkerGroup(self._fleet, target, config, records, stats, after_id)
