"""Languages, and the width of texts."""

from __future__ import annotations

import errno
import os
import string

import pytest

from sse_perf_tool.load import run
from sse_perf_tool.report_parts.messages import TABLES, message
from sse_perf_tool.texts import (
    clip,
    default_language,
    display_width,
    in_both_languages,
    pad,
    printable,
    reason_of,
    speaker,
    together,
    unwritten,
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


def test_a_reason_of_the_system_is_said_in_the_language_of_its_text() -> None:
    table = {"lost": ("lost: {reason}", "丢失：{reason}")}
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "run.jsonl")
    assert speaker(table, "en")("lost", reason=full) == "lost: No space left on device"
    assert speaker(table, "zh")("lost", reason=full) == "丢失：设备上没有剩余空间"
    assert unwritten("a\nb", full, "zh") == "a b：无法写入：设备上没有剩余空间"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOENT, "words of another table of numbers"),  # as of a name server
        OSError(errno.ECHRNG, os.strerror(errno.ECHRNG)),
        OSError("no number"),
    ],
)
def test_a_reason_without_chinese_words_stays_as_it_is(error: OSError) -> None:
    assert reason_of(error, "zh") == reason_of(error, "en") == (error.strerror or "no number")


def test_a_warning_with_a_reason_of_the_system_is_shown_in_both_languages() -> None:
    table = {"lost": ("the file is lost: {reason}", "文件丢失：{reason}")}
    both = ("the file is lost: Permission denied", "文件丢失：没有权限")
    assert message(both[0], [table]) == message(both[1], [table]) == both


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
    ("key", "table"),
    [(key, table) for table in (*TABLES, run.TEXTS) for key in table],
)
def test_a_message_in_one_language_is_found_in_both(key: str, table: dict[str, tuple[str, str]]) -> None:
    names = [(name, spec) for _, name, spec, _ in string.Formatter().parse(table[key][0]) if name]
    values = {name: 7.5 if spec else f"<{name}>" for name, spec in names}
    english, chinese = (speaker(table, lang)(key, **values) for lang in ("en", "zh"))
    tables = (*TABLES, run.TEXTS)
    assert in_both_languages(english, tables) == (english, chinese)
    assert in_both_languages(chinese, tables) == (english, chinese)


def test_values_of_a_message_are_said_in_both_languages_too() -> None:
    said = (
        "no whole answer within 60 s: stalled after 3 chunks, 20 s of silence (--timeout); before that HTTP 503 twice"
    )
    assert message(said) == (
        said,
        "60 秒内没有收到完整回答：收到 3 个数据块后停滞，静默 20 s（--timeout）；此前 HTTP 503 两次",
    )


def test_what_a_server_says_stays_as_it_is() -> None:
    for said in ("overloaded", "a: b; c", "{error}", "", "HTTP 503: 过载: overloaded, try again in 3 s"):
        assert message(said)[0] == said
    assert message("HTTP 503: 过载: x")[1] == "HTTP 503：过载: x"
    assert message("HTTP 503 " * 500)[1] == "HTTP 503 " * 500
