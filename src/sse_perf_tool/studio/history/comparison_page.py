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

from ...report_generator import BRAND, frame
from ...report_parts.page import build_page, read_template
from ...report_parts.wording import pair
from ...texts import printable
from ...units import figure, signed
from ..contract.results import ComparedRow, Comparison, DifferenceShown, Head

_PLACE = re.compile(r"\{(\w+)(?::([^|}]*)\|([^}]*))?\}")
WORDS = Path(__file__).resolve().parent.parent / "pages" / "words.json"


def comparison_table_page(found: Mapping[str, Comparison], heads: Sequence[Head], lang: str) -> bytes:
    """The page; `found` is the comparison as it is said in each language."""
    compared = found[lang]
    parts = {
        **frame(lang, BRAND, _words("nav.compare")),
        "verdict": _verdict(found),
        "facts": "".join(_fact(at, head) for at, head in enumerate(heads)),
        "table": _table(compared) if compared.cells else "",
        "notes": "".join(
            f"<p class=notes>{pair(english, chinese)}</p>"
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
    return pair(*_words(key, **values))


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def _verdict(found: Mapping[str, Comparison]) -> str:
    """For each result but the first: how it compares."""
    if found["en"].nothing_in_common:
        return f'<div class="verdict fair"><h2>{_said("compare.nothing")}</h2></div>'
    blocks = []
    for at, (english, chinese) in enumerate(zip(found["en"].verdicts, found["zh"].verdicts, strict=True), 1):
        badge = f'<span class="badge">{_said("compare.against", other=_letter(at), base="A")}</span>'
        lead = pair(english.lead or "", chinese.lead or "")
        blocks.append(
            f'<div class="verdict {english.grade}"><h2>{badge} '
            f'{pair(english.headline, chinese.headline)}</h2><p class="lead">{lead}</p></div>'
        )
    return f'<div class="verdicts{" several" if len(blocks) > 1 else ""}">{"".join(blocks)}</div>'


def _is_better(row: ComparedRow, difference: DifferenceShown) -> bool:
    return ((difference.shift or 0) > 0) == row.more_is_better


def _fact(at: int, head: Head) -> str:
    about = " · ".join(filter(None, (head.label, head.started_at, head.file)))
    state = _said(f"state.{head.state}") + (f" · {_said(f'trust.{head.trust}')}" if head.trust in _TRUST else "")
    return f"<div class=wide><dt>{_letter(at)}</dt><dd>{escape(printable(about, 400))} · {state}</dd></div>"


_TRUST = ("trusted", "degraded", "invalid")


def _table(compared: Comparison) -> str:
    columns = "".join(f'<th scope="col">{_letter(at)}</th>' for at in range(len(compared.ids)))
    # Only a benchmark has the same figure of several things.
    first = f'<th scope="col" class="text">{_said("compare.cell")}</th>' if compared.kind == "bench" else ""
    head = f'{first}<th scope="col" class="text">{_said("col.figure")}</th>{columns}'
    rows = "".join(_row(row, titled=bool(first)) for row in compared.cells)
    caption = f'<caption id="compare-caption">{_said("compare.note")}</caption>'
    return (
        f'<h2>{_said("compare.table")}</h2><div class="scroll" tabindex="0" role="region" '
        f'aria-labelledby="compare-caption"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: ComparedRow, *, titled: bool) -> str:
    metric, _, statistic = row.figure.partition(" ")
    key = f"figure.{metric}"
    name = f"{_said(key) if key in _texts() else escape(metric)} {escape(statistic)}".rstrip()
    values = zip(row.values, row.differences, strict=True)
    unit = " %" if row.figure == SHARE else ""
    cells = "".join(
        f"<td>{figure(_scaled(row, value))}{unit if value is not None else ''} {_difference(row, each)}</td>"
        for value, each in values
    )
    title = f'<th scope="row" class="text">{escape(printable(row.title, 200))}</th>' if titled else ""
    named = f'<td class="text">{name}</td>' if titled else f'<th scope="row" class="text">{name}</th>'
    return f"<tr>{title}{named}{cells}</tr>"


SHARE = "success_rate"
"""The figure that is a share, and shown in percent."""


def _scaled(row: ComparedRow, value: float | None) -> float | None:
    return value * 100 if value is not None and row.figure == SHARE else value


def _difference(row: ComparedRow, difference: DifferenceShown | None) -> str:
    if difference is None or difference.shift is None:
        return ""
    shift, low, high = (signed(_scaled(row, each)) for each in (difference.shift, difference.low, difference.high))
    if difference.low is None or difference.high is None:
        return f"<small>{_said('compare.few', shift=shift)}</small>"
    interval = f"{shift} ({low} … {high})"
    if not difference.shown:
        same = difference.low <= 0 <= difference.high
        return f"<small>= {interval}</small>" if same else f"<small>{interval} {_said('compare.survivors')}</small>"
    better = _is_better(row, difference)
    word = _said("compare.better" if better else "compare.worse")
    return f"<small>{'▲' if better else '▼'} {interval}{word}</small>"
