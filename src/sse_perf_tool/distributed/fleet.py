"""The master: gathers the workers, keeps in touch with them and hands their messages to whoever sends a round."""

from __future__ import annotations

import contextlib
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .. import __version__
from ..arguments import WorkersWanted
from ..errors import NoWorkersError, UsageError
from ..flags import COMMAND
from ..flags.worker_checks import Place
from ..texts import speaker
from .addresses import NOT_HERE
from .clock import Offset
from .facts import name_of
from .link import Body, LinkError, MasterLink
from .local import LocalWorkers
from .sealing import new_token
from .wording import TEXTS

TICK_S = 0.1
TRIPS, LATER_TRIPS = 24, 8
"""Round trips for the offset of a clock before the run, and at each later time."""
TRIPS_S = 3.0
"""For so long they are waited for before the run."""
AGAIN_S = 10.0
"""So often the offset is looked at again."""


@dataclass(slots=True)
class Member:
    """A worker, as the master knows it."""

    link: str
    """The name of its end of the line."""
    number: int
    """Counted from 1."""
    name: str
    cores: int
    offset: Offset = field(default_factory=Offset)
    silent_at_s: float | None = None
    """Since when it is not heard; None: it is."""
    gone: bool = False
    """It is not waited for any more."""
    trips_to_go: int = TRIPS


class Listener(Protocol):
    """Whoever sends a round."""

    def heard(self, member: Member, kind: str, body: Body) -> None: ...
    def look(self) -> None: ...
    def broken(self, error: Exception) -> None: ...


