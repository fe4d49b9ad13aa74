"""Which reading thread a process has: the compiled one where it was built, else the one in Python."""

from __future__ import annotations

import errno
import itertools
import os
import socket
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from .channel import Channel, Opener, Queue, Read
from .gate import GATE, compiled_module
from .pump import Pump


class Reader(Protocol):
    """The thread that reads all sockets of a process, and what it knows of its own lateness.

    `waits`, `away` and `wakes` count in half-octaves of microseconds; see `Pump`.
    """

    @property
    def kind(self) -> str:
        """`compiled` or `python`."""

    @property
    def waits(self) -> Sequence[int]: ...
    @property
    def away(self) -> Sequence[int]: ...
    @property
    def wakes(self) -> Sequence[int] | None:
        """By how much its own sleeps were too long; None: it does not know."""

    @property
    def native_id(self) -> int | None: ...
    @property
    def share_bytes(self) -> int: ...
    def take_longest_wait_us(self) -> int: ...

    def open(self, sock: socket.socket, stamped: bool) -> Channel:
        """Reads this socket from now on."""

    def opened(self, sock: socket.socket, channel: Any, opener: Opener, early: list[Read]) -> Channel:
        """The channel of what that of this socket decrypts to, whose first reads, taken already, are `early`."""


class Compiled(threading.Thread):
    """The loop of `_reader.c` in a thread of its own, which never takes the interpreter."""

    kind = "compiled"

    def __init__(self, module: Any) -> None:
        super().__init__(name="pump", daemon=True)
        self._module = module
        self.loop = module.Loop()
        self._lock = threading.Lock()
        self._decrypting: Decrypting | None = None
        self.start()

    def run(self) -> None:
        """Reads until the end of the process."""
        self.loop.run()

    def stop(self) -> None:
        """Ends its threads, for tests."""
        self.loop.stop()
        self.join()
        if self._decrypting is not None:
            self._decrypting.join()

    def open(self, sock: socket.socket, stamped: bool) -> Channel:
        """See `Reader`."""
        channel: Channel = self._module.Channel(self.loop, sock, stamped)
        return channel

    def opened(self, sock: socket.socket, channel: Any, opener: Opener, early: list[Read]) -> Channel:
        """See `Reader`."""
        with self._lock:
            if self._decrypting is None:
                self._decrypting = Decrypting(self.loop)
        return self._decrypting.add(sock, channel, opener, early)

    @property
    def waits(self) -> Sequence[int]:
        """See `Pump`."""
        found: Sequence[int] = self.loop.waits
        return found

    @property
    def away(self) -> Sequence[int]:
        """See `Pump`."""
        found: Sequence[int] = self.loop.away
        return found

    @property
    def wakes(self) -> Sequence[int]:
        """See `Reader`."""
        found: Sequence[int] = self.loop.wakes
        return found

    @property
    def share_bytes(self) -> int:
        """How much each socket may have in its queue at present."""
        return int(self.loop.share_bytes)

    def take_longest_wait_us(self) -> int:
        """The longest of `waits` since the last call."""
        return int(self.loop.take_longest_wait_us())


class Decrypting(threading.Thread):
    """Decrypts what the compiled loop has read of TLS connections, which needs the interpreter.

    The stamps are those of the ciphertext, made by the kernel, so it does not matter how late this is.  It goes before
    the workers at the gate, as a pump does: who is to be woken for what stands in the plain text alone.
    """

    def __init__(self, loop: Any) -> None:
        super().__init__(name="decrypting", daemon=True)
        self._loop = loop
        self._numbers = itertools.count()
        self._watched: dict[int, tuple[Any, Queue]] = {}
        self._number_of: dict[Queue, int] = {}
        self._paused: set[Queue] = set()
        self.start()

    def add(self, sock: socket.socket, channel: Any, opener: Opener, early: list[Read]) -> Queue:
        """The queue of the plain text of `channel`.  With the gate held, as all but `run`."""
        queue, number = Queue(sock, True, self), next(self._numbers)
        self._watched[number], self._number_of[queue] = (channel, queue), number
        queue.open_with(opener, early)
        channel.watch(number)
        return queue

    @property
    def share_bytes(self) -> int:
        """How much plain text each socket may have in its queue at present."""
        return int(self._loop.share_bytes)

    def pause(self, queue: Queue) -> None:
        """Takes no more ciphertext for this one: then its channel fills, and the server has to wait."""
        self._paused.add(queue)

    def resume(self, queue: Queue) -> None:
        """Goes on."""
        if queue in self._paused:
            self._paused.discard(queue)
            number = self._number_of[queue]
            self._watched[number][0].watch(number)

    def drop(self, queue: Queue) -> None:
        """Leaves it alone from now on."""
        number = self._number_of.pop(queue, None)
        if number is not None:
            self._paused.discard(queue)
            self._watched.pop(number)[0].drop()

    def run(self) -> None:
        """Decrypts for ever.  A fault of this tool in here ends every request at once rather than by its time-out."""
        try:
            while numbers := self._loop.next_news():
                GATE.enter_pump()
                try:
                    due = [queue for number in numbers if (queue := self._open(number)) is not None]
                finally:
                    GATE.leave()
                for queue in due:
                    queue.wake()
        except BaseException:
            for _, queue in list(self._watched.values()):
                queue.broke(OSError(errno.EIO, "the decrypting thread has failed"))
            raise

    def _open(self, number: int) -> Queue | None:
        """Decrypts what has come for one; gives it when its worker is to be woken."""
        channel, queue = self._watched.get(number, (None, None))
        if channel is None or queue is None or queue in self._paused:
            return None
        due = False
        for arrived_ns, data in channel.take():
            if not data and channel.error is not None:
                queue.broke(channel.error)
            else:
                due = queue.came(arrived_ns, data)
        return queue if due else None


_reader_here: Reader | None = None
_made_by: int | None = None
_making = threading.Lock()


def the_reader() -> Reader:
    """That of this process, started when it is first needed; a process that was forked off gets its own."""
    global _reader_here, _made_by
    if _reader_here is None or _made_by != os.getpid():
        with _making:
            if _reader_here is None or _made_by != os.getpid():
                module = compiled_module()
                _reader_here = Pump() if module is None else Compiled(module)
                _made_by = os.getpid()
    return _reader_here


def reader_kind() -> str:
    """Which one a process like this has: `compiled` or `python`."""
    return Pump.kind if compiled_module() is None else Compiled.kind
