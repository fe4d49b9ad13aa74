"""Builds the page from template, styles, scripts and data, so that foreign text can never become markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ..metrics import success_rate
from ..records import AnswerHead, RunResult, Stats, Summary
from ..texts import Texts, printable
from .figures import Both, figure, percent_text, time_text
from .libraries import Library, inline_script, library_scripts
from .verdict import Verdict, load_text, shown_percentile
from .wording import TEXTS, both, in_both, pair, terms_html

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

NO_TEXTS: Texts = {}

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_NOT_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


class More(NamedTuple):
    """What some pages have besides: further styles of the templates folder, further libraries, the SHA-256 of styles
    that these add."""

    styles: Sequence[str] = ()
    libraries: Sequence[Library] = ()
    style_hashes: Sequence[str] = ()


NOTHING_MORE = More()


def fill(template: str, parts: dict[str, str]) -> str:
    """`template` with each {{name}} replaced by its part; placeholders inside a part are not replaced."""
    return _PLACE.sub(lambda match: parts[match[1]], template)


def json_for_script(value: Any) -> str:
    """JSON in which nothing can end a script element or begin a comment, still the same JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_NOT_IN_SCRIPT)


def build_page(
    template: str,
    parts: dict[str, str],
    data: dict[str, Any],
    scripts: list[str],
    texts: Texts = NO_TEXTS,
    more: More = NOTHING_MORE,
) -> tuple[bytes, bool]:
    """The whole page as UTF-8, and whether it works with no network.

    `scripts` names files of the templates folder, run in this order; `texts` are those that only this page has, `more`
    what else it has.  A Content-Security-Policy lets nothing else run and nothing be fetched but the linked libraries,
    if any.
    """
    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", *more.styles))
    libraries, inlined = library_scripts(more.libraries)
    own = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in scripts)
    own_script = inline_script(f'"use strict";(()=>{{{own}}})();')
    sources = " ".join(script.policy for script in (*libraries, own_script))
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    styles = " ".join(f"'sha256-{each}'" for each in (style_hash, *more.style_hashes))
    policy = f"default-src 'none'; script-src {sources}; style-src {styles}; img-src data: blob:"
    text = fill(
        template,
        {
            **parts,
            "policy": policy,
            "style": style,
            "data": json_for_script({**data, "texts": {**TEXTS, **texts}}),
            "libraries": "".join(script.html for script in libraries),
            "script": own_script.html,
        },
    )
    # A lone surrogate, which servers can send and UTF-8 cannot hold, becomes a question mark.
    return text.encode("utf-8", "replace"), inlined


def read_template(name: str) -> str:
    """A page of the templates folder in the frame of all pages; texts of both languages are put in for {{t:key}}."""
    text = "".join((TEMPLATES / part).read_text(encoding="utf-8") for part in ("top.html", name, "bottom.html"))
    return re.sub(r"\{\{t:([\w.]+)\}\}", lambda match: both(match[1]), text)


def verdict_html(found: Verdict) -> str:
    """The verdict at the top of the page: headline, sentences, what to look at next."""
    # Chinese sentences stand without a space between them.
    sentences = "".join(pair(f"{english} ", chinese) for english, chinese in found.sentences)
    looks = "".join(f'<li><a href="#{look.anchor}">{pair(*look.text)}</a></li>' for look in found.looks)
    next_steps = f"<h3>{both('look_next')}</h3><ul>{looks}</ul>" if looks else ""
    return (
        f'<div class="verdict {found.grade}"><h2>{pair(*found.headline)}</h2>'
        f'<p class="lead">{sentences}</p>{next_steps}</div>'
    )


def facts_html(result: RunResult) -> str:
    """The facts of the run as a list of terms: target, load, time and machine."""
    config = result.config
    model = " / ".join(dict.fromkeys(name for name in (config.model, config.model_name) if name))
    source = result.summary.token_source
    facts: list[tuple[str, str]] = [
        ("target", code(config.url)),
        ("model", code(model)),
        ("format", format_html(result)),
        ("answered_by", "<br>".join(map(_head_html, result.heads))),
        ("load", pair(*load_text(config))),
        ("started", moment(result.started_unix_ns)),
        ("duration", escape(time_text(result.duration_ns / 1e6))),
        ("finish_reasons", reasons_html(result.summary)),
        ("tokens_from", both(f"tokens.{source}") if source else ""),
        ("version", code(config.version)),
        ("host", escape(printable(config.host_info))),
        ("command", command_html(config.command)),
    ]
    return terms_html(facts)


def code(text: str, limit: int = 500) -> str:
    """Markup of foreign text that is code: one line, control characters taken out; nothing for nothing."""
    return f"<code>{escape(printable(text, limit))}</code>" if text else ""


def reasons_html(summary: Summary) -> str:
    """Markup of the finish reasons and how many answers ended for each."""
    return ", ".join(f"{code(reason, 100)} {number:,}" for reason, number in summary.finish_reasons.items())


