"""The page of a benchmark: one offline HTML file, a function of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from ..records.host import host_of
from ..report_generator import BRAND, frame, written_page
from ..report_parts.page import bar_html, code, command_html, host_text, moment
from ..report_parts.server import figures_words
from ..report_parts.verdict import measured
from ..report_parts.wording import COLON, count_of, in_both, pair, terms_html
from ..texts import Texts, printable, speaker
from ..units import NS_PER_S, figure, reading
from .results import Document, name_of, tiers, values
from .wording import (
    SHOWN,
    TEXTS,
    center,
    difference_text,
    fastest_lines,
    left_out,
    ranked,
    remark_lines,
    title_of,
)

PAGE_TEXTS: Texts = {
    "bench.title": ("Benchmark", "基准测试"),
    "bench.chart_ttft_ms": ("Time to first token", "首 token 时间"),
    "bench.chart_tokens_per_s": ("Throughput of one answer", "单个回答吞吐"),
    "bench.tiers_ttft_ms": ("Time to first token by context", "首 token 时间与上下文长度"),
    "bench.tiers_tokens_per_s": ("Throughput by context", "吞吐与上下文长度"),
    "bench.tokens_of_context": ("tokens of context", "上下文 token 数"),
    "bench.scatter": ("First token against speed", "首 token 时间与速度"),
    "bench.ttft_axis": ("TTFT, ms", "TTFT，ms"),
    "bench.run_number": ("request", "请求序号"),
    "bench.median": ("median", "中位数"),
    "bench.runs": ("requests", "请求"),
    "bench.interval": ("95 % interval of the median", "中位数的 95 % 区间"),
    "bench.note_targets": (
        "Bars are medians, dots the requests; a red line is the 95 % interval of the median, where there are enough.",
        "柱为中位数，点为各请求；红线为中位数的 95 % 区间（请求足够时）。",
    ),
    "bench.note_scatter": ("Better is to the left and up.", "越靠左上越好。"),
    "bench.load": ("{threads} with {requests} each", "{threads}，各 {requests}"),
    "bench.overview": ("Overview", "概览"),
    "bench.differences": ("Differences", "差异"),
    "bench.setup": ("Settings of the benchmark", "基准测试设置"),
    "bench.cells": ("Each target", "各目标"),
    "bench.method": ("Method", "方法"),
}

_HEADS = ("provider", "model", "context", *SHOWN, "output_tokens", "counted_by", "cold_ms", "ok", "trust")

_TEXT_COLUMNS = dict.fromkeys(("provider", "model", "counted_by", "trust"), ' class="text"')


def write_page(
    document: Document, path: str | Path, *, brand: str = BRAND, title: str | None = None, lang: str = "en"
) -> list[str]:
    """Writes the page to `path`; OSError when it cannot be written.  Returns notes for the console, as the report."""
    named = PAGE_TEXTS["bench.title"] if title is None else (title, title)
    differing = _differences(document)
    places = [(name, pair(*PAGE_TEXTS[f"bench.{name}"])) for name in ("overview", "differences", "cells", "setup")]
    parts = {
        **frame(lang, brand, named),
        "bar": bar_html([place for place in places if place[0] != "differences" or differing]),
        "when": _moment(document["started_at"]),
        "verdict": _verdict(document),
        "facts": _facts(document),
        "setup": pair(*PAGE_TEXTS["bench.setup"]),
        "table": _table(document),
        "goals": _goals(document),
        "differences": differing,
        "left_out": _left_out(document),
        "cells": _cells(document),
    }
    data = {"lang": lang, **page_data(document)}
    return written_page(path, "bench.html", parts, data, ["common.js", "charts.js", "bench.js"], PAGE_TEXTS)


def page_data(document: Document) -> dict[str, Any]:
    """What the script draws: the cells with figures, in the order of the table, and their lines over context tiers."""
    cells = ranked(document["cells"])
    shown = [_drawn(cell) for cell in cells]
    return {
        "cells": shown,
        "models": sorted({_model(cell) for cell in document["cells"]}),
        "tiers": [tier for tier, _ in tiers(document["cells"])],
        "lines": list(_lines(cells)),
    }


def _model(cell: Document) -> str:
    """What has a colour of its own, on every page the same for the same config."""
    return f"{cell['provider_key']}/{cell['model_id']}"


def _drawn(cell: Document) -> dict[str, Any]:
    figures = ("ttft_ms", "tokens_per_s")
    return {
        "name": title_of(cell),
        "short": [printable(cell["provider"], 20), printable(cell["model"], 20), *_tier_name(cell)],
        "model": _model(cell),
        "intervals": cell.get("intervals", {}),
        "runs": {figure: list(values(cell, figure).values()) for figure in figures},
        **{figure: center(cell["metrics"], figure) for figure in figures},
    }


def _tier_name(cell: Document) -> list[str]:
    return [f"@ {cell['context_tokens']}"] if cell["context_tokens"] else []


def _lines(cells: list[Document]) -> Iterator[dict[str, Any]]:
    for model in dict.fromkeys(map(_model, cells)):
        own = [cell for cell in cells if _model(cell) == model]
        points = [
            {
                "tier": cell["context_tokens"],
                **{figure: center(cell["metrics"], figure) for figure in ("ttft_ms", "tokens_per_s")},
            }
            for cell in own
        ]
        yield {"name": title_of(own[0], tier=False), "model": model, "points": points}


def _both(key: str, **values: object) -> str:
    """Markup of a text of the benchmark in both languages."""
    return pair(*(speaker(TEXTS, lang)(key, **values) for lang in ("en", "zh")))


def _pairs(document: Document, lines: Any) -> list[str]:
    """Markup of lines that `lines(document, say)` gives, in both languages."""
    english, chinese = (list(lines(document, speaker(TEXTS, lang))) for lang in ("en", "zh"))
    return [pair(*each) for each in zip(english, chinese, strict=True)]


def _verdict(document: Document) -> str:
    """Who is fastest, and what to keep in mind."""
    lines, remarks = _pairs(document, fastest_lines), _pairs(document, remark_lines)
    grade = "good" if any(row["cell"] for row in document["fastest"]) else "fair"
    headline = lines[0] if lines else pair(*PAGE_TEXTS["bench.title"])
    rest = "".join(f"<p class=lead>{line}</p>" for line in lines[1:])
    listed = "".join(f"<li>{remark}</li>" for remark in remarks)
    minded = f"<h3>{_both('remarks')}</h3><ul>{listed}</ul>" if listed else ""
    return f'<div class="verdict {grade}"><h2>{headline}</h2><div>{rest}{minded}</div></div>'


def _moment(text: str) -> str:
    """Markup of a time of the document; as it stands there where it says no time zone, as files of others."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return escape(text)
    return moment(round(at.timestamp() * NS_PER_S)) if at.tzinfo else escape(text)


