"""The page of a benchmark: what stands on it without a script, and that foreign text stays text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench_documents import sample_document
from report_runs import ATTACK
from sse_perf_tool.bench.page import PAGE_TEXTS, page_data, write_page
from sse_perf_tool.bench.results import Document
from sse_perf_tool.bench.wording import TEXTS


def written(document: Document, tmp_path: Path, **options: str) -> str:
    path = tmp_path / "page.html"
    write_page(document, path, **options)
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text(encoding="utf-8")


def without_scripts(source: str) -> str:
    return re.sub(r"<script.*?</script>", "", source, flags=re.DOTALL)


def test_the_page_says_who_is_fastest_and_what_was_left_out_without_any_script(tmp_path: Path) -> None:
    source = without_scripts(written(sample_document(), tmp_path))
    for words in (
        "Lowest TTFT: One / M",
        "TTFT 最低：One / M",
        "Lowest TTFT with 1000 tokens of context: One / M",
        "Differences from One / M",
        "95 % interval",
        "no whole answer: http_error: busy",
        "too large",
        "all targets in random turns (seed 1)",
    ):
        assert words in source
    assert source.count("<details ") == 4


def test_the_table_has_a_row_a_cell_with_figures(tmp_path: Path) -> None:
    source = without_scripts(written(sample_document(), tmp_path))
    table = re.search(r'<table class="sortable" id="bench-table".*?</table>', source, re.DOTALL)
    assert table is not None
    assert table[0].count("<tr>") == 5
    assert "8/8" in table[0]


def test_without_pairs_the_page_has_no_differences(tmp_path: Path) -> None:
    assert 'id="differences"' not in written(sample_document("lanes"), tmp_path)


def test_the_script_gets_the_requests_of_each_cell_and_a_line_for_each_model() -> None:
    data = page_data(sample_document())
    assert [cell["name"] for cell in data["cells"]] == ["One / M", "Two / M", "One / M @ 1000", "Two / M @ 1000"]
    assert all(len(cell["runs"]["ttft_ms"]) == 8 for cell in data["cells"])
    assert data["tiers"] == [0, 1000]
    assert [(line["name"], [point["tier"] for point in line["points"]]) for line in data["lines"]] == [
        ("One / M", [0, 1000]),
        ("Two / M", [0, 1000]),
    ]


def test_a_model_has_the_same_colour_whatever_the_order_of_the_table() -> None:
    assert page_data(sample_document())["models"] == page_data(sample_document("lanes"))["models"]


def test_foreign_text_never_becomes_markup(tmp_path: Path) -> None:
    source = written(sample_document(prompt=ATTACK, one=ATTACK), tmp_path, brand=ATTACK, title=ATTACK)
    assert "<img" not in without_scripts(source)
    assert "onerror=" not in re.sub(r"&quot;|&#x27;", "", "".join(re.findall(r"<[a-z][^>]*>", without_scripts(source))))


@pytest.mark.parametrize(
    ("started_at", "shown"),
    [
        (
            "2026-01-31T08:00:00.250Z",
            '<time datetime="2026-01-31T08:00:00.250000+00:00">2026-01-31 08:00:00 UTC</time>',
        ),
        ("2026-02-10T18:04:05", "2026-02-10T18:04:05"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_its_moment_is_written_as_in_every_report(started_at: str, shown: str, tmp_path: Path) -> None:
    write_page({**sample_document(), "started_at": started_at}, tmp_path / "p.html")
    assert f'<span class="when">{shown}</span>' in (tmp_path / "p.html").read_text(encoding="utf-8")


def test_the_page_opens_in_the_language_asked_for(tmp_path: Path) -> None:
    assert '<html lang="zh-CN" data-ui="zh">' in written(sample_document(), tmp_path, lang="zh")


def test_every_text_has_both_languages_and_the_same_values() -> None:
    for english, chinese in (*TEXTS.values(), *PAGE_TEXTS.values()):
        assert sorted(re.findall(r"\{(\w+)", english)) == sorted(re.findall(r"\{(\w+)", chinese))
