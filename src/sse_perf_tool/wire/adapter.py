"""The `requests` adapter: urllib3's pools, connections and retries over pumped sockets."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import threading
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from requests.utils import get_encoding_from_headers, select_proxy
from urllib3._collections import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    InvalidHeader,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ResponseError,
)
from urllib3.response import BaseHTTPResponse, HTTPResponse
from urllib3.util.retry import Retry

from .body import drain
from .exchange import Exchange, StoppedError
from .gate import GATE
from .head import TimedResponse
from .kept import MOST_WRITTEN, REQUEST_SENT, STATE, Early, Kept, Written, is_between_requests, kind_of
from .sockets import PumpedSocket, writable_within

RETRIED_STATUSES = (429, 500, 502, 503, 504)

RETRY_AFTER = ("Retry-After", "llm_provider-retry-after")
"""Where a server, or LiteLLM for the provider behind it, says how long to wait."""

CANCEL_S = 1.0
"""How often a thread that waits for a connection asks whether it was cancelled."""

_LOOKUPS = threading.BoundedSemaphore(4)
"""Names that are looked up at the same time: hundreds at once would time each other."""

_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN)


class _PumpedContext(ssl.SSLContext):
    """A TLS context whose connections stay with the pump."""

    def wrap_socket(self, sock: Any, *_args: Any, server_hostname: Any = None, **_options: Any) -> Any:
        """Shakes hands over the pumped socket and gives the same socket back, which speaks plain text now."""
        sock.start_tls(self, server_hostname)
        return sock


@lru_cache(maxsize=8)
def tls_context(verify: bool | str) -> ssl.SSLContext:
    """TLS settings: True checks against the usual authorities, a path against those in it, False nothing.

    Made once for all connections: reading the authorities takes longer than a handshake.  OSError for a path that is
    of no use.
    """
    context = _PumpedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    place = DEFAULT_CA_BUNDLE_PATH if verify is True else str(verify)
    context.load_verify_locations(**{"capath" if Path(place).is_dir() else "cafile": place})
    return context


class _Timed:
    """Mixed into urllib3's connections: notes when an attempt starts, and times DNS, TCP and TLS."""

    exchange: Exchange
    verify: bool | str
    sock: Any
    ssl_context: Any
    host: str
    port: int
    _dns_host: str
    socket_options: Any
    response_class: Any = TimedResponse
    _method: Any
    _response_options: Any
    _unused = False
    """The connection was opened and has carried no request yet (urllib3 opens TLS connections ahead of the request)."""
    written: dict[tuple[Any, ...], Written]
    """What requests looked like, by `_who` and `kind_of`; shared by all connections of a run."""
    newest: Written | None = None
    """The newest request, if it is one of them."""
    early: Early | None = None
    """The next request has been sent already."""

    def connect(self) -> None:
        """Opens the connection, with the TLS handshake if there is one."""
        exchange = self.exchange
        exchange.attempt(connection_open=False)
        self._unused = True
        if isinstance(self, HTTPSConnection):
            self.ssl_context = tls_context(self.verify)
        super().connect()  # type: ignore[misc] # mixed into HTTPConnection

    def request(self, *args: Any, **options: Any) -> None:
        """Sends a request.  An attempt on an open connection starts here, one that must connect starts in `connect`."""
        if self.early is not None:
            self._note_early(self.early)
            return
        if self.sock is not None:
            self.exchange.socket = self.sock
            if not self._unused:
                self.exchange.attempt(connection_open=True)
        request = self._bytes_of(*args, **options)
        self.sock.sendall(request)
        self._unused = False

    def _note_early(self, early: Early) -> None:
        """Notes what http.client and urllib3 note of a request that they have sent; raises what sending raised."""
        self.early, self.newest = None, early.written
        if early.error is not None:
            raise early.error
        self._response_options = early.written.options
        vars(self)[STATE] = REQUEST_SENT

    def _bytes_of(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> bytes:
        """A request as it is to be written: as one before it in this run, if it has another body alone."""
        self.newest = None
        if type(body) is not bytes or headers is None:
            return self._by_urllib3(method, url, body, headers, options)
        kind = (*self._who, *kind_of(method, url, headers, options))
        written = self.written.get(kind)
        if written is not None:
            if self.sock is None:
                self.connect()  # as http.client does before it writes
            if is_between_requests(self):
                self._method = method
                self._note_early(Early(written))
                return written.with_body(body)
        request = self._by_urllib3(method, url, body, headers, options)
        written = Written.of(request, body, self._response_options)
        if written is not None and len(self.written) < MOST_WRITTEN:
            self.newest = self.written[kind] = written
        return request

    @property
    def _who(self) -> tuple[Any, ...]:
        """What the head of a request says of its connection: the host, or that behind a proxy."""
        tunnel = cast(Any, self)
        return type(self), self.host, self.port, tunnel._tunnel_host, tunnel._tunnel_port

    def _by_urllib3(self, method: str, url: str, body: Any, headers: Any, options: dict[str, Any]) -> bytes:
        """The same, put together by urllib3 and http.client."""
        exchange = self.exchange
        exchange.held = bytearray()
        try:
            super().request(method, url, body, headers, **options)  # type: ignore[misc] # mixed into HTTPConnection
        finally:
            request, exchange.held = bytes(exchange.held), None
        return request

    def getresponse(self) -> Any:
        """The response, whose head has come.  As urllib3 does it, with a short way for an ordinary head."""
        if self._response_options is None:
            return super().getresponse()  # type: ignore[misc] # which says what is wrong
        response = TimedResponse(self.sock, method=self._method)
        try:
            response.begin()
        except BaseException as error:
            if isinstance(error, ConnectionError):
                cast(Any, self).close()
            response.close()
            raise
        self.response_class = lambda *_args, **_options: response  # http.client finds it begun
        try:
            if response.plain is None:
                return super().getresponse()  # type: ignore[misc]
            options, self._response_options = self._response_options, None
            http.client.HTTPConnection.getresponse(cast(Any, self))
        finally:
            del self.response_class
        return HTTPResponse(
            body=cast(Any, response),
            headers=HTTPHeaderDict(response.plain),
            status=response.status,
            version=response.version,
            version_string="HTTP/1.1",
            reason=response.reason,
            preload_content=options.preload_content,
            decode_content=options.decode_content,
            original_response=cast(Any, response),
            enforce_content_length=options.enforce_content_length,
            request_method=options.request_method,
            request_url=options.request_url,
        )

    @property
    def is_connected(self) -> bool:
        """Whether the connection can carry a request; the pump has seen if it was closed.

        One that was sent early is on it, whatever has come since.
        """
        return self.sock is not None and (self.early is not None or not self.sock.is_dead)

    def _new_conn(self) -> Any:
        exchange = self.exchange
        addresses, exchange.dns_ns = self._resolve(self._dns_host.strip("[]"))
        connected, exchange.connect_ns = self._connect_first(addresses)
        exchange.socket = pumped = PumpedSocket(connected, exchange)
        return pumped

    def _resolve(self, host: str) -> tuple[list[Any], int | None]:
        """(addresses as of `getaddrinfo`, nanoseconds that it took, None for what is an address already)."""
        clock = self.exchange.clock
        try:
            return socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST), None
        except (socket.gaierror, UnicodeError):
            GATE.leave()
        try:
            with _LOOKUPS:
                began_ns = clock()
                return socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM), clock() - began_ns
        except socket.gaierror as error:
            raise NameResolutionError(self.host, cast(Any, self), error) from error
        except UnicodeError as error:
            raise NewConnectionError(cast(Any, self), f"{self.host!r} is no host name") from error
        finally:
            GATE.enter()

    def _connect_first(self, addresses: list[Any]) -> tuple[socket.socket, int]:
        """(a socket connected to the first address that answers, nanoseconds since the first was tried)."""
        last: OSError | None = None
        began_ns = self.exchange.clock()
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                connected_ns = self._connect(sock, address)
            except StoppedError as error:
                sock.close()
                raise ConnectTimeoutError(cast(Any, self), f"no connection to {self.host} in time") from error
            except OSError as error:
                sock.close()
                last = error
            else:
                return sock, connected_ns - began_ns
        raise NewConnectionError(cast(Any, self), str(last)) from last

    def _connect(self, sock: socket.socket, address: Any) -> int:
        """Connects and gives the time at which it was done.  OSError or StoppedError when it was not."""
        exchange = self.exchange
        sock.setblocking(False)
        problem = sock.connect_ex(address)
        # What is near has answered by now, and the time is exact; else the wait for it gives way to other workers.
        while problem in _UNDER_WAY and not writable_within(sock.fileno(), 0):
            patience_s = exchange.patience_s()
            GATE.leave()
            try:
                writable_within(sock.fileno(), min(patience_s, CANCEL_S))
                done_ns = exchange.clock()
            finally:
                GATE.enter()
            if not (problem := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)) and writable_within(
                sock.fileno(), 0
            ):
                return done_ns
            problem = problem or errno.EINPROGRESS
        if problem in _UNDER_WAY:
            problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            raise OSError(problem, os.strerror(problem))
        return exchange.clock()