def _facts(document: Document) -> str:
    settings = document["settings"]
    order = _both(f"order_{settings['order']}", seed=settings["seed"])
    facts = [
        ("started", _moment(document["started_at"])),
        ("load", f"{order} · {_requests_of_each(settings)}"),
        ("version", code(document["version"])),
        ("host", pair(*host_text(host_of(document), document["host_info"]))),
        ("command", command_html(document["command"])),
    ]
    prompt = document["prompt"]
    asked = f"<div class=wide><dt>{_both('prompt')}</dt><dd>{code(prompt, 500)}</dd></div>" if prompt else ""
    return terms_html(facts) + asked


def _requests_of_each(settings: Document) -> str:
    """How many measured requests each target gets: "2 threads with 8 requests each"."""
    threads, requests = count_of("threads", settings["threads"]), count_of("requests", settings["runs"])
    english, chinese = PAGE_TEXTS["bench.load"]
    return pair(
        english.format(threads=threads[0], requests=requests[0]),
        chinese.format(threads=threads[1], requests=requests[1]),
    )


def _table(document: Document) -> str:
    heads = "".join(f'<th scope="col"{_TEXT_COLUMNS.get(head, "")}>{_both(head)}</th>' for head in _HEADS)
    rows = "".join(map(_row, ranked(document["cells"])))
    return (
        f'<h2 id="bench-caption">{_both("title")}</h2>'
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="bench-caption">'
        f'<table class="sortable" id="bench-table" aria-labelledby="bench-caption"><thead><tr>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="notes">{_both("median_range")}; {_both("cold_note")}</p>'
    )


def _plain_table(rows: Iterable[Iterable[str]], heads: Sequence[str] = ()) -> str:
    """A table of markup; the first cell of a row is its head."""
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    lines = []
    for first, *others in rows:
        cells = "".join(f'<td class="text">{each}</td>' for each in others)
        lines.append(f'<tr><th scope="row" class="text">{first}</th>{cells}</tr>')
    body = f"<tbody>{''.join(lines)}</tbody>"
    thead = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<div class="scroll" tabindex="0"><table>{thead}{body}</table></div>' if lines else ""


