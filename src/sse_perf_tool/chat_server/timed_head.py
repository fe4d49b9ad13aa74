"""HTTP by uvicorn, with a bound on how long the head of a request may take, which uvicorn has none for."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TimedHead(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # it is one of two classes
    """The protocol of uvicorn (httptools if it is installed, else h11) that closes a connection without a whole head.

    `timeout_s` counts from when the connection is made, later from the first byte of the next head; between two
    requests the keep-alive time-out of uvicorn counts.  The body of a request that was answered before it came has the
    same time.
    """

    def __init__(self, *arguments: Any, timeout_s: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._disarm()
        else:
            self._arm()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle is not None and self.cycle.more_body:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._timeout_s, self._too_late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if not self._is_answering() and not self.transport.is_closing():
            if self.cycle is None or not self.cycle.more_body:
                self.transport.write(_TOO_LATE)
            self.transport.close()
