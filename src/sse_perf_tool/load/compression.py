"""One more request after a run, as browsers and client libraries send it: with an answer that may be compressed.

The run itself asks for answers as they are, since compression bundles tokens.  What stands between may hold an answer
back that it compresses, and then users see another service than the run did.
"""

from __future__ import annotations

from dataclasses import replace

from ..records import Phase, RequestRecord, RunConfig, RunResult
from ..request.target import Target
from ..tester import SSETester
from ..wire import can_decode

ACCEPTED = ("gzip", "br")
"""What browsers accept; what cannot be decoded here is not asked for, as it would show nothing."""

LEAST_REQUESTS = 5
"""Behind fewer it would be more than a fifth of the load, and there would be little to hold it against."""


def worth_checking(target: Target, config: RunConfig, result: RunResult) -> bool:
    """Whether the request may be sent, and there is something to hold its answer against.

    Not behind a few requests or a run that was stopped or failed, nor where the user has said what is accepted.
    """
    named = any(name.lower() == "accept-encoding" for name in target.headers or {})
    ended = not (result.interrupted or result.aborted or result.partial)
    several = result.summary.ok >= LEAST_REQUESTS
    return config.compression_check and config.stream and several and ended and not named


class CompressedRequest:
    """That request; `send` once."""

    def __init__(self, target: Target) -> None:
        headers = {**(target.headers or {}), "Accept-Encoding": ", ".join(filter(can_decode, ACCEPTED))}
        self._tester = SSETester(replace(target, headers=headers, retries=0))

    def send(self, request_id: int) -> RequestRecord:
        """Sends it and reads the answer to its end."""
        try:
            return self._tester.test_streaming(request_id, phase=Phase.COMPRESSION_CHECK)
        finally:
            self._tester.close()

    def cancel(self) -> None:
        """Ends it, from a signal handler or another thread."""
        self._tester.cancel()
