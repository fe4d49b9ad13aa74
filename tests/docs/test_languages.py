"""Every page stands in English and in Chinese, and both have the same headings, tables, code and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from markdown_pages import (
    DOCS,
    FENCED,
    LINK,
    ROOT,
    chinese_of,
    english_of,
    headings_of,
    links_of,
    prose_of,
    shell_lines_of,
)

FOLDERS = (DOCS, ROOT / "examples")
CHINESE = sorted(page for folder in FOLDERS for page in folder.rglob("*_zh.md"))
ENGLISH = sorted({page for folder in FOLDERS for page in folder.rglob("*.md")} - set(CHINESE))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def columns_of(text: str) -> list[int]:
    """The cells of each row of each table, in order."""
    return [line.count("|") for line in prose_of(text).splitlines() if line.startswith("|")]


def test_every_page_is_in_both_languages() -> None:
    assert {english_of(page) for page in CHINESE} <= set(ENGLISH), "a Chinese page without its English one"
    assert [page.name for page in ENGLISH if chinese_of(page) not in CHINESE] == []


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_the_two_languages_of_a_page_have_the_same_shape(page: Path) -> None:
    english, chinese = read(english_of(page)), read(page)
    shapes = [[heading.split(" ")[0] for heading in headings_of(text)] for text in (english, chinese)]
    assert shapes[0] == shapes[1]
    assert shapes[0]
    assert columns_of(english) == columns_of(chinese)
    blocks = [[language for language, _ in FENCED.findall(text)] for text in (english, chinese)]
    assert blocks[0] == blocks[1]
    assert shell_lines_of(english) == shell_lines_of(chinese)
    code = [set(re.findall(r"`([^`\n]+)`", prose_of(text))) for text in (english, chinese)]
    assert code[0] == code[1], "names of settings are the same in any language"
    assert links_of(english_of(page)) == links_of(page)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_each_language_leads_to_the_other_below_the_title_and_stays_in_itself(page: Path) -> None:
    english = english_of(page)
    for one, other, word in ((english, page, "中文"), (page, english, "English")):
        first, rest = read(one).split("\n", 3)[2:]
        assert first == f"[{word}]({other.name})"
        paths = (link.partition("#")[0] for link in LINK.findall(prose_of(rest)) if "://" not in link)
        targets = [(one.parent / path).resolve() for path in paths if path.endswith(".md")]
        assert [path.name for path in targets if one == english and path in CHINESE] == []
        assert [path.name for path in targets if one == page and chinese_of(path) in CHINESE] == []
