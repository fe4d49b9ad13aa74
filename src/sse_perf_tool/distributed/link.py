"""Both ends of the line between master and worker: Locust's messages, heartbeats and reconnections, nothing else.

Locust runs in a thread of its own, with an event loop of its own, and never touches the threads that make the load
(`LOCUST_SKIP_MONKEY_PATCH`).  It sees no user class, and what it could be told besides, to take code from a master for
one, is not taken.  All of its messages are sealed, those of its handshake too: one that cannot be opened never came.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .addresses import answering, free_at
from .sealing import LONGEST_BYTES, MASTER, WORKER, Seal, SealError, key_of

MESSAGE = "sse-perf"
"""The one type of message that is ours."""
TAKEN = (MESSAGE, "client_ready", "ack", "heartbeat", "reconnect")
"""What is needed to meet and to stay in touch.  All else that Locust could be told, to take code from a master for one,
is not taken from anybody."""
PAGE, OF_PAGE = "locust.web", "WebUI"
"""Locust's own page, which nobody sees, and what the rest takes of it: with its web framework it is two thirds of what
importing Locust costs, in the master and in each worker."""
NEVER_S = 10**9
CUT_BYTES = 4 * LONGEST_BYTES
"""At a message that is longer the connection ends before memory is taken for it.  One that is not so much longer than
ours is taken, refused and told."""
CONNECT_S = 5
"""Locust asks again after so long, while nobody answers."""
FLUSH_S = 1.0
"""How long a last message may take to leave."""

Body = dict[str, Any]


class LinkError(Exception):
    """There is no line, and why."""


def _locust() -> Any:
    """Locust's runners, set up for our use: real threads, no words of its own, nothing measured or reported by it."""
    os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
    quiet = logging.getLogger("locust")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    hear, signal.signal = signal.signal, lambda *_: None
    try:  # it would hear when the terminal changes its size, which only the main thread may ask for
        runners = _imported()
    finally:
        signal.signal = hear
    runners.WORKER_REPORT_INTERVAL = NEVER_S
    runners.WORKER_LOG_REPORT_INTERVAL = -1
    runners.MASTER_HEARTBEAT_TIMEOUT = NEVER_S  # we look ourselves: what is measured must still be delivered
    runners.CONNECT_TIMEOUT = CONNECT_S
    return runners


def _imported() -> Any:
    sys.modules[PAGE] = no_page = ModuleType(PAGE)
    setattr(no_page, OF_PAGE, None)
    try:
        import locust.env
    except ImportError:  # there is no Locust, or one of a version that takes more of its page
        del sys.modules[PAGE]
        import locust.env  # noqa: F401
    from locust import runners

    return runners


def _sealed_messages(runners: Any, seal: Seal, role: bytes) -> None:
    """From now on Locust's messages in this process are sealed."""
    from locust.exception import RPCError, RPCReceiveError

    refused = RPCReceiveError if role == MASTER else RPCError  # after these each end listens on, as if nothing had come
    from locust.rpc import zmqrpc
    from locust.rpc.protocol import Message

    class SealedMessage(Message):  # type: ignore[misc]
        def serialize(self) -> bytes:
            return seal.close(super().serialize())

        @classmethod
        def unserialize(cls, data: bytes) -> Any:
            try:
                message = super().unserialize(seal.open(data))
            except (SealError, ValueError, TypeError) as error:
                raise refused(str(error)) from error
            if message.type not in TAKEN:
                raise refused(f"{message.type}: not taken")
            return message

    zmqrpc.Message = runners.Message = SealedMessage
    of_any_length = zmqrpc.BaseSocket.__init__

    def of_bounded_length(self: Any, *arguments: Any) -> None:
        of_any_length(self, *arguments)
        self.socket.setsockopt(zmqrpc.zmq.MAXMSGSIZE, CUT_BYTES)

    zmqrpc.BaseSocket.__init__ = of_bounded_length


