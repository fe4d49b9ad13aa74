"""The offline page of a comparison of benchmarks or searches: what the studio shows, as one file for others.

Runs have a page of the command line, which reads their records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

from ...bench.wording import number
from ...report_generator import BRAND, frame
from ...report_parts.page import build_page, read_template
from ...report_parts.wording import pair
from ...texts import printable
from ..contract.results import ComparedRow, Comparison, DifferenceShown, Head

_PLACE = re.compile(r"\{(\w+)(?::([^|}]*)\|([^}]*))?\}")
WORDS = Path(__file__).resolve().parent.parent / "pages" / "words.json"


def comparison_table_page(found: Mapping[str, Comparison], heads: Sequence[Head], lang: str) -> bytes:
    """The page; `found` is the comparison as it is said in each language."""
    compared = found[lang]
    parts = {
        **frame(lang, BRAND, _words("nav.compare")),
        "verdict": _verdict(compared),
        "facts": "".join(_fact(at, head) for at, head in enumerate(heads)),
        "table": _table(compared) if compared.cells else "",
        "notes": "".join(
            f"<p class=notes>{pair(escape(english), escape(chinese))}</p>"
            for english, chinese in zip(found["en"].notes, found["zh"].notes, strict=True)
        ),
    }
    data = {"lang": lang}
    page, _offline = build_page(read_template("compare_table.html"), parts, data, ["common.js", "compare_table.js"])
    return page


@cache
def _texts() -> dict[str, tuple[str, str]]:
    return {key: (english, chinese) for key, (english, chinese) in json.loads(WORDS.read_bytes()).items()}


def _words(key: str, **values: object) -> tuple[str, str]:
    """A text of the page in both languages."""
    english, chinese = (_PLACE.sub(lambda place: _filled(place, values), text) for text in _texts()[key])
    return english, chinese


def _filled(place: re.Match[str], values: Mapping[str, object]) -> str:
    """What stands in a place of a text: `{name}` is a value, `{name:one|more}` the word that goes with its number."""
    value = values[place[1]]
    if place[2] is None:
        return str(value)
    return place[2] if value == 1 else place[3]


def _said(key: str, **values: object) -> str:
    return pair(*map(escape, _words(key, **values)))


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def _verdict(compared: Comparison) -> str:
    """For each result but the first: of how many figures a difference is shown, and which way."""
    if compared.nothing_in_common:
        return f'<div class="verdict fair"><h2>{_said("compare.nothing")}</h2></div>'
    lines = []
    for at in range(1, len(compared.ids)):
        shown = [(row, each) for row in compared.cells if (each := row.differences[at]) is not None and each.shown]
        better = sum(_is_better(row, each) for row, each in shown)
        counts = {"better": better, "worse": len(shown) - better, "all": len(compared.cells)}
        told = _said("compare.counts", **counts) if shown else _said("compare.no_difference")
        lines.append(f"<p class=lead><b>{_said('compare.against', other=_letter(at), base='A')}</b>: {told}</p>")
    return f'<div class="verdict">{"".join(lines)}</div>'


def _is_better(row: ComparedRow, difference: DifferenceShown) -> bool:
    return ((difference.shift or 0) > 0) == row.more_is_better


def _fact(at: int, head: Head) -> str:
    about = " · ".join(filter(None, (head.label, head.started_at, head.file)))
    state = _said(f"state.{head.state}") + (f" · {_said(f'trust.{head.trust}')}" if head.trust in _TRUST else "")
    return f"<div class=wide><dt>{_letter(at)}</dt><dd>{escape(printable(about, 400))} · {state}</dd></div>"


_TRUST = ("trusted", "degraded", "invalid")


def _table(compared: Comparison) -> str:
    columns = "".join(f'<th scope="col">{_letter(at)}</th>' for at in range(len(compared.ids)))
    first = f'<th scope="col" class="text">{_said("compare.cell")}</th>'
    head = f'{first}<th scope="col" class="text">{_said("col.figure")}</th>{columns}'
    rows = "".join(map(_row, compared.cells))
    caption = f'<caption id="compare-caption">{_said("compare.note")}</caption>'
    return (
        f'<h2>{_said("compare.table")}</h2><div class="scroll" tabindex="0" role="region" '
        f'aria-labelledby="compare-caption"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: ComparedRow) -> str:
    key = f"figure.{row.figure}"
    figure = _said(key) if key in _texts() else escape(row.figure)
    values = zip(row.values, row.differences, strict=True)
    cells = "".join(f"<td>{number(value)} {_difference(row, each)}</td>" for value, each in values)
    title = escape(printable(row.title, 200))
    return f'<tr><th scope="row" class="text">{title}</th><td class="text">{figure}</td>{cells}</tr>'


def _difference(row: ComparedRow, difference: DifferenceShown | None) -> str:
    if difference is None or difference.shift is None:
        return ""
    shift = _signed(difference.shift)
    if difference.low is None or difference.high is None:
        return f"<small>{_said('compare.few', shift=shift)}</small>"
    interval = f"{shift} ({_signed(difference.low)} … {_signed(difference.high)})"
    if not difference.shown:
        return f"<small>= {interval}</small>"
    better = _is_better(row, difference)
    word = _said("compare.better" if better else "compare.worse")
    return f"<small>{'▲' if better else '▼'} {interval}{word}</small>"


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value)
