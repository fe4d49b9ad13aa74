"""Figures and units: one format, and one spelling in every output and language."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sse_perf_tool.units import CHUNKS_PER_S, REQUESTS_PER_S, TOKENS_PER_S, figure, reading, signed, telling_digits

SOURCE = Path(__file__).resolve().parents[1] / "src" / "sse_perf_tool"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (None, 3, "n/a"), (0, 3, "0"), (0.01234, 3, "0.012"), (1.234, 3, "1.23"), (12.34, 3, "12.3"), (448.4, 3, "448"),
        (2100, 3, "2,100"), (-12.345, 3, "-12.3"), (405.123456, 6, "405.123"), (1234567.8, 6, "1,234,568"), (7, 0, "7"),
    ],
)  # fmt: skip
def test_a_figure_has_its_digits_and_separators(value: float | None, digits: int, text: str) -> None:
    assert figure(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "n/a"), (0, "0"), (1234.4, "+1,234"), (-0.5, "−0.500"), (12.34, "+12.3")]
)
def test_a_difference_has_its_sign(value: float | None, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "n/a"), (0, "0"), (7, "7"), (128.0, "128"), (12.5, "12.5"), (1_234_567, "1,234,567")]
)
def test_a_count_has_all_of_its_digits(value: float | None, text: str) -> None:
    assert reading(value) == text


@pytest.mark.parametrize(("value", "digits"), [(12.3, 3), (499.4, 3), (499.96, 5), (499.9999999, 6)])
def test_a_figure_has_digits_enough_to_show_that_a_limit_was_kept(value: float, digits: int) -> None:
    assert telling_digits(value, lambda shown: shown < 500) == digits


def said() -> Iterator[tuple[str, str]]:
    """Every text of the tool, by its file."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from ((path.name, text) for text in strings if isinstance(text, str))
    words = json.loads((SOURCE / "studio" / "pages" / "words.json").read_bytes())
    yield from (("words.json", text) for pair in words.values() for text in pair)


OTHER_SPELLINGS = re.compile(r"/秒|\bTokens?/s|\btok/s|\bblocks?/s|(?<!数据)块/s|95% (?:interval|区间)")
CHINESE = re.compile("[\u4e00-\u9fff]")
OTHER_CHINESE_SPELLINGS = re.compile(r"\bTokens?\b|\btokens/s")


def is_spelled_otherwise(text: str) -> bool:
    return bool(OTHER_SPELLINGS.search(text) or (CHINESE.search(text) and OTHER_CHINESE_SPELLINGS.search(text)))


def test_a_unit_is_spelled_in_one_way() -> None:
    assert [(file, text) for file, text in said() if is_spelled_otherwise(text)] == []


def test_the_studio_spells_them_alike() -> None:
    words = json.loads((SOURCE / "studio" / "pages" / "words.json").read_bytes())
    units = {
        "unit.requests_per_s": REQUESTS_PER_S,
        "unit.tokens_per_s": TOKENS_PER_S,
        "unit.chunks_per_s": CHUNKS_PER_S,
        "capacity.by_rate": REQUESTS_PER_S,
    }
    assert {key: tuple(words[key]) for key in units} == units


def test_what_ends_a_load_and_what_ends_a_measurement_have_two_names() -> None:
    """A cool-down (冷却) is left out of the metrics, a drain (排空) is what is left of the load."""
    assert not [text for _, text in said() if "收尾" in text]


GLUED = re.compile(r"\{\w*(?::[^{}]*)?\}%|\{\w*:[^{}]*%\}|\d% of\b|占[^。]*\d%")


def percents(path: Path) -> Iterator[str]:
    """Formats that put % right behind a number: only what is typed as a flag has it there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        spec = ast.unparse(node.format_spec) if isinstance(node, ast.FormattedValue) and node.format_spec else ""
        if "%" in spec and not re.search(r"%[a-zA-Z]", spec):
            yield f"{path.name}: {ast.unparse(node)}"


def test_a_space_stands_before_every_per_cent_sign() -> None:
    assert [text for _, text in said() if GLUED.search(text)] == []
    assert [each for path in SOURCE.rglob("*.py") for each in percents(path)] == []


def own_formats(path: Path) -> Iterator[str]:
    """Formats of numbers in a file that cut digits by themselves."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = ast.unparse(node.format_spec)
            if re.search(r"\.[1-9]\d*[fg%]|\d%", spec):
                yield f"{path.name}: {ast.unparse(node.value)}"


def raised_to_a_power(path: Path) -> Iterator[str]:
    """Formats that write what is large as 1.23e+03."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        spec = ast.unparse(node.format_spec) if isinstance(node, ast.FormattedValue) and node.format_spec else ""
        if re.search(r"\.[1-5]g", spec):
            yield f"{path.name}: {ast.unparse(node.value)}"


SMALL = {
    "search.py: (low + high) / 2",  # read as a number again
    "capacity_run.py: least_per_s",  # a rule, as it is typed
    "wording.py: value",  # below 999.5
}


def test_no_figure_for_readers_is_written_with_a_power_of_ten() -> None:
    assert {each for path in SOURCE.rglob("*.py") for each in raised_to_a_power(path)} <= SMALL
    assert [text for _, text in said() if re.search(r"\{\w+:\.[1-5]g\}", text)] == []


OTHERS = {"trace.py: (at_ns - began_ns[0]) / NS_PER_MS", "junit.py: value"}
"""A column of moments to the microsecond, and a value for programs."""


@pytest.mark.parametrize("place", ["console", "exporters", "bench/console.py", "bench/tables.py", "bench/wording.py"])
def test_a_figure_is_written_by_one_function(place: str) -> None:
    found = SOURCE / place
    files = [found] if found.is_file() else list(found.glob("*.py"))
    assert [each for path in files for each in own_formats(path) if each not in OTHERS] == []
