"""Queries and keys: read from files of every kind, handed out in turn."""

from __future__ import annotations

import json
import pickle
import threading
from collections import Counter
from pathlib import Path

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.providers import ApiKeyProvider, Query, QueryProvider, bare_key, load_keys, load_queries, read_text
from sse_perf_tool.queries.prompts import Prompts

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


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
        ('{"Query": "yes", "id": "no"}', "yes"),
        ('{"Query": "no", "query": "yes"}', "yes"),
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
        ('{"query": "a"}\n{"query": null}', ', line 2, column 1: the field "query" is null, not a text'),
        ('{"query": "", "title": "no"}', ', line 1, column 1: the field "query" is empty, not a text'),
        ('{"query": 42, "prompt": "no"}', ', line 1, column 1: the field "query" is a number, not a text'),
        ('{"Prompt": " ", "id": "no"}', ', line 1, column 1: the field "Prompt" is empty, not a text'),
        ('{"body": {"model": "no"}}', ', line 1, column 1: no text of a person in its "body"'),
    ],
)
def test_a_broken_json_line_is_named_with_its_column(tmp_path: Path, content: str, expected: str) -> None:
    advice = '; write one JSON object a line, e.g. {"query": "..."}'
    assert problem(written(tmp_path, "q.jsonl", content)) == expected + advice


# --- conversations

SHAREGPT = {"id": "x1", "conversations": [
    {"from": "gpt", "value": "left over"}, {"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"},
    {"from": "human", "value": "  "}, {"from": "human", "value": "bye"}, {"from": "gpt", "value": "bye"},
]}  # fmt: skip
MESSAGES = {"messages": [
    {"role": "system", "content": "be kind"}, {"role": "user", "content": "who?"},
    {"role": "assistant", "content": None, "tool_calls": []}, {"role": "tool", "content": "42"},
    {"role": "user", "content": [{"type": "image_url"}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
]}  # fmt: skip


@pytest.mark.parametrize(("name", "joined"), [("c.json", "json"), ("c.jsonl", "lines")])
def test_a_conversation_is_its_first_human_turn_and_the_later_ones(tmp_path: Path, name: str, joined: str) -> None:
    rows = [SHAREGPT, MESSAGES]
    content = json.dumps(rows) if joined == "json" else "\n".join(map(json.dumps, rows))
    first, second = load_queries(written(tmp_path, name, content))
    assert (first.text, first.later, first.fields) == ("hi", ("bye",), SHAREGPT)
    assert (second.text, second.later) == ("who?", ("a\nb",))
    follow = first.next_turn()
    assert follow is not None
    assert (follow.text, follow.later, follow.next_turn(), follow.fields) == ("bye", (), None, SHAREGPT)


def test_a_list_of_rows_is_read_as_json_lines_are(tmp_path: Path) -> None:
    path = written(tmp_path, "q.json", '[{"n": 3, "query": "hi"},\n {"prompt": "there"}]')
    assert load_queries(path) == [Query("hi", {"n": 3, "query": "hi"}), Query("there", {"prompt": "there"})]
    assert {query.later for query in load_queries(path)} == {None}, "no conversations: any query may follow"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"query": "mine", "messages": [{"role": "user", "content": "no"}]}, "mine"),
        ({"prompt": "no", "messages": [{"role": "user", "content": "yes"}]}, "yes"),
        ({"conversation": [{"role": "user", "content": "yes"}], "id": "no"}, "yes"),
        ({"conversations": [{"from": "User", "value": "yes"}]}, "yes"),
        ({"prompt": "yes", "messages": []}, "yes"),
        ({"prompt": "yes", "messages": ["a", "b"]}, "yes"),
        ({"messages": "yes"}, "yes"),
    ],
)
def test_a_conversation_goes_behind_the_field_query_and_before_all_others(
    tmp_path: Path, row: dict[str, object], text: str
) -> None:
    assert texts(written(tmp_path, "q.jsonl", json.dumps(row))) == [text]


