"""A benchmark as text for programs and for publishing: CSV, Markdown and JUnit.  Functions of its document."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping

from ..texts import speaker
from ..units import reading
from .results import METRICS, Document, json_text, name_of
from .wording import (
    SHOWN,
    TEXTS,
    difference_text,
    fastest_lines,
    left_out,
    ranked,
    remark_lines,
    spread,
    title_of,
    worth_showing,
)

_CSV_FIELDS = (
    "provider_key",
    "provider",
    "model_id",
    "model",
    "context_tokens",
    "format",
    "timed_by",
    "state",
    "skipped",
)
_CSV_STATS = ("p50", "mean", "min", "max", "p95")


def to_csv(document: Document, _lang: str) -> str:
    """A row a cell; names of columns are those of the document, `ttft_ms.p50`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    columns = [f"{name}.{stat}" for name in METRICS for stat in _CSV_STATS]
    rows.writerow([*_CSV_FIELDS, "sent", "ok", "failed", "output_tokens", "token_source", "trust", *columns])
    for cell in document["cells"]:
        figures = [(cell["metrics"].get(name) or {}).get(stat) for name in METRICS for stat in _CSV_STATS]
        counts = [cell["requests"][name] for name in ("sent", "ok", "failed")]
        tokens = [cell["tokens"]["output_median"], cell["tokens"]["source"], (cell["trust"] or {}).get("verdict")]
        rows.writerow([_plain(value) for value in [*(cell[name] for name in _CSV_FIELDS), *counts, *tokens, *figures]])
    return text.getvalue()


def _plain(value: object) -> object:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def to_markdown(document: Document, lang: str) -> str:
    """A table to publish, with date and method."""
    say = speaker(TEXTS, lang)
    heads = ["provider", "model", "context", *SHOWN, "output_tokens", "ok", "trust"]
    lines = [f"## {say('title')} {document['started_at'][:10]}", ""]
    lines += _table([say(head) for head in heads], (_row(cell, say) for cell in ranked(document["cells"])))
    lines += ["", f"{say('notes', figures=say('median_range'), cold=say('cold_note'))}.", ""]
    lines += [f"- {_cell_text(line)}" for line in (*fastest_lines(document, say), *remark_lines(document, say))]
    lines += [f"- {_cell_text(name)}: {_cell_text(why)}" for name, why in left_out(document["cells"], say)]
    titles = {tuple(name_of(cell)): title_of(cell) for cell in document["cells"]}
    for row in worth_showing(document) if document["settings"]["order"] == "interleaved" else ():
        first, other = titles[tuple(row["reference"])], titles[tuple(row["other"])]
        lines.append(f"- {_cell_text(f'{other} − {first}')}, {say(row['figure'])}: {difference_text(row, say)}")
    settings = document["settings"]
    order = say(f"order_{settings['order']}", seed=settings["seed"])
    lines += ["", f"`{document['command']}` · {document['version']} · {document['host_info']} · {order}", ""]
    return "\n".join(lines)


def _row(cell: Document, say: Callable[..., str]) -> list[str]:
    source = cell["tokens"]["source"]
    counted = reading(cell["tokens"]["output_median"])
    verdict = (cell["trust"] or {}).get("verdict")
    return [
        cell["provider"],
        cell["model"],
        str(cell["context_tokens"]),
        *(spread(cell["metrics"], name) for name in SHOWN),
        f"{counted} ({say(source)})" if source else counted,
        f"{cell['requests']['ok']}/{cell['requests']['sent']}",
        say(verdict) if verdict in TEXTS else "–",
    ]


def _table(heads: list[str], rows: Iterable[list[str]]) -> list[str]:
    joined = ["| " + " | ".join(map(_cell_text, row)) + " |" for row in (heads, *rows)]
    return [joined[0], "|" + "---|" * len(heads), *joined[1:]]


def _cell_text(text: str) -> str:
    """Text that is no markup and ends no cell."""
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())


def to_junit(document: Document, _lang: str) -> str:
    """A case for each threshold of each cell, and one for each cell that it has no figures."""
    suite = ET.Element("testsuite", name="sse-perf bench")
    cases = 0
    for row in document.get("thresholds", ()):
        cases += 1
        case = ET.SubElement(suite, "testcase", classname=" / ".join(map(str, row["cell"])), name=row["rule"])
        if not row["ok"]:
            ET.SubElement(case, "failure", message=f"{row['value']} {row['note']}".strip())
    for name, why in left_out(document["cells"], speaker(TEXTS, "en")):
        cases += 1
        case = ET.SubElement(suite, "testcase", classname=name, name="measured")
        ET.SubElement(case, "skipped", message=why)
    suite.set("tests", str(cases))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


TABLES: Mapping[str, Callable[[Document, str], str]] = {
    "json": lambda document, _lang: json_text(document),
    "csv": to_csv,
    "markdown": to_markdown,
    "junit": to_junit,
}
"""Name of the flag -> (document, language) -> text."""