class Fleet:
    """The workers of a run, or of the runs of a search.  `tell` takes lines for the user."""

    def __init__(self, wanted: WorkersWanted, tell: Callable[[str], None]) -> None:
        self.wanted = wanted
        self.say = speaker(TEXTS, wanted.lang)
        self.tell = tell
        self.members: list[Member] = []
        self._by_link: dict[str, Member] = {}
        self._full = False
        self._session = secrets.token_hex(8)
        self._token = wanted.token or new_token()
        self._inbox: queue.SimpleQueue[tuple[str, str, Body]] = queue.SimpleQueue()
        self._link = MasterLink(wanted.host, wanted.port, self._token, lambda *message: self._inbox.put(message))
        self._local: LocalWorkers | None = None
        self._listener: Listener | None = None
        self._closed = threading.Event()
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._serve, name="fleet", daemon=True)

    @property
    def place(self) -> str:
        """Where workers call."""
        return str(Place(self.wanted.host, self._link.port))

    def gather(self, stopped: Callable[[], bool]) -> None:
        """Waits for the workers and compares clocks with them.

        `NoWorkersError`, UsageError; KeyboardInterrupt when `stopped` says so meanwhile.
        """
        wanted = self.wanted
        try:
            self._link.open()
        except LinkError as error:
            raise self._no_link(error) from error
        self._thread.start()
        if wanted.local:
            self._local = LocalWorkers(wanted.number, wanted.host, self._link.port, self._token, wanted.lang)
        else:
            self._invite()
        self._wait(stopped, wanted.wait_s, lambda: len(self.members) >= wanted.number)
        if len(self.members) < wanted.number:
            come = {"come": len(self.members), "number": wanted.number, "seconds": wanted.wait_s}
            raise NoWorkersError(self.say("never_came", **come))
        self._full = True
        self._wait(stopped, TRIPS_S, lambda: all(not member.trips_to_go for member in self.members))
        for member in self.members:
            member.offset.use()

    def _no_link(self, error: LinkError) -> UsageError:
        wanted, cause = self.wanted, error.__cause__
        if isinstance(cause, ImportError):
            return UsageError(self.say("extra", flag="--workers" if wanted.local else "--expect-workers"))
        if not isinstance(cause, OSError):
            return UsageError(self.say("no_line", reason=error))
        key = "port_taken"
        if isinstance(cause, socket.gaierror):
            key = "unknown_host"
        elif cause.errno in NOT_HERE:
            key = "not_here"
        return UsageError(self.say(key, flag="--bind", place=Place(wanted.host, wanted.port), reason=cause))

    def _invite(self) -> None:
        everywhere = self.wanted.host in ("0.0.0.0", "::")  # noqa: S104 - a text
        place = Place("HOST" if everywhere else self.wanted.host, self._link.port)
        key = "join" if self.wanted.token is None else "join_known"
        self.tell(self.say(key, number=self.wanted.number, command=COMMAND, place=place, token=self._token))

    def _wait(self, stopped: Callable[[], bool], seconds: float, over: Callable[[], bool]) -> None:
        until_s = time.monotonic() + seconds
        while not over() and time.monotonic() < until_s:
            if stopped():
                raise KeyboardInterrupt
            if self._local is not None and (reason := self._local.ended()):
                raise UsageError(self.say("local_died", reason=reason))
            time.sleep(TICK_S / 4)

    def listen_for(self, listener: Listener | None) -> None:
        """From now on messages of the workers go there."""
        self._listener = listener

    def send(self, member: Member, kind: str, **body: Any) -> None:
        """A message to a worker that is still there."""
        if not member.gone:
            self._link.send(member.link, kind, **body)

    def has_ended(self, member: Member) -> bool:
        """Whether its process is known to have ended; of another machine nobody knows."""
        return self._local is not None and self._local.has_ended(member.link)

    def noted(self, member: Member, after_id: int) -> int:
        """How many requests of a round a worker on this machine has noted that it began; 0 for others, which tell."""
        return 0 if self._local is None else self._local.begun(member.link, after_id)

    def close(self) -> None:
        """Lets the workers go."""
        for member in self.members:
            self._link.send(member.link, "bye")
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._link.close()
        if self._local is not None:
            self._local.close()

    def _serve(self) -> None:
        try:
            self._listen()
        except Exception as error:
            if self._listener is not None:  # a bug must not leave a run that waits for ever
                self._listener.broken(error)
            raise

    def _listen(self) -> None:
        next_look_s = next_trips_s = time.monotonic()
        while not self._closed.is_set():
            with contextlib.suppress(queue.Empty):
                self._take(*self._inbox.get(timeout=TICK_S))
            now_s = time.monotonic()
            if now_s < next_look_s:
                continue
            next_look_s = now_s + TICK_S
            self._look(now_s)
            if now_s >= next_trips_s:
                next_trips_s = now_s + AGAIN_S
                self._compare_again()

    def _take(self, link: str, kind: str, body: Body) -> None:
        if kind == "here":
            self._link.send(link, "who", session=self._session)
        elif kind == "hello":
            self._greet(link, body)
        elif (member := self._by_link.get(link)) is not None and body.get("session") in (None, self._session):
            if kind == "pong":
                self._pong(member, body)
            elif self._listener is not None:
                self._listener.heard(member, kind, body)

    def _greet(self, link: str, body: Body) -> None:
        name = name_of(body.get("name"))
        if body.get("session") != self._session or link in self._by_link:
            return
        if body.get("version") != __version__:
            versions = {"ours": __version__, "theirs": name_of(body.get("version"))}
            self._link.send(link, "refused", key="you_other_version", values=versions)
            self.tell(self.say("other_version", name=name, **versions))
            return
        if self._full or len(self.members) >= self.wanted.number:
            self._link.send(link, "refused", key="you_late", values={})
            self.tell(self.say("late", name=name))
            return
        member = Member(link, len(self.members) + 1, name, max(1, int(body.get("cores") or 1)))
        self._by_link[link] = member
        self.members.append(member)
        if self._local is not None:
            self._local.known(link, int(body.get("pid") or 0))
        else:
            self.tell(self.say("joined", number=member.number, of=self.wanted.number, name=name, cores=member.cores))
        self._link.send(link, "welcome", number=member.number)
        self._link.send(link, "ping")

    def _pong(self, member: Member, body: Mapping[str, Any]) -> None:
        if member.trips_to_go:
            member.offset.add(body["sent_ns"], body["came_ns"], body["left_ns"], body["back_ns"])
            member.trips_to_go -= 1
            if member.trips_to_go:
                self._link.send(member.link, "ping")

    def _compare_again(self) -> None:
        for member in self.members:
            if member.offset.used_ns is not None and member.silent_at_s is None:
                member.offset.burst(time.perf_counter_ns())
                member.trips_to_go = LATER_TRIPS
                self.send(member, "ping")

    def _look(self, now_s: float) -> None:
        if self._link.too_long:
            self._tell_once("too_long")
        if self._link.refused > self._link.too_long:
            self._tell_once("stranger")
        for member in self.members:
            silent = self._link.silent(member.link)
            if silent and member.silent_at_s is None:
                member.silent_at_s = now_s
            elif not silent and member.silent_at_s is not None:
                seconds, member.silent_at_s = now_s - member.silent_at_s, None
                if not member.gone and self._listener is not None:
                    self.tell(self.say("back", number=member.number, name=member.name, seconds=seconds))
        if self._listener is not None:
            self._listener.look()

    def _tell_once(self, key: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self.tell(self.say(key, place=self.place))


@contextlib.contextmanager
def fleet(wanted: WorkersWanted, tell: Callable[[str], None], stopped: Callable[[], bool]) -> Iterator[Fleet]:
    """The workers of a run, gathered; let go at the end.  Errors as those of `Fleet.gather`."""
    master = Fleet(wanted, tell)
    try:
        master.gather(stopped)
        yield master
    finally:
        master.close()