class TimedHTTPConnection(_Timed, HTTPConnection):
    """urllib3's connection, timed."""


class TimedHTTPSConnection(_Timed, HTTPSConnection):
    """urllib3's TLS connection, timed."""


class TimedRetry(Retry):
    """urllib3's `Retry` that counts, keeps to the request's time and can be cancelled while it waits.

    Beside the statuses it sends once more what an idle connection swallowed: servers close kept-alive connections when
    they like, so a request on one that brings no single byte of an answer was never begun (RFC 9112, 9.3.1).
    """

    exchange: Exchange

    def new(self, **options: Any) -> TimedRetry:
        """A copy with other counters, for the same exchange."""
        copy = super().new(**options)
        copy.exchange = self.exchange
        return copy

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: Any = None,
    ) -> TimedRetry:
        """The `Retry` for the next attempt; raises when there is none left."""
        if self._went_stale(error):
            self.exchange.resent += 1
            return self.new()
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        if response is not None and following.wait_s(response) >= self.exchange.left_s():
            # urllib3 hands out this response, then, and its error is what the user gets to read.
            raise MaxRetryError(cast(Any, _pool), url or "", ResponseError("no time is left to try again"))
        self.exchange.retries += 1
        if response is not None:
            self.exchange.statuses_before.append(response.status)
            drain(response, self.exchange)  # urllib3 would read it whole, and wait for it
        return following

    def _went_stale(self, error: Exception | None) -> bool:
        exchange = self.exchange
        return (
            isinstance(error, ProtocolError)
            and exchange.reused
            and exchange.first_byte_ns is None
            and exchange.stopped_by is None
        )

    def wait_s(self, response: BaseHTTPResponse | None) -> float:
        """Seconds before the next attempt: as Retry-After says, else exponential back-off."""
        try:
            asked_s = None if response is None else self._asked_s(response)
        except InvalidHeader:
            asked_s = None
        return self.get_backoff_time() if asked_s is None else max(0.0, asked_s)

    def _asked_s(self, response: BaseHTTPResponse) -> float | None:
        """Seconds that the first of `RETRY_AFTER` asks for; `InvalidHeader` when it is no time."""
        asked = next((value for name in RETRY_AFTER if (value := response.headers.get(name))), None)
        return None if asked is None else self.parse_retry_after(asked)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Waits before the next attempt."""
        self.exchange.pause(self.wait_s(response))


class TimedAdapter(HTTPAdapter):
    """Mount it on a session of its own for each thread; `exchange` tells of the request under way."""

    def __init__(
        self,
        exchange: Exchange,
        retries: int,
        verify: bool | str = True,
        backoff_s: float = 0.5,
        written: dict[tuple[Any, ...], Written] | None = None,
    ) -> None:
        self.exchange = exchange
        self._verify = verify
        self._written = {} if written is None else written
        policy = TimedRetry(
            total=retries,
            connect=0,
            read=0,
            redirect=0,
            other=0,
            status_forcelist=RETRIED_STATUSES,
            allowed_methods=None,
            backoff_factor=backoff_s,
            raise_on_status=False,
        )
        policy.exchange = exchange
        self._way: tuple[object, ...] | None = None
        """The newest request's URL, certificate settings and proxies; its pool, request target and proxy."""
        self._kept = Kept(exchange)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=policy)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Sends a request; by the short way (see kept.py) what is like one before it, on the same connection."""
        connection = self._connection_for(request, verify, cert, proxies) if stream else None
        if connection is not None and (short := self._kept.send(request, connection)) is not None:
            return short
        try:
            response = super().send(request, stream, timeout, verify, cert, proxies)
        finally:
            if connection is not None and connection.early is not None:  # it went another way, without the answer
                connection.early = None
                connection.close()
        if stream:
            self._kept.learn(request, response)
        return response

    def _connection_for(self, request: requests.PreparedRequest, verify: Any, cert: Any, proxies: Any) -> Any:
        """The idle connection that requests and urllib3 would send this over; None when they would have to look."""
        way = self._way
        if way is None or way[:4] != (request.url, verify, proxies, cert) or way[6] is not None:
            return None
        idle = cast(Any, way[4]).pool
        return idle.queue[-1] if idle is not None and idle.queue else None

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """The pool of connections for a request.

        Looking it up costs a tenth of a request, so the newest is remembered.  It is the one pool that its manager
        cannot have closed since: each keeps the newest only.
        """
        if self._way is None or self._way[:4] != (request.url, verify, proxies, cert):
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            target = super().request_url(request, proxies)
            proxy = select_proxy(request.url, proxies)
            self._way = (request.url, verify, proxies, cert, pool, target, proxy)
        return self._way[4]

    def request_url(self, request: Any, proxies: Any) -> str:
        """What stands behind POST; asked right after `get_connection_with_tls_context`."""
        if self._way is not None and self._way[0] == request.url and self._way[2] == proxies:
            return str(self._way[5])
        return super().request_url(request, proxies)

    def close(self) -> None:
        """Closes all connections."""
        self._way = None
        super().close()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Makes the pool manager, whose pools make timed connections."""
        super().init_poolmanager(*args, **options)
        self._time_pools_of(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The manager for a proxy, whose pools make timed connections too."""
        manager = super().proxy_manager_for(proxy, **options)
        self._time_pools_of(manager)
        return manager

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """What requests gives out.  A response without cookies has nothing that requests would have to look for."""
        if "set-cookie" in resp.headers:
            return super().build_response(req, resp)
        response = requests.Response()
        response.status_code, response.reason = resp.status, resp.reason
        response.headers = resp.headers  # they know no upper and lower case either
        response.encoding = get_encoding_from_headers(resp.headers)
        response.raw, response.url, response.request = resp, req.url, req
        cast(Any, response).connection = self
        return response

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: the shared TLS context has the authorities; requests would load them again for each connection."""

    def _time_pools_of(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            "http": partial(self._timed_pool, HTTPConnectionPool, TimedHTTPConnection),
            "https": partial(self._timed_pool, HTTPSConnectionPool, TimedHTTPSConnection),
        }

    def _timed_pool(self, pool_class: Any, connection_class: Any, *args: Any, **options: Any) -> Any:
        """A pool whose connections note in `exchange` what they see."""
        pool = pool_class(*args, **options)

        def connection(*connection_args: Any, **connection_options: Any) -> Any:
            made = connection_class(*connection_args, **connection_options)
            made.exchange, made.verify, made.written = self.exchange, self._verify, self._written
            return made

        pool.ConnectionCls = connection
        return pool