def _row(cell: Document) -> str:
    tokens, cold = cell["tokens"], (cell["cold"] or {}).get("ttft_ms")
    ok, sent, verdict = cell["requests"]["ok"], cell["requests"]["sent"], (cell["trust"] or {}).get("verdict")
    cells = [
        f'<th scope="row" class="text">{escape(printable(cell["provider"], 60))}</th>',
        f'<td class="text">{escape(printable(cell["model"], 80))}</td>',
        _figure_cell(cell["context_tokens"], f"{cell['context_tokens']:,}"),
        *(_spread_cell(cell["metrics"], name) for name in SHOWN),
        _figure_cell(tokens["output_median"], reading(tokens["output_median"])),
        f'<td class="text">{_both(tokens["source"]) if tokens["source"] else ""}</td>',
        _figure_cell(cold, figure(cold)),
        _figure_cell(ok / sent if sent else None, f"{ok:,}/{sent:,}"),
        f'<td class="text">{_both(str(verdict)) if verdict in TEXTS else "–"}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _figure_cell(value: float | None, shown: str) -> str:
    return f'<td data-v="{"" if value is None else value}">{escape(shown)}</td>'


def _spread_cell(metrics: Mapping[str, Any], name: str) -> str:
    stats, middle = metrics.get(name) or {}, center(metrics, name)
    low, high = stats.get("min"), stats.get("max")
    spread = "" if low is None or high is None else f"<small>{figure(low)} – {figure(high)}</small>"
    return f'<td data-v="{"" if middle is None else middle}">{figure(middle)} {spread}</td>'


def _goals(document: Document) -> str:
    titles = {tuple(name_of(cell)): title_of(cell) for cell in document["cells"]}
    rows = [
        (
            escape(row["rule"]),
            escape(titles[tuple(row["cell"])]),
            pair(*measured(row["rule"], row["value"])),
            ("✓ " if row["ok"] else "✗ ") + escape(row["note"]),
        )
        for row in document.get("thresholds", ())
    ]
    if not rows:
        return ""
    return f'<section class="card" id="goals"><h2>{_both("goals")}</h2>{_plain_table(rows)}</section>'


def _differences(document: Document) -> str:
    """Every target against the first, where their requests alternated."""
    if document["settings"]["order"] != "interleaved":
        return ""
    titles = {tuple(name_of(cell)): title_of(cell) for cell in document["cells"]}
    parts = []
    for reference in dict.fromkeys(tuple(row["reference"]) for row in document["comparisons"]):
        rows = (row for row in document["comparisons"] if tuple(row["reference"]) == reference)
        lines = [(escape(titles[tuple(row["other"])]), _both(row["figure"]), _difference(row)) for row in rows]
        parts.append(f"<h2>{_both('differences', cell=titles[reference])}</h2>{_plain_table(lines)}")
    return f'<section class="card" id="differences">{"".join(parts)}</section>' if parts else ""


def _difference(row: Document) -> str:
    return pair(*(difference_text(row, speaker(TEXTS, lang)) for lang in ("en", "zh")))


def _left_out(document: Document) -> str:
    rows = [list(left_out(document["cells"], speaker(TEXTS, lang))) for lang in ("en", "zh")]
    if not rows[0]:
        return ""
    listed = "".join(
        f"<li><b>{escape(name)}</b>{COLON}{pair(why, other)}</li>"
        for (name, why), (_, other) in zip(*rows, strict=True)
    )
    return f'<section class="card" id="skipped"><h2>{_both("skipped")}</h2><ul>{listed}</ul></section>'


def _cells(document: Document) -> str:
    """A part for each target that can be opened: how it was asked, and each of its requests."""
    parts = "".join(
        f'<details class="card" data-cell="{at}"><summary>{escape(title_of(cell))}</summary>{_requests(cell)}</details>'
        for at, cell in enumerate(ranked(document["cells"]))
    )
    return f"<h2>{pair(*PAGE_TEXTS['bench.cells'])}</h2>{parts}" if parts else ""


def _requests(cell: Document) -> str:
    asked = f"<p>{code(cell['url'])} · {escape(cell['format'])}</p>" if cell["url"] else ""
    notes = "".join(f"<p class=notes>{escape(printable(note, 300))}</p>" for note in cell["notes"])
    if told := cell.get("server"):
        notes += f"<p class=notes>{pair(*in_both('server.column'))}{COLON}{pair(*figures_words(told))}</p>"
    heads = ["#", *map(_both, SHOWN), _both("output_tokens"), ""]
    rows = [
        (
            str(run["number"]),
            *(figure(run[name]) for name in SHOWN),
            reading(run["output_tokens"]),
            escape(printable(f"{run['outcome']} {run['error'] or ''}", 300)),
        )
        for run in cell["runs"]
    ]
    return asked + notes + _plain_table(rows, heads)