class _Link:
    """What both ends have in common: a thread in which Locust runs, and a queue of what it is to send."""

    def __init__(self, token: str, role: bytes) -> None:
        self._sealed_by = token, role
        self._seal: Seal | None = None
        self._outbox: deque[tuple[str | None, Body]] = deque()
        self._closing = False
        self._error: BaseException | None = None
        self._up = threading.Event()
        self._runner: Any = None
        self._wake: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    @property
    def refused(self) -> int:
        """How many messages came that could not be opened."""
        return 0 if self._seal is None else self._seal.refused

    @property
    def too_long(self) -> int:
        """How many of them were longer than any message of ours."""
        return 0 if self._seal is None else self._seal.too_long

    def open(self, timeout_s: float | None = None) -> bool:
        """Starts; False when the other end has not answered in time.  `LinkError`."""
        if not self._thread.is_alive():
            self._thread.start()
        up = self._up.wait(timeout_s)
        if self._error is not None:
            raise LinkError(str(self._error)) from self._error
        return up

    def close(self) -> None:
        """Sends what waits to be sent, and ends."""
        self._closing = True
        self._wake()
        if self._up.is_set():
            self._thread.join(2 * FLUSH_S)

    def _post(self, to: str | None, kind: str, body: Body) -> None:
        self._outbox.append((to, {"kind": kind, **body}))
        self._wake()

    def _new_runner(self, runners: Any, environment: Any) -> Any:
        raise NotImplementedError

    def _heard(self, message: Any) -> None:
        raise NotImplementedError

    def _run(self) -> None:
        try:
            runners = _locust()
            token, role = self._sealed_by
            self._seal = Seal(key_of(token), role)
            _sealed_messages(runners, self._seal, role)
            import gevent
            from gevent.event import Event
            from locust.env import Environment

            self._runner = self._new_runner(runners, Environment(user_classes=[]))
            self._runner.register_message(MESSAGE, lambda environment, msg, **_more: self._heard(msg))  # noqa: ARG005
            due, waker = Event(), gevent.get_hub().loop.async_()
            waker.start(due.set)
            self._wake = waker.send
        except BaseException as error:  # Locust ends the process for a port that is taken
            self._error = error
            self._up.set()
            return
        self._up.set()
        while not self._closing:
            due.wait(0.5)
            due.clear()
            self._send_all(gevent.sleep)
        self._send_all(gevent.sleep)
        gevent.sleep(0.05)
        self._end()
        self._runner.greenlet.kill(block=False)

    def _send_all(self, pause: Callable[[float], None]) -> None:
        from locust.exception import RPCError

        while self._outbox:
            to, body = self._outbox[0]
            if body["kind"] == "ping":
                body["sent_ns"] = time.perf_counter_ns()
            try:
                self._runner.send_message(MESSAGE, body, client_id=to)
            except RPCError:  # more than a thousand messages wait, as the other end is not there: later
                return
            self._outbox.popleft()
            pause(0)  # heartbeats come between

    def _end(self) -> None:
        raise NotImplementedError


class MasterLink(_Link):
    """The master's end: it listens.  `on_message` is called with the name of a worker's end, a kind and a body."""

    def __init__(self, host: str, port: int, token: str, on_message: Callable[[str, str, Body], None]) -> None:
        super().__init__(token, MASTER)
        self._place = host, port
        self._on_message = on_message

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._runner.server.port)

    def send(self, to: str, kind: str, **body: Any) -> None:
        """A message to a worker; from any thread."""
        self._post(to, kind, body)

    def silent(self, name: str) -> bool:
        """Whether three heartbeats of a worker have not come, of which there is one a second."""
        client = self._runner.clients.get(name)
        return client is None or client.heartbeat < 1 or not self._thread.is_alive()

    def _new_runner(self, _runners: Any, environment: Any) -> Any:
        host, port = self._place
        return environment.create_master_runner(free_at(host, port), port)  # Locust's own error would end the process

    def _heard(self, message: Any) -> None:
        message.data["back_ns"] = time.perf_counter_ns()
        self._on_message(message.node_id, message.data.pop("kind"), message.data)

    def _end(self) -> None:
        self._runner.server.close(linger=round(FLUSH_S * 1000))


class WorkerLink(_Link):
    """The worker's end: it calls.  `on_message` is called with a kind and a body; `clock` stamps what comes."""

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        on_message: Callable[[str, Body], None],
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        super().__init__(token, WORKER)
        self._place = host, port
        self._on_message = on_message
        self._clock = clock
        self._heard_s = time.monotonic()
        self.address = host
        """Of the master; once the link is open, not a name."""

    @property
    def name(self) -> str:
        """What this end is called by the master."""
        return str(self._runner.client_id)

    @property
    def silence_s(self) -> float:
        """For how long the master has not been heard."""
        return time.monotonic() - self._heard_s

    def send(self, kind: str, **body: Any) -> None:
        """A message to the master; from any thread."""
        self._post(None, kind, body)

    def _new_runner(self, runners: Any, environment: Any) -> Any:
        runners.CONNECT_RETRY_COUNT = NEVER_S
        environment.events.heartbeat_received.add_listener(lambda **_more: self._note_heard())
        host, port = self._place
        self.address = answering(host, port, lambda: self._closing)
        return environment.create_worker_runner(self.address, port)

    def _note_heard(self) -> None:
        self._heard_s = time.monotonic()

    def _heard(self, message: Any) -> None:
        came_ns = self._clock()
        if message.node_id != self._runner.client_id:
            return  # of another run: recorded, and played again
        self._note_heard()
        kind = message.data.pop("kind")
        if kind == "ping":  # at once: the time between the two is known, but a short one is known better
            times = {"sent_ns": message.data["sent_ns"], "came_ns": came_ns, "left_ns": self._clock()}
            self._runner.send_message(MESSAGE, {"kind": "pong", **times})
            return
        self._on_message(kind, message.data)

    def _end(self) -> None:
        self._runner.client.close(linger=round(FLUSH_S * 1000))
