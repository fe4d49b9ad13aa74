"""One request of one token to a model: is it there, is the key good, does it take what is asked."""

from __future__ import annotations

from typing import Any

from ..bench.cell import target_of
from ..bench.config import load_config
from ..bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ..bench.endpoint import Wish
from ..bench.plan import TEXTS as PLAN_TEXTS
from ..bench.plan import Cell, Selection, plan_of
from ..bench.settings import Settings
from ..masking import Masker
from ..providers import Query
from ..records import Outcome, RequestRecord
from ..studio.contract.config import CheckAsked
from ..studio.contract.jobs import ModelName
from ..studio.jobs.selection import selected
from ..tester import SSETester, surroundings
from ..texts import speaker
from .load import CONFIG
from .order import Order

TIMEOUT_S = 30.0
FIELDS = ("temperature", "max_tokens", "max_completion_tokens", "stream_options", "top_p", "system")
"""Fields of bodies that services are known to refuse, and to name then."""
HINTS = {
    "temperature": "skip_temperature: true",
    "max_tokens": "skip_params: [max_tokens]",
    "stream_options": "skip_params: [stream_options]",
}


def check(order: Order, asked: CheckAsked) -> dict[str, Any]:
    """The fields of `Checked`.  UsageError for a model that is not there."""
    lang = order.lang
    config = selected(
        load_config(CONFIG, lang), [ModelName(provider_key=asked.provider_key, model_id=asked.model_id)], lang
    )
    say = speaker({**PLAN_TEXTS, **ENDPOINT_TEXTS}, lang)
    (cell, *_) = plan_of(config, Selection(wish=Wish(1, config.defaults.temperature)), order.environ, say)
    if cell.skipped is not None or cell.endpoint.format is None:
        return _not_sent(cell)
    settings = Settings(queries=(Query("hi"),), timeout_s=TIMEOUT_S, lang=lang, masker=Masker(cell.secrets))
    target = target_of(cell, settings)
    tester = SSETester(target, 1, around=surroundings(target))
    try:
        return _found(cell, tester.test_streaming(1))
    finally:
        tester.close()


def _not_sent(cell: Cell) -> dict[str, Any]:
    return {
        **_common(cell),
        "ok": False,
        "outcome": "not_sent",
        "status": None,
        "error": cell.skipped or "LiteLLM",
        "ttft_ms": None,
        "latency_ms": None,
        "key": "missing" if cell.key is None and cell.endpoint.needs_key else "unknown",
        "refused": [],
        "hint": None,
        "output_tokens": None,
    }


def _found(cell: Cell, record: RequestRecord) -> dict[str, Any]:
    # An answer that was cut off by its limit of one token, or has no text yet, shows all the same that it works.
    answered = record.status is not None and 200 <= record.status < 300
    ok = record.outcome is Outcome.OK or (answered and record.error is None)
    text = record.error or ""
    refused = [name for name in FIELDS if record.status in (400, 422) and name in text]
    return {
        **_common(cell),
        "ok": ok,
        "outcome": record.outcome.value,
        "status": record.status,
        "error": record.error,
        "ttft_ms": None if record.ttft_ns is None else round(record.ttft_ns / 1e6, 3),
        "latency_ms": round(record.latency_ns / 1e6, 3),
        "key": _key(cell, record, ok=ok),
        "refused": refused,
        "hint": next((HINTS[name] for name in refused if name in HINTS), None),
        "output_tokens": record.output_tokens,
    }


def _common(cell: Cell) -> dict[str, Any]:
    return {"url": cell.url, "format": cell.format, "notes": list(cell.endpoint.notes)}


def _key(cell: Cell, record: RequestRecord, *, ok: bool) -> str:
    if record.status in (401, 403):
        return "refused" if cell.key else "missing"
    if cell.key is None:
        return "not_needed"
    return "good" if ok else "unknown"
