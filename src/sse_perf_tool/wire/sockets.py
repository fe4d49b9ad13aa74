"""`PumpedSocket`: a socket for http.client and urllib3 that returns timestamped reads from a queue, with TLS."""

from __future__ import annotations

import errno
import io
import select
import socket
import ssl
import time
from collections import deque
from http.client import HTTPException
from typing import Any, cast

from .channel import Channel
from .exchange import OVERDUE_S, Exchange, StoppedError
from .gate import GATE
from .pump import READ_BYTES, ask_for_stamps
from .reading import the_reader
from .tcp_info import TcpInfo, tcp_info

WRITE_CHECK_S = 1.0
"""How often a worker that cannot write asks whether it was cancelled."""
HEAD_BYTES = 256 << 10
"""No head of a response, with the interim ones (1xx) before it, is longer than this."""


def writable_within(fd: int, seconds: float) -> bool:
    """Waits until a socket can be written to (or has failed); False when it cannot in that time."""
    if hasattr(select, "poll"):  # select() takes small file descriptors only
        poller = select.poll()
        poller.register(fd, select.POLLOUT)
        return bool(poller.poll(seconds * 1000))
    _, ready, failed = select.select([], [fd], [fd], seconds)
    return bool(ready or failed)


def _readable(fd: int) -> bool:
    """Whether something has arrived at a socket that nobody has read."""
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        return bool(poller.poll(0))
    return bool(select.select([fd], [], [], 0)[0])