def test_conversations_in_which_no_person_speaks_are_skipped(tmp_path: Path) -> None:
    silent = [{"id": "a", "conversations": []}, {"conversations": [{"from": "gpt", "value": "hm"}]}]
    assert texts(written(tmp_path, "q.json", json.dumps([*silent, SHAREGPT]))) == ["hi"]
    assert problem(written(tmp_path, "q.json", json.dumps(silent))) == ": holds no query; write one query a line"


NO_MESSAGE = 'has no speaker ("from" or "role") or no text ("value" or "content"); write it e.g. as {"query": "..."}'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '[\n {"query": "a"}\n {"query": "b"}]',
            ", line 3, column 2: Expecting ',' delimiter; write a list, [{...}, ...], or one object a line (.jsonl)",
        ),
        (
            '{"query": "a"}\n{"query": "b"}',
            ", line 2, column 1: Extra data; write a list, [{...}, ...], or one object a line (.jsonl)",
        ),
        (
            '{"query": "a"}',
            ", line 1, column 1: not a list; write a list, [{...}, ...], or one object a line (.jsonl)",
        ),
        (
            '[{"query": "a"}, "b"]',
            ', item 2 of the list: not a JSON object; write it e.g. as {"query": "..."}',
        ),
        (
            '[{"n": 1}]',
            ', item 1 of the list: no text in it, the field "query" is missing; write it e.g. as {"query": "..."}',
        ),
        (
            '[{"messages": [{"role": "user", "content": "a"}, {"content": "b"}]}]',
            f', item 1 of the list: message 2 of "messages" {NO_MESSAGE}',
        ),
        (
            '[{"conversations": [{"from": "human", "text": "a"}]}]',
            f', item 1 of the list: message 1 of "conversations" {NO_MESSAGE}',
        ),
        ("[]", ": holds no query; write one query a line"),
    ],
)
def test_a_broken_list_is_named_with_the_place(tmp_path: Path, content: str, expected: str) -> None:
    assert problem(written(tmp_path, "q.json", content)) == expected


def test_a_broken_message_in_json_lines_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "q.jsonl", '{"query": "a"}\n{"messages": [{"role": "user"}]}')
    assert problem(path) == (
        ', line 2, column 1: message 1 of "messages" has no speaker ("from" or "role") or no text '
        '("value" or "content"); write one JSON object a line, e.g. {"query": "..."}'
    )
    assert "第 2 行" in problem(path, "zh")


# --- rows that no field names the query of


def warned(path: Path, language: str = "en") -> list[str]:
    """What is said of a file that is read all the same, without its folder."""
    warnings: list[str] = []
    load_queries(path, language, warnings.append)
    return [warning.removeprefix(str(path)) for warning in warnings]


def test_taking_the_first_text_is_said_with_the_field_and_an_example(tmp_path: Path) -> None:
    rows = [{"n": 1, "title": "one"}, {"query": "mine"}, {"title": "two"}, {"id": "x"}]
    none = "rows have none of query, question, prompt, text, input, text_input: asked is the first text,"
    assert warned(written(tmp_path, "q.jsonl", "\n".join(map(json.dumps, rows)))) == [
        f': 2 of 4 {none} "title" (e.g. "one", line 1); call the right field query',
        f': 1 of 4 {none} "id" (e.g. "x", line 4); call the right field query',
    ]
    in_a_list = written(tmp_path, "q.json", json.dumps([{"query": "a"}, {"title": "\x1b[31m" + "x" * 99}]))
    assert warned(in_a_list) == [
        f': 1 of 2 {none} "title" (e.g. "\ufffd[31m{"x" * 34}…", item 2); call the right field query'
    ]
    assert warned(written(tmp_path, "q.csv", "name,age\nx,1\ny,2\n")) == [
        f': 2 of 2 {none} "name" (e.g. "x", line 2); call the right field query'
    ]


def test_many_fields_taken_so_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "q.jsonl", "\n".join(f'{{"f{n}": "t"}}' for n in range(5)))
    assert warned(path)[3:] == [": 2 more fields were taken for the query in this way"]
    assert warned(path, "zh")[0].startswith("：5 行中有 1 行没有 query, question, prompt")


