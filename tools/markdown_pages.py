"""Markdown pages taken apart: headings with their anchors, tables, code blocks, links, and commands as words."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    """A file of the repository by its path within it."""
    return (ROOT / name).read_text(encoding="utf-8")


def prose_of(text: str) -> str:
    """The text without its fenced code."""
    return FENCED.sub("", text)


def headings_of(text: str) -> list[str]:
    return re.findall(r"^(#+ .+)$", prose_of(text), re.MULTILINE)


def anchors_of(text: str) -> list[str]:
    """The anchors of the headings in their order, as GitHub makes them."""
    titles = (heading.lstrip("#").strip().lower() for heading in headings_of(text))
    return [re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles]


def shell_lines_of(text: str) -> list[list[str]]:
    """The commands in the `sh` blocks, as words, without comments."""
    blocks = (block.replace("\\\n", " ") for language, block in FENCED.findall(text) if language == "sh")
    lines = (shlex.split(line, comments=True) for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def chinese_of(page: Path) -> Path:
    """Where the Chinese of an English page stands."""
    return page.with_name(f"{page.stem}_zh{page.suffix}")


def in_chinese(page: Path, anchor: str = "") -> tuple[Path, str]:
    """The Chinese of a page and of the anchor of a heading in it; the English ones where nobody has translated it."""
    chinese = chinese_of(page)
    if page.stem.endswith("_zh") or not chinese.exists():
        return page, anchor
    headings = [anchors_of(each.read_text(encoding="utf-8")) for each in (page, chinese)]
    return chinese, headings[1][headings[0].index(anchor)] if anchor else ""


def english_of(page: Path) -> Path:
    """The English page of either."""
    return page.with_name(page.name.replace("_zh.md", ".md"))


def links_of(page: Path) -> list[str]:
    """Where the links lead, in any order: the English file, or its address, and the number of the heading in it."""
    found = []
    for link in LINK.findall(prose_of(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if "://" in link:
            found.append(link)
            continue
        target = (page.parent / path).resolve() if path else page
        heading = f"#{anchors_of(target.read_text(encoding='utf-8')).index(anchor)}" if anchor else ""
        found.append(f"{english_of(target)}{heading}")
    return sorted(found)
