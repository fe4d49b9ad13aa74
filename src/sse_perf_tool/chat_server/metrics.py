"""The metrics of the server, as Prometheus text and as JSON."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

BUCKETS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the response-time histogram; one more bucket holds all that took longer."""


class Metrics:
    """Counters of this process since it started."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._errors: Counter[str] = Counter()
        self._answers: Counter[tuple[str, str]] = Counter()
        self._times: dict[str, list[int]] = {}
        self._time_sums_s: defaultdict[str, float] = defaultdict(float)
        self._tokens = 0
        self.active = 0
        """Answers being given now."""

    def request_done(self, path: str, status: int, took_s: float) -> None:
        """A request to the route `path` is over; the time is that of its whole response."""
        self._requests[path, status] += 1
        counts = self._times.setdefault(path, [0] * (len(BUCKETS_S) + 1))
        counts[next((k for k, bound in enumerate(BUCKETS_S) if took_s <= bound), len(BUCKETS_S))] += 1
        self._time_sums_s[path] += took_s

    def error(self, code: str) -> None:
        """A request was refused, or an answer broke off, for the reason `code`."""
        self._errors[code] += 1

    def answer_done(self, api: str, outcome: str, tokens: int) -> None:
        """An answer is over; `outcome` is that of its `Turn`."""
        self._answers[api, outcome] += 1
        self._tokens += tokens

    def as_json(self, conversations: int) -> dict[str, Any]:
        """Everything as one JSON object; histogram buckets are not cumulative here."""
        return {
            "uptime_s": time.monotonic() - self._started_s,
            "memory_bytes": memory_bytes(),
            "active_streams": self.active,
            "conversations": conversations,
            "tokens": self._tokens,
            "requests": [
                {"path": path, "status": status, "count": count} for (path, status), count in self._requests.items()
            ],
            "errors": dict(self._errors),
            "answers": [{"api": api, "outcome": outcome, "count": n} for (api, outcome), n in self._answers.items()],
            "response_time_bounds_s": BUCKETS_S,
            "response_time": [
                {"path": path, "count": sum(counts), "sum_s": self._time_sums_s[path], "counts": counts}
                for path, counts in self._times.items()
            ],
        }

    def as_prometheus(self, conversations: int) -> str:
        """Everything in Prometheus' text format, version 0.0.4."""
        lines = [
            *_series("chat_requests_total", "counter", "Requests by route and status.",
                     ((f'path="{path}",status="{status}"', n) for (path, status), n in self._requests.items())),
            *_series("chat_errors_total", "counter", "Refused requests and failed answers by reason.",
                     ((f'code="{code}"', n) for code, n in self._errors.items())),
            *_series("chat_answers_total", "counter", "Answers by API and how they ended.",
                     ((f'api="{api}",outcome="{outcome}"', n) for (api, outcome), n in self._answers.items())),
            *_series("chat_tokens_total", "counter", "Tokens sent.", [("", self._tokens)]),
            *_series("chat_active_streams", "gauge", "Answers being given now.", [("", self.active)]),
            *_series("chat_conversations", "gauge", "Conversations in memory.", [("", conversations)]),
            *_series("chat_uptime_seconds", "gauge", "Seconds since the start.",
                     [("", time.monotonic() - self._started_s)]),
            *_series("process_resident_memory_bytes", "gauge", "Memory of this process.", self._memory()),
            *self._histogram(),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _memory(self) -> list[tuple[str, int]]:
        size = memory_bytes()
        return [] if size is None else [("", size)]

    def _histogram(self) -> Iterator[str]:
        name = "chat_response_seconds"
        yield f"# HELP {name} Time of whole responses by route."
        yield f"# TYPE {name} histogram"
        for path, counts in self._times.items():
            total = 0
            for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), counts, strict=True):
                total += count
                yield f'{name}_bucket{{path="{path}",le="{bound}"}} {total}'
            yield f'{name}_sum{{path="{path}"}} {self._time_sums_s[path]}'
            yield f'{name}_count{{path="{path}"}} {total}'


def _series(name: str, kind: str, help_text: str, values: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values:
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"


def memory_bytes() -> int | None:
    """Resident memory of this process now, None where the system does not tell (it does on Linux)."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else None