def test_conversations_left_out_and_json_read_as_text_are_said(tmp_path: Path) -> None:
    silent = [{"query": "a"}, {"messages": []}, {"conversations": [{"from": "gpt", "value": "hm"}]}]
    assert warned(written(tmp_path, "q.json", json.dumps(silent))) == [
        ": 2 of 3 rows are left out, no person speaks in these conversations"
    ]
    assert warned(written(tmp_path, "q.txt", '{"query": "a"}')) == [
        ": the lines are sent as they stand, but look like JSON; call the file .jsonl to have its fields read"
    ]
    assert warned(written(tmp_path, "q.txt", "{a} is a set")) == []
    assert texts(written(tmp_path, "q.ndjson", '{"query": "a"}')) == ["a"]


# --- what the tool puts before queries, or in their place


def test_a_query_begins_with_the_shared_prefix_and_then_the_filler_of_its_tier() -> None:
    prompts = Prompts(shared_prefix_tokens=5)
    provider = QueryProvider([Query("a"), Query("b")], prompts=prompts)
    first, second = provider.next(1, 20), provider.next(1, 20)
    assert first.sent == f"{prompts.prefix()}\n\n{prompts.filler(0, 20)}\n\na"
    assert second.sent == f"{prompts.prefix()}\n\n{prompts.filler(1, 20)}\n\nb"
    assert (first.text, first.context_tokens) == ("a", 20)
    assert provider.next(2, 20).sent == "a", "a later turn has all that before it"


def test_the_processes_of_a_run_make_different_prompts() -> None:
    provider = QueryProvider([Query("")], prompts=Prompts(tokens=30))
    parts = [pickle.loads(pickle.dumps(provider.part(part, 2))) for part in (0, 1)]
    sent = [part.next().sent for _ in range(3) for part in parts]
    assert sent == [provider.next().sent for _ in range(6)]
    assert len(set(sent)) == 6


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("q.csv", "id;Query\r\n1;hello, world\r\n"),
        ("q.csv", "sep=;\nid;query\n1;hello, world\n"),
        ("q.csv", 'sep=,\r\nid,QUERY\r\n1,"hello, world"\r\n'),
        ("q.csv", "\ufeffSEP=|\nid| Query \n1|hello, world\n"),
        ("q.csv", "id\tPrompt\n1\thello, world\n"),
        ("q.tsv", "id\tprompt\n1\thello, world\n"),
        ("q.TSV", "name\tn\nhello, world\t1\n"),
        ("q.tsv", 'id,question\n1,"hello, world"\n'),
        ("q.csv", "query\nhello, world\n".replace("hello, world", '"hello, world"')),
        ("q.csv", 'Input;Instruction\n"";hello, world\n'),
    ],
)
def test_what_separates_the_columns_is_told_by_the_file(tmp_path: Path, name: str, content: str) -> None:
    assert texts(written(tmp_path, name, content)) == ["hello, world"]


def test_a_separator_in_the_texts_alone_separates_nothing(tmp_path: Path) -> None:
    assert texts(written(tmp_path, "q.csv", "query\na; b;c\td\n")) == ["a; b;c\td"]


def test_a_broken_line_behind_the_line_that_names_the_separator_has_its_number_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "q.csv", "sep=;\nid;query\n1;a\n1;a;b\n")
    assert problem(path) == ", line 4: 3 columns, but 2 in the header; put fields with semicolons in double quotes"
    tabs = written(tmp_path, "q.tsv", "id\tquery\n1\n")
    assert problem(tabs, "zh") == " 第 2 行：有 1 列，而表头有 2 列，含制表符的字段要用双引号括起"
    assert problem(written(tmp_path, "q.csv", "sep=|\nid|query\n1\n")).endswith("put fields with | in double quotes")


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
    assert [1 + len(query.later or ()) for query in load_queries(EXAMPLES / "conversations.json")] == [3, 2, 1]
    assert load_keys(EXAMPLES / "api_keys.txt")[1] == "app-EXAMPLE0000000000000002"
