"""What the console of a benchmark writes, on terminals that lack some marks too."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from bench_documents import sample_document
from sse_perf_tool.bench.console import BenchConsole
from sse_perf_tool.bench.results import name_of
from sse_perf_tool.texts import display_width


def shown(document: dict[str, Any], encoding: str, lang: str = "en") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding, errors="replace")
    BenchConsole(stream, lang, color=False, terminal=False).result(document)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def with_goal(rule: str, value: float | None, *, ok: bool, note: str = "") -> dict[str, Any]:
    document = sample_document()
    row = {"cell": name_of(document["cells"][0]), "rule": rule, "value": value, "ok": ok, "note": note}
    return {**document, "thresholds": [row]}


@pytest.mark.parametrize(("encoding", "mark", "dash"), [("utf-8", "✓", "–"), ("gbk", "+", "–"), ("ascii", "+", "-")])
def test_a_mark_that_the_terminal_lacks_is_written_in_another(encoding: str, mark: str, dash: str) -> None:
    text = shown(with_goal("ttft_ms:p(95)<500", 80.53, ok=True), encoding)
    assert "?" not in text
    assert f"  {mark} ttft_ms:p(95)<500  80.5 ms" in text
    assert f"(48.4{dash}52.2)" in text


@pytest.mark.parametrize(
    ("rule", "value", "words"),
    [
        ("tokens_per_s:avg>40", 1234.6, "1,235 tokens/s"),
        ("errors:rate<1%", 0.25, "25.0 %"),
        ("ttft_ms:p(99)<500", None, "n/a"),
    ],
)
def test_a_goal_has_its_unit(rule: str, value: float | None, words: str) -> None:
    assert f"✗ {rule}  {words}" in shown(with_goal(rule, value, ok=False), "utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("width", "figures"), [(60, "50.5"), (80, "50.5"), (120, "50.5 (48.4–52.2)")])
def test_a_narrow_terminal_loses_ranges_and_columns_and_tears_no_figure(lang: str, width: int, figures: str) -> None:
    stream = io.StringIO()
    console = BenchConsole(stream, lang, color=False, terminal=True)
    console.terminal.width = width
    console.result(sample_document())
    table = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue()).splitlines()[:5]
    assert all(display_width(line) <= width for line in table)
    first = table[1].split()
    assert first[:2] == ["One", "M"]
    assert f" {figures} " in table[1]
    assert [line.split()[0] for line in table[1:]] == ["One", "Two", "One", "Two"], "a line each"
