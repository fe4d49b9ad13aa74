"""A headless Chromium driven over a pipe, for the tests of the page: no driver and no further package is needed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

from patience import FOREVER_S

FOUND = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)


class Browser:
    """A context manager: one page.  The commands are those of the Chrome DevTools protocol, each ended by a NUL byte.

    `events` holds the events that came so far, oldest first.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._last_id = 0
        self._rest = b""

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        its_in, self._out = os.pipe()
        self._in, its_out = os.pipe()
        assert FOUND is not None
        self._process = subprocess.Popen(
            [FOUND, *_FLAGS, f"--user-data-dir={self._profile.name}"],
            pass_fds=(3, 4),  # where Chromium looks for its pipe
            preexec_fn=lambda: _move((its_in, its_out), (3, 4)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_in)
        os.close(its_out)
        target = self._command("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._command("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.do(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def do(self, method: str, **parameters: object) -> dict[str, Any]:
        """Sends a command to the page and returns its result."""
        return self._command(method, parameters, self._session)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise."""
        answer = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, script: str, within_s: float = FOREVER_S) -> Any:
        """Asks for the value of `script` again and again until it is true."""
        give_up_s = time.monotonic() + within_s
        while not (value := self.run(script)):
            assert time.monotonic() < give_up_s, f"{script} was still {value!r} after {within_s} s"
            time.sleep(0.03)
        return value

    def _command(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        os.write(self._out, json.dumps({**message, **({"sessionId": session} if session else {})}).encode() + b"\0")
        answer = self._next(lambda said: said.get("id") == self._last_id)
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            while b"\0" not in self._rest:
                piece = os.read(self._in, 1 << 16)
                assert piece, "the browser ended"
                self._rest += piece
            line, _, self._rest = self._rest.partition(b"\0")
            said = json.loads(line)
            if wanted(said):
                return said
            self.events.append(said)


def _move(sources: tuple[int, ...], targets: tuple[int, ...]) -> None:
    """Makes each source file descriptor the target beside it, also when the two sets overlap."""
    above = [fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, 10) for source in sources]
    for source, target in zip(above, targets, strict=True):
        os.dup2(source, target)
