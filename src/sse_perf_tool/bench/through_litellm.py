"""Requests through the LiteLLM package, for providers that no format of this tool speaks.  An extra: `[litellm]`.

Arrivals are stamped when LiteLLM hands a chunk over, so its own work (some 10 to 25 ms of a first token, more
with many threads) is in every figure.  Such a cell says so, and is never called the fastest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from ..errors import UsageError
from ..metrics import estimate_tokens
from ..providers import QueryProvider
from ..queries.prompts import Prompts
from ..records import Outcome, Phase, RequestRecord
from ..request.timeline import gaps_us
from ..texts import Texts, printable, speaker
from .plan import Cell
from .settings import Settings

TEXTS: Texts = {
    "missing_package": (
        '{model}: is asked through LiteLLM; install it: pip install "sse-perf-tool[litellm]"',
        '{model}：需要通过 LiteLLM 访问，请安装：pip install "sse-perf-tool[litellm]"',
    ),
}


def load_litellm(model: str, lang: str = "en") -> Any:
    """The package, told to send what it is asked to and nothing else.  UsageError when it is not installed."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it fetches a price list when imported
    try:
        import litellm
    except ModuleNotFoundError as error:
        if error.name != "litellm":
            raise
        raise UsageError(speaker(TEXTS, lang)("missing_package", model=model)) from None
    litellm.suppress_debug_info = True
    litellm.drop_params = True
    litellm.telemetry = False
    return litellm


class LiteLLMSender:
    """Sends the requests of one thread of a cell, see `cell.Sender`."""

    def __init__(self, cell: Cell, settings: Settings, thread_id: int, on_chunks: Callable[[int], None]) -> None:
        self._litellm = load_litellm(cell.endpoint.model, settings.lang)
        self._cell, self._settings, self._thread_id = cell, settings, thread_id
        self._on_chunks = on_chunks
        self._queries = QueryProvider(settings.queries, prompts=Prompts(seed=settings.seed))
        self._cancelled = False

    def test_streaming(self, request_id: int = 0, *, phase: Phase = Phase.MAIN) -> RequestRecord:
        """See `cell.Sender`."""
        query = self._queries.next(1, self._cell.context_tokens or None)
        started_ns = time.perf_counter_ns()
        answer = _Answer()
        outcome, error = Outcome.OK, None
        try:
            for chunk in self._stream(query.sent):
                if self._cancelled:
                    outcome = Outcome.CANCELLED
                    break
                if answer.take(chunk, time.perf_counter_ns()):
                    self._on_chunks(1)
        except Exception as problem:  # whatever a provider's package raises is how its request ended
            outcome = Outcome.TIMEOUT if "timeout" in type(problem).__name__.lower() else Outcome.HTTP_ERROR
            error = printable(self._settings.masker(f"{type(problem).__name__}: {problem}"), 500)
            answer.status = getattr(problem, "status_code", None)
        if outcome is Outcome.OK and not answer.times:
            outcome = Outcome.EMPTY
        return answer.record(request_id, self._thread_id, started_ns, outcome, error, query.text, phase)

    def _stream(self, text: str) -> Any:
        cell, wish = self._cell, self._cell.endpoint.wish
        options = {"max_tokens": wish.max_tokens, "temperature": wish.temperature}
        return self._litellm.completion(
            model=cell.endpoint.model,
            messages=[{"role": "user", "content": text}],
            stream=True,
            stream_options={"include_usage": True},
            api_base=cell.endpoint.url or None,
            api_key=cell.key,
            timeout=self._settings.timeout_s,
            num_retries=0,
            max_retries=0,
            **{name: value for name, value in options.items() if value is not None},
        )

    def cancel(self) -> None:
        """Ends the answer under way at its next chunk."""
        self._cancelled = True

    def close(self) -> None:
        """Nothing: connections are LiteLLM's own."""


class _Answer:
    """What one answer has brought so far."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.first_answer_ns: int | None = None
        self.last_ns = 0
        self.text: list[str] = []
        self.usage: Any = None
        self.finish_reason: str | None = None
        self.message_id: str | None = None
        self.status: int | None = 200

    def take(self, chunk: Any, now_ns: int) -> bool:
        """Notes a chunk; True when it brought text."""
        self.last_ns = now_ns
        self.usage = getattr(chunk, "usage", None) or self.usage
        self.message_id = self.message_id or getattr(chunk, "id", None)
        text = ""
        for choice in getattr(chunk, "choices", None) or ():
            self.finish_reason = getattr(choice, "finish_reason", None) or self.finish_reason
            visible = getattr(choice.delta, "content", None) or ""
            text += visible + (getattr(choice.delta, "reasoning_content", None) or "")
            if visible and self.first_answer_ns is None:
                self.first_answer_ns = now_ns
        if text:
            self.times.append(now_ns)
            self.text.append(text)
        return bool(text)

    def record(
        self,
        request_id: int,
        thread_id: int,
        started_ns: int,
        outcome: Outcome,
        error: str | None,
        query: str,
        phase: Phase,
    ) -> RequestRecord:
        """The record of the request, now that it has ended."""
        reported = getattr(self.usage, "completion_tokens", None)
        tokens = reported or (max(1, estimate_tokens("".join(self.text))) if self.text else None)
        first_ns = self.times[0] if self.times else None
        end_ns = self.last_ns or time.perf_counter_ns()
        return RequestRecord(
            request_id=request_id,
            thread_id=thread_id,
            started_ns=started_ns,
            outcome=outcome,
            latency_ns=end_ns - started_ns,
            status=self.status,
            error=error,
            ttft_ns=None if first_ns is None else first_ns - started_ns,
            ttfa_ns=None if self.first_answer_ns is None else self.first_answer_ns - started_ns,
            streaming_ns=None if first_ns is None else end_ns - first_ns,
            output_tokens=tokens,
            prompt_tokens=getattr(self.usage, "prompt_tokens", None),
            token_source=("usage" if reported else "estimate") if tokens else None,
            chunks=len(self.times),
            gaps_us=gaps_us(self.times),
            text_chars=sum(map(len, self.text)),
            message_id=self.message_id,
            finish_reason=self.finish_reason,
            query=query,
            format="litellm",
            clock="user",
            phase=phase,
        )
