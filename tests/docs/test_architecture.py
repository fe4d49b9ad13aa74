"""docs/architecture.md names files that exist and every room, and the arrows of its picture are imports."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "sse_perf_tool"
NOT_ROOMS = {"assets", "templates", "__pycache__", "__init__.py", "__init__.pyi", "py.typed"}
ROOMS = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.name not in NOT_ROOMS}
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "docs" / "architecture_zh.md").read_text(encoding="utf-8")
PICTURE, CHINESE_PICTURE = (re.search(r"^```mermaid\n(.*?)^```$", text, re.M | re.S) for text in (TEXT, CHINESE))
PATHS = sorted(set(re.findall(r"`([\w./-]+(?:\.(?:py|pyi|js|html|jsonl|toml)|/))`", TEXT)))


def imports_of(room: str) -> set[str]:
    """The rooms that the modules of a room import from, anywhere in them."""
    paths = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else sorted((PACKAGE / room).rglob("*.py"))
    found: set[str] = set()
    for path in paths:
        depth = len(path.relative_to(PACKAGE).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == depth:
                found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return found & ROOMS


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_is_named_exists(path: str) -> None:
    assert any((folder / path).exists() for folder in (PACKAGE, ROOT))


def test_many_files_are_named() -> None:
    assert len(PATHS) > 60


def test_every_room_stands_in_the_table_and_in_the_picture() -> None:
    assert PICTURE is not None
    assert set(re.findall(r"\w+", PICTURE[1])) >= ROOMS
    table = TEXT[TEXT.index("| floor |") : TEXT.index("`chat_server/` stands beside")]
    assert {name.strip("`/").removesuffix(".py") for name in re.findall(r"`[\w./]+`", table)} >= ROOMS - {"chat_server"}


def test_an_arrow_between_two_rooms_is_an_import() -> None:
    assert PICTURE is not None
    bare = re.sub(r"\[[^\]]*\]", "", PICTURE[1])
    chains = [re.split(r"\s*-->\s*", line.strip()) for line in bare.splitlines() if "-->" in line]
    arrows = {(one, two) for chain in chains for one, two in pairwise(chain) if {one, two} <= ROOMS}
    assert len(arrows) > 15
    assert [arrow for arrow in sorted(arrows) if arrow[1] not in imports_of(arrow[0])] == []


def test_the_chinese_picture_has_the_same_rooms_and_arrows() -> None:
    assert PICTURE is not None
    assert CHINESE_PICTURE is not None
    english, chinese = (re.sub(r"\[[^\]]*\]", "", picture[1]) for picture in (PICTURE, CHINESE_PICTURE))
    assert english == chinese