def command_html(command: str) -> str:
    """Markup of a command line that is broken between its words only: browsers break behind a hyphen, too."""
    words = " ".join(f'<span class="arg">{escape(word)}</span>' for word in printable(command, 2000).split(" "))
    return f"<code>{words}</code>" if command else ""


def format_html(result: RunResult) -> str:
    """The format of the run; for "auto" the format of the answers, if known."""
    asked = result.config.format
    seen = dict.fromkeys(record.format for record in result.requests.details.values() if record.format)
    return f"{code(', '.join(seen))} (auto)" if asked == "auto" and seen else code(asked)


def again_html(result: RunResult) -> str:
    """How to make the run again: its flags as a file for --config, as a section; nothing when there are none."""
    if not result.config.flags:
        return ""
    text = json.dumps(result.config.flags, ensure_ascii=False, indent=2)
    # Copied, it is the same JSON, but nothing in it can steer the page or a terminal.
    shown = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    return (
        f'<section class="card" id="again"><h2>{both("again")}</h2><p class="over">{both("again_how")}</p>'
        f"<pre>{escape(shown)}</pre></section>"
    )


def _head_html(head: AnswerHead) -> str:
    """Markup of what a head says of whoever sent the answer."""
    texts = (head.server, head.via and f"Via: {head.via}", head.powered_by, head.content_encoding)
    said = [code(text, 200) for text in texts if text]
    return " · ".join(
        [*said, both(f"framing.{head.framing}"), *(["Connection: close"] if head.connection_close else [])]
    )


def moment(unix_ns: int) -> str:
    """Markup of a point in time, UTC to the second."""
    at = datetime.fromtimestamp(unix_ns / 1e9, tz=timezone.utc)
    return f'<time datetime="{at.isoformat()}">{at:%Y-%m-%d %H:%M:%S} UTC</time>'


def big_figures_html(result: RunResult) -> str:
    """The key figures, each with its unit and its number of samples."""
    summary = result.summary
    finished = summary.ok + summary.failed
    rate = success_rate(summary.ok, finished)
    none = in_both("na")
    tiles = [
        _tile("big.requests", f"{summary.sent:,}", "", _endings(summary)),
        _tile(
            "big.success", percent_text(rate).removesuffix(" %"), "%" if rate is not None else "", _samples(finished)
        ),
        *(_stream_tiles(summary) if result.config.stream else _whole_tiles(summary)),
        _tile(
            "big.tokens",
            figure(summary.output_tokens_per_s) if summary.output_tokens else none[0],
            both("tokens_unit"),
            in_both("total_n", n=f"{summary.output_tokens:,}"),
        ),
        _tile("big.rps", figure(summary.requests_per_s), both("rps_unit"), _samples(summary.sent)),
    ]
    return "".join(tiles)


def _stream_tiles(summary: Summary) -> list[str]:
    return [
        _metric_tile("big.ttft_p50", summary, "ttft_ms", 50),
        _metric_tile("big.ttft_p99", summary, "ttft_ms", 99),
        _metric_tile("big.tpot", summary, "tpot_ms", 50),
        _metric_tile("big.latency", summary, "latency_ms", 50),
    ]


def _whole_tiles(summary: Summary) -> list[str]:
    size = figure(summary.metrics.get("response_bytes", Stats()).mean)
    return [
        _metric_tile("big.latency", summary, "latency_ms", 50),
        _metric_tile("big.latency_p99", summary, "latency_ms", 99),
        _metric_tile("big.rate", summary, "tokens_per_s", 50, both("tokens_unit")),
        _tile("big.transfer", figure(summary.bytes_per_s / 1000), "kB/s", in_both("bytes_each", n=size)),
    ]


def _endings(summary: Summary) -> Both:
    counts = (("ok_n", summary.ok), ("failed_n", summary.failed), ("cancelled_n", summary.cancelled))
    said = [in_both(key, n=f"{count:,}") for key, count in counts if count]
    return " · ".join(text[0] for text in said), " · ".join(text[1] for text in said)


def _samples(count: int) -> Both:
    return in_both("of_n", n=f"{count:,}")


def _metric_tile(key: str, summary: Summary, metric: str, percent: int, unit_html: str = "ms") -> str:
    stats = summary.metrics.get(metric, Stats())
    value = shown_percentile(stats, percent)
    return _tile(key, figure(value), unit_html if value is not None else "", _samples(stats.count))


def _tile(key: str, value: str, unit_html: str, note: Both) -> str:
    return (
        f'<div class="tile"><dt>{both(key)}</dt>'
        f'<dd><b>{escape(value)}</b> <span class="unit">{unit_html}</span><small>{pair(*note)}</small></dd></div>'
    )


def warnings_html(warnings: Sequence[str]) -> str:
    """Warnings as a section; nothing when there are none."""
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(printable(text))}</li>" for text in warnings)
    return f'<section class="card warnings" id="warnings"><h2>{both("warnings")}</h2><ul>{items}</ul></section>'