class PumpedSocket:
    """A connected socket that the reading thread reads.

    Reads are (time in nanoseconds, bytes), b"" at the end of the connection; with TLS the bytes are the decrypted ones
    and the time is that of the arrival of their ciphertext.  They wait in `channel`, and in `reads` when they have been
    taken out of there.  All methods but `queued` and `wake_up` are for the one worker that owns the connection, and are
    called with the gate held.
    """

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.exchange = exchange
        self.reads: deque[tuple[int, bytes]] = deque()
        self.stamped = ask_for_stamps(sock)
        self._known = tcp_info(sock)
        """What was known of the connection when its newest request began."""
        exchange.connected(self._known)
        self._tls: _Tls | None = None
        self._rest = b""
        self._only_buffered = False
        self._head_bytes = 0
        self._readers = 0
        self._closed = False
        self.soiled = False
        """Bytes came that belong to no answer: the connection must not be used again."""
        sock.setblocking(False)
        self._before_answer = False
        self.channel: Channel = the_reader().open(sock, self.stamped)

    @property
    def eager(self) -> bool:
        """Wake the worker at every read; else at the end, at a tick, or when the queue is long."""
        return self.channel.eager

    @eager.setter
    def eager(self, eager: bool) -> None:
        self.channel.eager = eager

    @property
    def queued(self) -> int:
        """Reads of a body that wait for the worker; may be asked by any thread."""
        channel = self.channel
        return 0 if channel.eager else max(0, len(self.reads) + channel.queued - self._before_answer)

    def wake_up(self) -> None:
        """Wakes the worker if it waits; any thread may call."""
        self.channel.wake()

    def take(self) -> tuple[int, bytes]:
        """The next read, waited for if there is none: (time, bytes), b"" at the end.  OSError when reading failed."""
        self.peek()
        arrived_ns, data = self.reads.popleft()
        self._before_answer = False
        if not data:
            self.reads.append((arrived_ns, data))  # the end stays the end
            if (error := self.channel.error) is not None:
                self.exchange.broken_at(arrived_ns)
                raise error
        self.exchange.received(arrived_ns, data, self.stamped)
        return arrived_ns, data

    def peek(self) -> tuple[int, bytes]:
        """What `take` gives next, waited for if need be, and left where it is.  OSError when the time is over."""
        while not self.reads:
            if not self._fetch():
                self._wait()
        return self.reads[0]

    def _fetch(self) -> bool:
        """Takes all that has come out of the channel; False when there was nothing."""
        taken = self.channel.take()
        self.reads.extend(taken)
        return bool(taken)

    def take_all(self) -> list[tuple[int, bytes]]:
        """All reads, waited for if there are none; as `take`, which notes only the last of them."""
        first = self.take()
        if not self.reads or not first[1]:
            return [first]
        rest = [read for read in self.reads if read[1]]
        end = self.reads[-1]
        self.reads.clear()
        if not end[1]:
            self.reads.append(end)
        exchange = self.exchange
        for arrived_ns, data in rest if exchange.trace is not None else rest[-2:]:
            exchange.received(arrived_ns, data, self.stamped)
        if exchange.trace is None:
            exchange.bytes_received += sum([len(data) for _, data in rest[:-2]])
        return [first, *rest]

    def _wait(self) -> None:
        exchange = self.exchange
        exchange.before_wait()
        try:
            patience_s = exchange.patience_s()
        except StoppedError:
            if not self._arrived_in_time():
                raise
            exchange.stopped_by = None
            return
        self._wait_for_reads(patience_s if self.eager else min(patience_s, exchange.tick_s))

    def _wait_for_reads(self, seconds: float) -> None:
        self.channel.wait(seconds, GATE)

    def _arrived_in_time(self) -> bool:
        """Once the time is up: whether something had arrived before that this process, which was late, has not read.

        Puts it into the queue.  Where the system does not stamp, all that is there counts.
        """
        exchange = self.exchange
        if exchange.stopped_by not in ("timeout", "idle") or not (_readable(self.fd) and exchange.may_process(0)):
            return False
        eager, self.eager = self.eager, True
        give_up_s = time.monotonic() + OVERDUE_S
        while not self._fetch() and (left_s := give_up_s - time.monotonic()) > 0:
            self._wait_for_reads(left_s)
        self.eager = eager
        return bool(self.reads) and exchange.may_process(self.reads[0][0] if self.stamped else 0)

    def recv_into(self, buffer: Any, nbytes: int = 0, _flags: int = 0) -> int:
        """As `socket.recv_into`, out of one read; `StoppedError` when time is up."""
        if not self._rest:
            if self._only_buffered:
                raise BlockingIOError(errno.EAGAIN, "nothing is buffered")
            arrived_ns, self._rest = self.take()
            self._head_bytes += len(self._rest)
            if self._head_bytes > HEAD_BYTES:
                raise HTTPException(f"a head of more than {HEAD_BYTES >> 10} KiB")
            self.exchange.check(arrived_ns)
        view = memoryview(buffer).cast("B")
        size = min(len(self._rest), nbytes or len(view))
        view[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def left_in(self, reader: Any) -> bytes:
        """What `reader`, made by `makefile`, and this socket hold of the newest read: the body behind a head."""
        self._only_buffered = True
        try:
            parts = []
            while data := reader.read1(READ_BYTES):
                parts.append(data)
        finally:
            self._only_buffered = False
        return b"".join(parts)

    def holds_more(self, reader: Any) -> bool:
        """Whether `reader` and this socket hold more of the newest read."""
        self._only_buffered = True
        try:
            return bool(reader.peek(1))
        finally:
            self._only_buffered = False

    def sendall(self, data: bytes) -> None:
        """As `socket.sendall`; the exchange notes when the first byte of a request goes."""
        exchange = self.exchange
        if exchange.held is not None:
            exchange.held += data
            return
        self.channel.begin(exchange.hint)
        self.channel.eager, self._before_answer, self._head_bytes = exchange.prompt, True, 0
        plain = memoryview(data).cast("B")
        wire = memoryview(self._tls.encrypt(plain)) if self._tls is not None else plain
        if exchange.trace is not None:
            exchange.trace(">", exchange.clock(), bytes(plain))
        exchange.sending()
        gone = self._send_some(wire)
        exchange.sent()
        self._send(wire[gone:])

    def _send(self, wire: memoryview) -> None:
        while wire:
            wire = wire[self._send_some(wire) :]

    def _send_some(self, wire: memoryview) -> int:
        try:
            return self.sock.send(wire)
        except (BlockingIOError, InterruptedError):
            self._wait_until_writable()
            return 0

    def _wait_until_writable(self) -> None:
        patience_s = self.exchange.patience_s()
        GATE.leave()
        try:
            writable_within(self.fd, min(patience_s, WRITE_CHECK_S))
        finally:
            GATE.enter()

    def start_tls(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        """Shakes hands.  `ssl.SSLError` when that fails, `StoppedError` when time is up.

        `Exchange.tls_ns` is the time from our hello to the arrival of the last of theirs, and what it took to check it.
        """
        exchange = self.exchange
        trace, exchange.trace = exchange.trace, None  # a handshake is nothing that a person can read
        tls = self._tls = _Tls(context, server_hostname)
        began_ns = arrived_ns = step_ns = exchange.clock()
        try:
            while not tls.shake_hands(self._send):
                arrived_ns, data = self.take()
                tls.add(data)
                step_ns = exchange.clock()
        finally:
            exchange.trace = trace
            exchange.first_byte_ns = exchange.arrived_ns = None  # those were bytes of the handshake
            exchange.bytes_received = 0
        exchange.tls_ns = (arrived_ns - began_ns) + (exchange.clock() - step_ns)
        # From here on it is decrypted as it comes; what came behind the handshake in the meantime is decrypted now.
        early = list(self.reads)
        self.reads.clear()
        self.channel = the_reader().opened(self.sock, self.channel, tls, early)

    @property
    def is_dead(self) -> bool:
        """The connection has ended, or something came on it that nobody asked for."""
        channel = self.channel
        return channel.ended or self.soiled or bool(self.reads) or channel.queued > 0 or bool(self._rest)

    # --- what makes it a socket ---

    def makefile(self, *_args: Any, **_options: Any) -> io.BufferedReader:
        """A buffered reader whose every fill is out of one read."""
        self._readers += 1
        return io.BufferedReader(socket.SocketIO(cast(socket.socket, self), "r"), READ_BYTES)

    def _decref_socketios(self) -> None:
        # Called by SocketIO when it is closed: the last reader turns off the light, as in `socket.socket`.
        self._readers -= 1
        if self._closed:
            self.close()

    def close(self) -> None:
        """Closes the connection once no reader made by `makefile` is open."""
        self._closed = True
        if self._readers <= 0:
            self.channel.drop()
            self.sock.close()
            self.reads.clear()  # this object lives on until the next connection

    def settimeout(self, _seconds: float | None) -> None:
        """urllib3 sets time-outs per operation; here the `Exchange` knows how long each read may take."""

    def fileno(self) -> int:
        """The file descriptor."""
        return self.fd

    # What urllib3 asks of a TLS connection and of a socket.  Not by __getattr__: a class that has one is slower in all.

    def getpeercert(self, binary_form: bool = False) -> Any:
        """As `ssl.SSLSocket.getpeercert`; None without TLS."""
        return None if self._tls is None else self._tls.object.getpeercert(binary_form)

    def selected_alpn_protocol(self) -> str | None:
        """As `ssl.SSLSocket.selected_alpn_protocol`; None without TLS."""
        return None if self._tls is None else self._tls.object.selected_alpn_protocol()

    def version(self) -> str | None:
        """The version of TLS, such as "TLSv1.3"; None without TLS."""
        return None if self._tls is None else self._tls.object.version()

    def tcp_info(self) -> TcpInfo | None:
        """What the system knows of the connection; None where it does not tell, and once it is closed."""
        return tcp_info(self.sock)

    def packets(self) -> tuple[int, int] | None:
        """(packets sent again, packets received out of order) since the last call; None where the system does not tell.

        Those of the handshake are not among them.
        """
        before, info = self._known, tcp_info(self.sock)
        if before is None or info is None:
            return None
        self._known = info
        return info.retransmits - before.retransmits, info.out_of_order - before.out_of_order

    def shutdown(self, how: int) -> None:
        """As `socket.shutdown`."""
        self.sock.shutdown(how)


class _Tls:
    """An `ssl.SSLObject` between two buffers: ciphertext in, plain text out, and the other way round.

    Used by the worker and by the pump, each holding the gate.
    """

    def __init__(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self.at_end = False

    def add(self, data: bytes) -> None:
        """Ciphertext has come; b"" is the end of the connection."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def shake_hands(self, send: Any) -> bool:
        """Goes on with the handshake; True when it is done, False when it needs more from the other side."""
        try:
            self.object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            # Also when it failed: the alert says why to the other side.
            if self._outgoing.pending:
                send(memoryview(self._outgoing.read()))
        return True

    def decrypt(self, data: bytes) -> bytes:
        """The plain text of the records that `data` completes; `at_end` is set when there is no more to come."""
        self.add(data)
        parts = []
        try:
            while self._incoming.pending or self.object.pending():
                part = self.object.read(READ_BYTES)
                if not part:
                    self.at_end = True  # close_notify
                    break
                parts.append(part)
        except (ssl.SSLWantReadError, ssl.SSLEOFError):
            pass  # half a record is left, or it was a session ticket
        if not data:
            self.at_end = True  # perhaps without close_notify: the end marker of the answer tells whether it is whole
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def encrypt(self, plain: memoryview) -> bytes:
        """The records for `plain`."""
        while plain:
            plain = plain[self.object.write(plain) :]
        return self._outgoing.read()
