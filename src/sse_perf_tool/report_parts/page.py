"""Builds the page from template, styles, scripts and data, so that foreign text can never become markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ..records import AnswerHead, Host, RunResult, Summary
from ..texts import Texts, printable
from .figures import Both, time_text, unbroken
from .libraries import Library, inline_script, library_scripts
from .messages import Translation, message
from .verdict import Verdict, load_text
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
    styles_of_page = ("palette.css", "report.css", *more.styles)
    style = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in styles_of_page)
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


def read_template(*names: str) -> str:
    """A page of the templates folder in the frame of all pages, see `read_parts`."""
    return read_parts("top.html", *names, "bottom.html")


def read_parts(*names: str) -> str:
    """Files of the templates folder, one after another; texts of both languages are put in for {{t:key}}."""
    text = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
    return re.sub(r"\{\{t:([\w.]+)\}\}", lambda match: both(match[1]), text)


Place = tuple[str, str]
"""The id of a part of the page, and the markup of what it is called."""


def bar_html(places: Iterable[Place], *, ranged: bool = False) -> str:
    """The bar that stays at the top of a page: links to its parts, and the range of its time charts if it has some."""
    links = "".join(f'<a href="#{anchor}">{label}</a>' for anchor, label in places)
    # The name of a landmark is an attribute, which cannot hold both languages.
    nav = f'<nav id="sections" aria-label="{" / ".join(TEXTS["sections"])}">{links}</nav>'
    return f'<div class="bar" id="bar">{nav}{read_parts("range.html") if ranged else ""}</div>'


LOOKS_SHOWN = 4
"""So many things to look at stand on the first screen; the others are folded."""


def verdict_html(found: Verdict) -> str:
    """The verdict at the top of the page: a word for it, headline, sentences, what to look at next."""
    # Chinese sentences stand without a space between them.
    sentences = "".join(pair(f"{english} ", chinese) for english, chinese in map(unbroken, found.sentences))
    looks = [f'<li><a href="#{look.anchor}">{pair(*unbroken(look.text))}</a></li>' for look in found.looks]
    first, more = "".join(looks[:LOOKS_SHOWN]), "".join(looks[LOOKS_SHOWN:])
    count = len(looks) - LOOKS_SHOWN
    folded = f"<details><summary>{both('look_more', n=count)}</summary><ul>{more}</ul></details>" if more else ""
    next_steps = f'<div class="next"><h3>{both("look_next")}</h3><ul>{first}</ul>{folded}</div>' if looks else ""
    return (
        f'<section class="verdict two {found.grade}"><h2><span class="badge">{both(found.word)}</span> '
        f'{pair(*unbroken(found.headline))}</h2><p class="lead">{sentences}</p>{next_steps}</section>'
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
        ("host", pair(*host_text(config.host, config.host_info))),
        ("command", command_html(config.command)),
    ]
    return terms_html(facts)


def host_text(host: Host | None, line: str) -> Both:
    """The machine that sent; without its parts, as another version told it, its `line` as it stands."""
    if host is None:
        return (printable(line),) * 2
    named = [host.system, f"Python {host.python}" if host.python else ""]
    parts = [*((printable(name),) * 2 for name in named if name), in_both("host.cpus", n=host.cpus)]
    if (reader := TEXTS.get(f"host.{host.reader}")) is not None:
        parts.append(reader)
    return ", ".join(part[0] for part in parts), "，".join(part[1] for part in parts)


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
    return f"{code(', '.join(seen))}{both('detected')}" if asked == "auto" and seen else code(asked)


def again_html(result: RunResult) -> str:
    """How to make the run again: its flags as a file for --config, folded; nothing when there are none."""
    if not result.config.flags:
        return ""
    text = json.dumps(result.config.flags, ensure_ascii=False, indent=2)
    # Copied, it is the same JSON, but nothing in it can steer the page or a terminal.
    shown = "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
    return (
        f'<details class="card fold" id="again"><summary><h3>{both("again")}</h3></summary>'
        f'<p class="over">{both("again_how")}</p><pre>{escape(shown)}</pre></details>'
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


def warnings_html(warnings: Sequence[str], translated: Translation = message) -> str:
    """Warnings as a section, in both languages by `translated`; nothing when there are none."""
    if not warnings:
        return ""
    items = "".join(f"<li>{pair(*map(printable, translated(text)))}</li>" for text in warnings)
    return f'<section class="card warnings" id="warnings"><h2>{both("warnings")}</h2><ul>{items}</ul></section>'
