"""Text that is straight on a terminal, and secrets that stay in memory."""

from __future__ import annotations

import pytest

from sse_perf_tool.masking import Masker, mask_headers, mask_key, mask_url, url_secrets
from sse_perf_tool.texts import (
    MAX_DEPTH,
    clip,
    default_language,
    display_width,
    is_too_deep,
    loads_bounded,
    pad,
    printable,
    speaker,
    together,
)


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


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("app-1234567890abcd4Knu", "app-…4Knu"),
        ("Bearer app-1234567890abcd4Knu", "Bearer app-…4Knu"),
        ("1234567890abcdef", "…cdef"),
        ("short", "…"),
        ("", "…"),
    ],
)
def test_a_key_is_shown_by_its_prefix_and_last_four(key: str, shown: str) -> None:
    assert mask_key(key) == shown


def test_headers_and_urls_are_masked_where_they_hold_secrets() -> None:
    assert mask_headers({"X-Api-Key": "sk-abcdefghijklmnop", "X-Trace": "1"}) == {
        "X-Api-Key": "sk-…mnop",
        "X-Trace": "1",
    }
    url = "https://me:pass@h/p?key=AIzaSyABCDEFGHIJ&alt=sse&access_token=24.abcdefghijkl"
    assert mask_url(url) == "https://…@h/p?key=…GHIJ&alt=sse&access_token=…ijkl"
    assert url_secrets(url) == ["me:pass", "AIzaSyABCDEFGHIJ", "24.abcdefghijkl"]


def test_a_masker_finds_keys_in_what_the_server_says() -> None:
    mask = Masker(["Bearer app-1234567890abcd4Knu", "ab"])
    assert mask("wrong key app-1234567890abcd4Knu given") == "wrong key app-…4Knu given"
    assert mask("ab stays: too short to be a secret") == "ab stays: too short to be a secret"
    assert Masker([])("nothing to hide") == "nothing to hide"


def test_a_masker_finds_percent_encoded_keys() -> None:
    assert "s3cr" not in Masker(["s3cr/et+long=key"])("GET /?key=s3cr%2Fet%2Blong%3Dkey")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_of_a_hundred_levels_is_read_and_of_one_more_is_not(opening: str, closing: str) -> None:
    value = loads_bounded(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    assert not is_too_deep(value)
    assert is_too_deep([value])
    for depth in (MAX_DEPTH + 1, 900, 2_000, 50_000):
        with pytest.raises(ValueError, match="nested too deep"):
            loads_bounded(opening * depth + "1" + closing * depth)


def test_breadth_and_plain_values_are_not_depth() -> None:
    assert not is_too_deep([[number] for number in range(1_000)])
    assert not is_too_deep("[" * 1_000)
    assert loads_bounded("[]") == []
