"""One lookup for all texts of the report, as plain text and as markup that holds both languages."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ...texts import Texts, together
from . import (
    capacity,
    causes,
    charts,
    comparison,
    figures,
    findings,
    frame,
    goals,
    load,
    milestones,
    one,
    server,
    streams,
    trust,
    verdict,
    workers,
)

TEXTS: Texts = together(
    frame.TEXTS,
    load.TEXTS,
    verdict.TEXTS,
    goals.TEXTS,
    streams.TEXTS,
    causes.TEXTS,
    findings.TEXTS,
    trust.TEXTS,
    server.TEXTS,
    workers.TEXTS,
    figures.TEXTS,
    milestones.TEXTS,
    one.TEXTS,
    charts.TEXTS,
    comparison.TEXTS,
    capacity.TEXTS,
)


def both(key: str, values: dict[str, tuple[str, str]] | None = None, **same: object) -> str:
    """Markup of one text in both languages, of which the page shows one.

    `values` differ between the languages, those in `same` do not; all of them are escaped here.
    """
    return pair(*in_both(key, values, **same))


def in_both(key: str, values: dict[str, tuple[str, str]] | None = None, **same: object) -> tuple[str, str]:
    """One text as plain (English, Chinese)."""
    english: dict[str, Any] = {**same, **{name: value[0] for name, value in (values or {}).items()}}
    chinese: dict[str, Any] = {**same, **{name: value[1] for name, value in (values or {}).items()}}
    texts = TEXTS[key]
    return texts[0].format(**english), texts[1].format(**chinese)


def joined(sentences: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """One text of several sentences; Chinese ones stand without a space between them."""
    texts = list(sentences)
    return " ".join(text[0] for text in texts), "".join(text[1] for text in texts)


def pair(english: str, chinese: str) -> str:
    """Markup of a text that is given in both languages."""
    if english == chinese:
        return escape(english)
    return f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(chinese)}</span>'


COLON = pair(": ", "：")
"""Markup of what stands between a name and what is said of it."""


def count_of(thing: str, number: int) -> tuple[str, str]:
    """`number` of "requests", "answers" or "threads" in words: ("1,000 requests", "1,000 个请求")."""
    return in_both(f"{thing}.one" if number == 1 else f"{thing}.many", n=f"{number:,}")


_WIDE = ("target", "command")
"""Terms whose values take a whole line."""


def terms_html(facts: Iterable[tuple[str, str]]) -> str:
    """A list of terms out of (key of the text, markup of the value), without those that have no value."""
    return "".join(
        f"<div{' class=wide' if key in _WIDE else ''}><dt>{both(key)}</dt><dd>{value}</dd></div>"
        for key, value in facts
        if value
    )
