"""Two ways in which such clients are usually written, for the bench to set beside the tool.

`python tools/bench_clients.py iter_lines|aiohttp URL THREADS SECONDS FILE` sends for so long and writes to FILE what it
took the times to be.  Each stops sending at the end of the time and finishes what is under way.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench_figures import distribution

BODY: dict[str, Any] = {"model": "bench", "messages": [{"role": "user", "content": "hello"}], "stream": True}


class Seen:
    """Times of one client, in nanoseconds."""

    def __init__(self) -> None:
        self.requests = 0
        self.ttft_ns: list[int] = []
        self.gap_ns: list[int] = []

    def add(self, started_ns: int, token_times_ns: list[int]) -> None:
        """One answer."""
        self.requests += 1
        self.ttft_ns.append(token_times_ns[0] - started_ns)
        self.gap_ns += [later - earlier for earlier, later in pairwise(token_times_ns)]

    def as_dict(self) -> dict[str, Any]:
        """What the client says in the end."""
        return {
            "requests": self.requests,
            "ttft_ms": distribution(self.ttft_ns),
            "itl_ms": distribution(self.gap_ns),
        }


def brings_text(line: bytes) -> bool:
    """Whether a line of the stream is a chunk with text in it."""
    if not line.startswith(b"data: ") or line == b"data: [DONE]":
        return False
    choices = json.loads(line[6:])["choices"]
    return bool(choices and choices[0]["delta"].get("content"))


def by_iter_lines(url: str, threads: int, seconds: float) -> Seen:
    """`requests` and `iter_lines`, a thread for each stream, a look at the clock for each line."""
    import requests

    seen = Seen()
    end_s = time.monotonic() + seconds

    def work() -> None:
        with requests.Session() as session:
            while time.monotonic() < end_s:
                times_ns = []
                started_ns = time.perf_counter_ns()
                with session.post(url, json=BODY, stream=True, timeout=60) as response:
                    for line in response.iter_lines():
                        now_ns = time.perf_counter_ns()
                        if brings_text(line):
                            times_ns.append(now_ns)
                seen.add(started_ns, times_ns)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return seen


def by_aiohttp(url: str, threads: int, seconds: float) -> Seen:
    """aiohttp and nothing around it: `iter_any`, a look at the clock for each read."""
    import aiohttp

    seen = Seen()
    end_s = time.monotonic() + seconds

    async def work(session: aiohttp.ClientSession) -> None:
        while time.monotonic() < end_s:
            times_ns, held = [], b""
            started_ns = time.perf_counter_ns()
            async with session.post(url, json=BODY) as response:
                async for data in response.content.iter_any():
                    now_ns = time.perf_counter_ns()
                    *lines, held = (held + data).split(b"\n")
                    times_ns += [now_ns for line in lines if brings_text(line)]
            seen.add(started_ns, times_ns)

    async def all_of_them() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=False)) as session:
            await asyncio.gather(*[work(session) for _ in range(threads)])

    asyncio.run(all_of_them())
    return seen


CLIENTS: dict[str, Callable[[str, int, float], Seen]] = {"iter_lines": by_iter_lines, "aiohttp": by_aiohttp}


def main(arguments: list[str]) -> None:
    """Runs one client."""
    name, url, threads, seconds, file = arguments
    seen = CLIENTS[name](url, int(threads), float(seconds))
    Path(file).write_text(json.dumps(seen.as_dict()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
