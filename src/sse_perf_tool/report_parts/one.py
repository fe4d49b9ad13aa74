"""The report of a single request: its course first, then its values.  There are no percentiles of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate
from typing import Any

from ..metrics import REQUEST_METRICS, request_value
from ..records import RequestRecord, RunResult
from ..texts import printable
from ..units import NS_PER_MS, NS_PER_S
from .data import seconds_data
from .figures import Both, figure
from .inside import bar_figure
from .messages import message
from .page import code
from .reduce import sample_rows
from .tables import ERROR_CHARS, metric_name, number_cell, outcome_name, table
from .tiles import Tile, tile_html
from .verdict import Verdict
from .wording import both, in_both, pair, terms_html

Json = dict[str, Any]


def only_request(result: RunResult) -> RequestRecord | None:
    """The request of a run that had one; None for all others."""
    return result.requests.details.get(0) if len(result.requests) == 1 else None


def one_verdict(found: Verdict, record: RequestRecord, there: Sequence[str]) -> Verdict:
    """The verdict, with why the request failed, and with what to look at among the parts that this page has."""
    sentences = list(found.sentences)
    if record.error:
        values = {"outcome": in_both(f"outcome.{record.outcome.value}"), "error": _error(record)}
        sentences.insert(0, in_both("one.why", values))
    looks = [look for look in found.looks if look.anchor in there]
    word = "one.failed" if found.word == "word.bad" else found.word
    return found._replace(word=word, sentences=sentences, looks=looks)


def values_of_one(result: RunResult) -> dict[str, float]:
    """Every metric that the request has, whatever its outcome."""
    row = {name: result.requests[name][0] for name in result.requests.COLUMNS}
    values = ((name, request_value(row, name)) for name in REQUEST_METRICS)
    return {name: value for name, value in values if value is not None}


def one_tiles(record: RequestRecord, result: RunResult) -> str:
    """The key values as tiles, with the goals that are about them."""
    values = values_of_one(result)
    keys = ("ttft", "tpot", "latency", "max_gap") if result.config.stream else ("ttfb", "latency")
    shown = ((f"one.{key}", f"{key}_ms") for key in keys)
    tiles = [Tile(key, [("", figure(values.get(name)))], "ms", ("", ""), (name,)) for key, name in shown]
    rate = figure(values.get("tokens_per_s"))
    note = in_both("one.rate", rate=rate) if "tokens_per_s" in values else ("", "")
    tokens = "n/a" if record.output_tokens is None else f"{record.output_tokens:,}"
    tiles.append(Tile("one.tokens", [("", tokens)], "", note, ("tokens", "tokens_per_s")))
    return "".join(tile_html(tile, result) for tile in tiles)


def course_html(record: RequestRecord) -> str:
    """The request as one bar, with the times of its parts in words beneath."""
    parts = [(kind, begin, end, in_both(f"one.{name}")) for kind, name, begin, end in _parts(record)]
    return bar_figure(parts, record.latency_ns / NS_PER_MS, in_both("one.bar"))


def _parts(record: RequestRecord) -> Iterator[tuple[str, str, float, float]]:
    """Colour, name, begin and end (ms) of each part of the request, in order and without holes."""
    connecting = sum(ns or 0 for ns in (record.dns_ns, record.connect_ns, record.tls_ns))
    ends = [
        ("step", "connecting", connecting),
        ("waiting", "waiting", record.ttfb_ns),
        ("tool", "first", record.ttft_ns),
        ("text", "streaming" if record.ttft_ns is not None else "receiving", record.latency_ns),
    ]
    if record.ttfb_ns is None:
        ends[-1] = ("waiting", "waiting", record.latency_ns)
    begin = 0.0
    for kind, name, end_ns in ends:
        end = min(end_ns or 0, record.latency_ns) / NS_PER_MS
        if end > begin:
            yield kind, name, begin, end
            begin = end


def values_table(result: RunResult) -> str:
    """Every metric of the request with its value."""
    rows = [
        f'<tr><th scope="row">{metric_name(name)}</th>{number_cell(value)}</tr>'
        for name, value in values_of_one(result).items()
    ]
    return table(("metric", "one.value"), rows, caption=both("one.values"), table_id="metrics-table")


def request_facts_html(record: RequestRecord) -> str:
    """How the request ended, what it asked, and what the answer says of itself."""
    facts = [
        ("outcome", outcome_name(record.outcome.value)),
        ("status", "" if record.status is None else str(record.status)),
        ("retries", str(record.retries) if record.retries else ""),
        ("finish_reason", code(record.finish_reason or "", 200)),
        ("prompt_tokens", "" if record.prompt_tokens is None else f"{record.prompt_tokens:,}"),
        ("chunks", f"{record.chunks:,}" if record.chunks else ""),
    ]
    ids = (("conversation_id", record.conversation_id), ("message_id", record.message_id))
    texts = [(key, code(value, 200)) for key, value in ids if value]
    texts += [("query", escape(printable(record.query, ERROR_CHARS)))] if record.query else []
    texts += [("error", pair(*_error(record)))] if record.error else []
    wide = "".join(f"<div class=wide><dt>{both(key)}</dt><dd>{text}</dd></div>" for key, text in texts)
    return f'<dl class="facts">{terms_html(facts)}{wide}</dl>'


def _error(record: RequestRecord) -> Both:
    english, chinese = (printable(text, ERROR_CHARS) for text in message(record.error or ""))
    return english, chinese


def one_data(record: RequestRecord, result: RunResult) -> Json:
    """How long the request took, its chunks, and the seconds of the run with what the server told in them."""
    duration_s = result.duration_ns / NS_PER_S
    return {
        "started_unix_ms": result.started_unix_ns // NS_PER_MS,
        "duration_s": duration_s,
        "latency_ms": record.latency_ns / NS_PER_MS,
        "chunks": chunks_data(record),
        "seconds": seconds_data(result.time_series, duration_s, (), result.server_metrics),
    }


def chunks_data(record: RequestRecord) -> Json:
    """When each chunk came, in ms after the request began: `at`, its number `count`, and the `gap` before it."""
    if record.ttft_ns is None:
        return {"at": [], "count": [], "gap": []}
    gaps = [0, *record.gaps_us]
    first_us = record.ttft_ns / 1000
    at = list(accumulate(gaps, initial=first_us))[1:]
    rows = sample_rows([gaps], [0] * len(gaps))
    return {
        "at": [round(at[row] / 1000, 3) for row in rows],
        "count": [row + 1 for row in rows],
        "gap": [round(gaps[row] / 1000, 3) if row else None for row in rows],
    }
