"""Queries and keys: read from files of every kind, handed out in turn."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.providers import ApiKeyProvider, Query, QueryProvider, bare_key, load_keys, load_queries, read_text

EXAMPLES = Path(__file__).parent.parent / "examples"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(path: Path) -> list[str]:
    return [query.text for query in load_queries(path)]


def problem(path: Path, language: str = "en") -> str:
    """The error of loading `path`, which stands at its beginning and is taken off."""
    with pytest.raises(UsageError) as caught:
        load_queries(path, language)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(path))
    return line.removeprefix(str(path))


# --- in turn


def test_queries_come_in_turn_and_begin_again() -> None:
    provider = QueryProvider([Query("a"), Query("b"), Query("c")])
    assert [provider.next().text for _ in range(7)] == ["a", "b", "c", "a", "b", "c", "a"]


def test_eight_threads_share_one_turn_so_that_each_query_is_used_equally_often() -> None:
    provider = QueryProvider([Query(str(number)) for number in range(10)])
    taken: list[str] = []

    def take_500() -> None:
        taken.extend([provider.next().text for _ in range(500)])

    threads = [threading.Thread(target=take_500) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == {str(number): 400 for number in range(10)}


def test_keys_come_in_turn_and_bare() -> None:
    provider = ApiKeyProvider(["app-1", "Bearer app-2", "bearer   app-3 "])
    assert provider.keys == ("app-1", "app-2", "app-3")
    assert [provider.next() for _ in range(4)] == ["app-1", "app-2", "app-3", "app-1"]


@pytest.mark.parametrize("provider", [QueryProvider, ApiKeyProvider])
def test_a_provider_of_nothing_is_a_mistake_of_the_program(provider: type) -> None:
    with pytest.raises(ValueError, match="nothing to hand out"):
        provider([])


@pytest.mark.parametrize(
    ("text", "key"),
    [("app-x", "app-x"), ("Bearer app-x", "app-x"), ("BEARER\tapp-x", "app-x"), ("Bearer", "Bearer"), ("", "")],
)
def test_the_word_bearer_is_no_part_of_a_key(text: str, key: str) -> None:
    assert bare_key(text) == key


# --- text files


def test_a_text_file_holds_one_query_a_line_and_empty_lines_are_skipped(tmp_path: Path) -> None:
    path = written(tmp_path, "q.txt", "你是谁\n\n   \n  What is SSE? \n")
    assert load_queries(path) == [Query("你是谁", {}), Query("What is SSE?", {})]


def test_windows_lines_and_a_bom_are_read_like_others(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "q.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")) == ["one", "two"]


def test_old_mac_lines_end_at_a_lone_cr(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "q.txt", "one\rtwo")) == ["one", "two"]


def test_other_separators_of_unicode_do_not_end_a_line(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "q.txt", "a\u2028b\x85c\x0cd\n")) == ["a\u2028b\x85c\x0cd"]


# --- JSON Lines


def test_json_lines_give_the_text_and_all_fields(tmp_path: Path) -> None:
    path = written(tmp_path, "q.JSONL", '{"n": 3, "query": "hi", "tags": ["x"]}\r\n\n{"query": "there"}\n')
    assert load_queries(path) == [
        Query("hi", {"n": 3, "query": "hi", "tags": ["x"]}),
        Query("there", {"query": "there"}),
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"text": "no", "question": "yes"}', "yes"),
        ('{"input": "no", "prompt": "yes"}', "yes"),
        ('{"input": "no", "text": "yes"}', "yes"),
        ('{"id": "no", "input": "yes"}', "yes"),
        ('{"n": 1, "title": "yes", "more": "no"}', "yes"),
        ('{"query": "", "title": "yes"}', "yes"),
        ('{"query": 5, "prompt": "yes"}', "yes"),
    ],
)
def test_the_query_is_the_best_named_field_else_the_first_text(tmp_path: Path, line: str, text: str) -> None:
    assert texts(written(tmp_path, "q.jsonl", line)) == [text]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"query": "a"}\n{"query": }\n', ", line 2, column 11: Expecting value"),
        ('\n  {"query" "a"}', ", line 2, column 12: Expecting ':' delimiter"),
        ('["a"]', ", line 1, column 1: not a JSON object"),
        ('{"n": 1}', ', line 1, column 1: no text in it, the field "query" is missing'),
        ('{"query": "a", "n": NaN}', ", line 1, column 1: NaN is not JSON"),
    ],
)
def test_a_broken_json_line_is_named_with_its_column(tmp_path: Path, content: str, expected: str) -> None:
    advice = '; write one JSON object a line, e.g. {"query": "..."}'
    assert problem(written(tmp_path, "q.jsonl", content)) == expected + advice


# --- CSV


def test_csv_gives_the_column_query_and_all_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "q.csv", '\ufeffcity, query\nBonn,"a, ""b""\nc"\n\n杭州,你好\n')
    assert load_queries(path) == [
        Query('a, "b"\nc', {"city": "Bonn", "query": 'a, "b"\nc'}),
        Query("你好", {"city": "杭州", "query": "你好"}),
    ]


@pytest.mark.parametrize(("header", "text"), [("id,prompt", "2"), ("input,question", "2"), ("name,age", "1")])
def test_csv_takes_the_best_named_column_else_the_first(tmp_path: Path, header: str, text: str) -> None:
    assert texts(written(tmp_path, "q.csv", f"{header}\n1,2\n")) == [text]


def test_csv_takes_prompts_longer_than_128_kib(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "q.csv", "query\n" + "x" * 200_000)) == ["x" * 200_000]


IN_QUOTES = "put fields with quotes or line ends in double quotes, doubling those in them"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("query,n\na, b,1\n", ", line 2: 3 columns, but 2 in the header; put fields with commas in double quotes"),
        ("query,n\na,1\nb\n", ", line 3: 1 columns, but 2 in the header; put fields with commas in double quotes"),
        ('query\n"a\nb"\n"c\n', f", line 4: unexpected end of data; {IN_QUOTES}"),
        ("n,query\n1, \n", ', line 2, column "query": no query text; fill it in or delete the line'),
        ("query,n\n", ": holds no query; write one query a line"),
    ],
)
def test_a_broken_csv_line_is_named(tmp_path: Path, content: str, expected: str) -> None:
    assert problem(written(tmp_path, "q.csv", content)) == expected


# --- files that cannot be read


def test_a_missing_file_a_directory_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    assert problem(tmp_path / "no.txt") == ": no such file; check the path"
    assert problem(tmp_path) == ": is a directory; name a file in it"
    assert problem(written(tmp_path, "q.txt", " \n\n")) == ": holds no query; write one query a line"
    below_a_file = tmp_path / "q.txt" / "q.txt"
    assert problem(below_a_file) == ": cannot be read (Not a directory); check the file and its permissions"


def test_the_same_errors_in_chinese(tmp_path: Path) -> None:
    assert problem(tmp_path / "no.txt", "zh") == "：没有这个文件，请检查路径"
    assert problem(tmp_path, "zh") == "：这是一个目录，请指定其中的文件"
    broken = written(tmp_path, "q.jsonl", '{"n": 1}')
    assert problem(broken, "zh").startswith(" 第 1 行第 1 列：其中没有文本，缺少字段 query，请每行写一个 JSON 对象")
    columns = written(tmp_path, "q.csv", "query\na,b\n")
    assert problem(columns, "zh") == " 第 2 行：有 2 列，而表头有 1 列，含逗号的字段要用双引号括起"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("ok\n你".encode("gbk"), ", line 2: byte 0xC4 at offset 3 is not UTF-8; convert it: iconv -f GBK -t UTF-8"),
        (
            b"\xef\xbb\xbfab\xff",
            ", line 1: byte 0xFF at offset 5 is not UTF-8; convert it: iconv -f GBK -t UTF-8",
        ),
        (
            "ab".encode("utf-16"),
            ", line 1: byte 0xFF at offset 0 is not UTF-8; convert it: iconv -f UTF-16 -t UTF-8",
        ),
    ],
)
def test_a_file_in_another_encoding_is_named_with_the_byte(tmp_path: Path, content: bytes, expected: str) -> None:
    assert problem(written(tmp_path, "q.txt", content)) == expected


def test_read_text_drops_the_bom_and_keeps_line_ends(tmp_path: Path) -> None:
    assert read_text(written(tmp_path, "t", b"\xef\xbb\xbfa\r\nb")) == "a\r\nb"


# --- key files


def test_a_key_file_holds_one_key_a_line_and_comments(tmp_path: Path) -> None:
    path = written(tmp_path, "k.txt", "# ours\r\n\r\nBearer app-1\r\n  app-2\r\n")
    assert load_keys(path) == ["app-1", "app-2"]


NO_KEY_CHARACTER = "not a character of an API key; write one key a line, without spaces"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("app-1\n  app-2 secret\n", f", line 2, column 8: {NO_KEY_CHARACTER}"),
        ("Bearer app-密", f", line 1, column 12: {NO_KEY_CHARACTER}"),
        ("# nothing\n", ": holds no API key; write one key a line"),
    ],
)
def test_a_line_that_is_no_key_is_named_without_showing_it(tmp_path: Path, content: str, expected: str) -> None:
    path = written(tmp_path, "k.txt", content)
    with pytest.raises(UsageError) as caught:
        load_keys(path)
    assert str(caught.value) == f"{path}{expected}"


# --- examples


def test_the_example_files_load() -> None:
    assert len(load_queries(EXAMPLES / "queries.txt")) == 12
    assert [query.fields["city"] for query in load_queries(EXAMPLES / "queries.csv")] == ["杭州", "Chengdu", "London"]
    assert [query.fields["city"] for query in load_queries(EXAMPLES / "queries.jsonl")] == ["杭州", "Chengdu", "London"]
    assert load_keys(EXAMPLES / "api_keys.txt")[1] == "app-EXAMPLE0000000000000002"
