"""Languages, and the width of texts."""

from __future__ import annotations

import pytest

from sse_perf_tool.texts import clip, default_language, display_width, pad, printable, speaker, together


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh"}, "zh"),
        ({}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale(environ: dict[str, str], language: str) -> None:
    assert default_language(environ) == language


def test_a_speaker_speaks_one_language() -> None:
    table = {"greet": ("hello {name}", "你好 {name}")}
    assert speaker(table, "en")("greet", name="a") == "hello a"
    assert speaker(table, "zh")("greet", name="a") == "你好 a"


def test_tables_of_texts_become_one_unless_two_have_the_same_key() -> None:
    hello, bye = {"hello": ("hello", "你好")}, {"bye": ("bye", "再见")}
    assert together(hello, bye) == {"hello": ("hello", "你好"), "bye": ("bye", "再见")}
    with pytest.raises(ValueError, match="same key: hello"):
        together(hello, bye, hello)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("你好", 4), ("e\u0301", 1), ("ａ", 2), ("", 0)])
def test_wide_characters_take_two_columns(text: str, width: int) -> None:
    assert display_width(text) == width


def test_padding_counts_columns_not_characters() -> None:
    assert pad("你好", 6) == "你好  "
    assert pad("你好", 6, ">") == "  你好"
    assert pad("too long", 3) == "too long"


def test_clipping_ends_in_an_ellipsis_within_the_width() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("你好吗", 4) == "你…"
    assert clip("abc", 3) == "abc"


def test_foreign_text_loses_escapes_and_line_ends() -> None:
    assert printable("a\x1b[31mred\r\nb\u202ec") == "a\ufffd[31mred b\ufffdc"
    assert printable("x" * 50, limit=10) == "x" * 9 + "…"
    assert printable("你好\u2028世界") == "你好 世界"
