"""The pages that are made from the code are of today."""

from __future__ import annotations

import pytest

from docs_reference import pages
from markdown_pages import DOCS
from sse_perf_tool.flags import EVERY_FLAG
from sse_perf_tool.formats import FORMATS

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_gives(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "run: .venv/bin/python tools/docs_reference.py"


@pytest.mark.parametrize("name", ["flags.md", "flags_zh.md"])
def test_every_flag_has_a_row(name: str) -> None:
    missing = [each for flag in EVERY_FLAG for each in flag.names if f"`{each}`" not in PAGES[name]]
    assert missing == []


@pytest.mark.parametrize("name", ["formats.md", "formats_zh.md"])
def test_every_format_has_a_row(name: str) -> None:
    assert [each for each in FORMATS if f"| `{each}` |" not in PAGES[name]] == []
