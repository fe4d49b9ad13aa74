"""Bodies: templates filled in, and each format's own minimal one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.formats.base import EMPTY, Format
from sse_perf_tool.providers import Query, load_queries
from sse_perf_tool.request import body as request_body
from sse_perf_tool.request.body import BodyBuilder, load_template

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def filled(template: Any, query: Query, **given: Any) -> Any:
    """What comes out for the value `template`, put into a larger one."""
    return json.loads(BodyBuilder({"outer": [template]}, **given).build(query))["outer"][0]


@pytest.fixture(params=["orjson", "json"])
def _each_encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test runs with orjson and without."""
    if request.param == "json":
        monkeypatch.setitem(sys.modules, "orjson", None)
    request_body._json_encoder.cache_clear()
    yield
    request_body._json_encoder.cache_clear()


# --- what is sent without a template


def test_the_default_body_is_difys() -> None:
    assert json.loads(BodyBuilder().build(Query("你是谁"))) == {
        "inputs": {"query": "你是谁"},
        "query": "你是谁",
        "response_mode": "streaming",
        "conversation_id": "",
        "user": "gaolou",
        "files": [],
    }


def test_user_and_conversation_of_the_command_line_go_into_the_body() -> None:
    body = json.loads(BodyBuilder(user="li", conversation_id="c-1").build(Query("q")))
    assert (body["user"], body["conversation_id"]) == ("li", "c-1")


def test_the_limit_of_a_query_stands_where_the_format_has_it() -> None:
    asked = Query("q", max_tokens=9)
    found = {}
    for name, row in FORMATS.items():
        body = json.loads(BodyBuilder(row=row).build(asked))
        for key in row.limit:
            body = body[key]
        found[name] = body if row.limit else None
        assert BodyBuilder(row=row).no_place_for(asked) == (False, not row.limit)
    agents = {"a2a", "adk", "ag_ui", "coze_workflow", "langgraph", "langgraph_v2", "langserve", "mcp", "vercel_ui"}
    assert {name for name, limit in found.items() if limit is None} == {
        *("dify", "coze", "chatbot", "custom", "fastgpt", "ragflow", "ragflow_agent"),
        *agents,
    }
    assert set(found.values()) == {None, 9}


def test_messages_take_the_place_of_the_query_where_the_body_has_messages() -> None:
    said = ({"role": "system", "content": "be kind"}, {"role": "user", "content": "q"})
    asked = Query("q", messages=said)
    for name, row in FORMATS.items():
        builder = BodyBuilder(row=row)
        body = json.loads(builder.build(asked))
        assert (body.get(row.history_key) == list(said)) is (row.history_key in body), name
        assert builder.no_place_for(asked) == (row.history_key not in body, False), name
    assert BodyBuilder(row=FORMATS["gemini"]).no_place_for(Query("q", messages=said[1:])) == (False, False)
    assert BodyBuilder(row=FORMATS["dify"]).no_place_for(asked._replace(body=b"{}")) == (False, False)


def test_dify_gets_the_default_body_and_others_their_own() -> None:
    assert BodyBuilder(row=FORMATS["dify"]).build(Query("q")) == BodyBuilder().build(Query("q"))
    body = json.loads(BodyBuilder(row=FORMATS["openai_chat"]).build(Query("q")))
    assert body["messages"] == [{"role": "user", "content": "q"}]
    assert body["stream"] is True


def own(query: str, model: str, user: str, conversation_id: str) -> dict[str, Any]:
    return {"all": [query, model, user, conversation_id]}


def reads_nothing(_options: Any) -> Any:
    return lambda _event, _document: EMPTY


ROW = Format("own", "", reads_nothing, lambda _event, _document: False, own, default_model="small")


@pytest.mark.parametrize(
    ("given", "model"),
    [({}, "small"), ({"model_name": "b"}, "b"), ({"model": "a"}, "a"), ({"model": "a", "model_name": "b"}, "a")],
)
def test_the_model_is_that_given_else_the_name_else_the_formats(given: dict[str, str], model: str) -> None:
    assert json.loads(BodyBuilder(row=ROW, **given).build(Query("q")))["all"] == ["q", model, "gaolou", ""]


def test_fields_of_the_row_go_before_the_command_line_in_a_formats_body_too() -> None:
    builder = BodyBuilder(row=ROW, user="li", conversation_id="c-1")
    row = Query("{user}", {"user": 7, "conversation_id": None})
    assert json.loads(builder.build(row))["all"] == ["{user}", "small", "7", ""]
    assert json.loads(builder.build(row, "c-2"))["all"] == ["{user}", "small", "7", "c-2"]


# --- templates


def test_placeholders_are_replaced_at_any_depth_and_beside_other_text() -> None:
    template = {"a": [{"b": "Q: {query}! {query}"}], "c": 0.7, "d": None, "e": {}, "f": []}
    assert filled(template, Query("hi")) == {"a": [{"b": "Q: hi! hi"}], "c": 0.7, "d": None, "e": {}, "f": []}


def test_names_are_left_alone() -> None:
    assert filled({"{query}": "x"}, Query("hi")) == {"{query}": "x"}


@pytest.mark.parametrize("text", ["{unknown}", "{}", "{ query }", "a } b { c", "{{user}}", 'if (x) { return "y"; }'])
def test_other_braces_stay(text: str) -> None:
    expected = {"{{user}}": "{gaolou}"}.get(text, text)
    assert filled(text, Query("hi")) == expected


def test_replaced_text_is_never_expanded_again() -> None:
    assert filled("{query} {city}", Query("{user} {files}", {"city": "{query}"})) == "{user} {files} {query}"


def test_text_is_escaped_as_json_needs_it() -> None:
    nasty = 'a "b" \\ \n \x00 \u2028 </script> 你好 😀'
    assert filled("<{query}>", Query(nasty)) == f"<{nasty}>"


def test_a_body_is_utf_8_without_ascii_escapes() -> None:
    assert BodyBuilder({"q": "{query}！"}).build(Query("你")) == '{"q":"你！"}'.encode()


def test_inputs_come_from_the_inputs_of_the_row_or_from_its_columns() -> None:
    row = Query("q", {"inputs": {"city": "Bonn"}, "city": "Rome", "lang": "de"})
    assert filled("{inputs.city} {city} {inputs.lang} {inputs.none}", row) == "Bonn Rome de {inputs.none}"
    assert filled("{inputs.city}", Query("q", {"inputs": "text", "city": "Rome"})) == "Rome"


def test_files_alone_in_a_value_become_the_list() -> None:
    assert filled("{files}", Query("q")) == []
    assert filled("{files}", Query("q"), files=[{"type": "image"}]) == [{"type": "image"}]
    assert filled("{files}", Query("q", {"files": [1]}), files=[2]) == [1]
    assert filled("see {files}", Query("q", {"files": [{"a": 1}]})) == 'see [{"a":1}]'


def test_a_field_alone_in_a_value_keeps_its_type_and_beside_text_becomes_text() -> None:
    row = Query("q", {"n": 5, "f": 0.5, "yes": True, "none": None, "list": ["x"], "s": "5"})
    template = ["{n}", "{f}", "{yes}", "{none}", "{list}", "{s}"]
    assert filled(template, row) == [5, 0.5, True, None, ["x"], "5"]
    assert filled("{n}|{f}|{yes}|{none}|{list}|{s}", row) == '5|0.5|true||["x"]|5'


def test_a_field_of_the_row_goes_before_the_command_line() -> None:
    row = Query("q", {"user": "row", "conversation_id": "c-row"})
    assert filled("{user} {conversation_id}", row, user="li", conversation_id="c-1") == "row c-row"
    assert filled("{user} {conversation_id}", Query("q"), user="li", conversation_id="c-1") == "li c-1"


def test_the_conversation_of_an_earlier_answer_goes_before_all_others() -> None:
    builder = BodyBuilder({"c": "{conversation_id}"}, conversation_id="c-1")
    assert builder.build(Query("q", {"conversation_id": "c-row"}), "c-2") == b'{"c":"c-2"}'
    assert builder.build(Query("q")) == b'{"c":"c-1"}'


def test_the_query_placeholder_is_the_text_of_the_query_whatever_its_column() -> None:
    assert filled("{query} {question}", Query("hi", {"question": "hi", "query": 5})) == "hi hi"


@pytest.mark.parametrize(("given", "model"), [({}, "gpt-4"), ({"model": "a"}, "a"), ({"model_name": "b"}, "gpt-4")])
def test_a_template_keeps_its_model_unless_one_is_given(given: dict[str, str], model: str) -> None:
    builder = BodyBuilder({"model": "gpt-4"}, ROW, **given)
    assert json.loads(builder.build(Query("q"))) == {"model": model}
    assert builder.takes_model


def test_a_template_without_model_gets_none() -> None:
    builder = BodyBuilder({"q": 1}, ROW, model="a")
    assert builder.build(Query("q")) == b'{"q":1}'
    assert not builder.takes_model


def test_a_template_goes_before_the_formats_body() -> None:
    assert BodyBuilder({}, ROW).build(Query("q")) == b"{}"


def test_the_template_given_is_not_changed() -> None:
    template = {"model": "gpt-4", "q": "{query}"}
    BodyBuilder(template, model="a").build(Query("q"))
    assert template == {"model": "gpt-4", "q": "{query}"}


def test_inputs_without_a_value_are_listed_once_each() -> None:
    builder = BodyBuilder({"a": "{inputs.x} {inputs.y} {inputs.x}"})
    assert builder.unfilled(Query("q", {"y": 1})) == ["{inputs.x}"]
    assert builder.unfilled(Query("q", {"inputs": {"x": 1}, "y": 1})) == []
    assert BodyBuilder(row=ROW).unfilled(Query("q")) == []


def test_a_name_alone_in_braces_without_a_value_is_listed_within_text_it_is_not() -> None:
    builder = BodyBuilder({"a": "{city}", "b": "{city} or {set}", "c": "{two words}", "d": "{}", "e": "{query}"})
    assert builder.unfilled(Query("q")) == ["{city}"]
    assert builder.unfilled(Query("q", {"city": "北京"})) == []


@pytest.mark.usefixtures("_each_encoder")
def test_with_and_without_orjson_the_bytes_are_the_same() -> None:
    row = Query('你 "x" \n', {"n": [1, 2.5, None, {"k": "é"}], "big": 2**70})
    template = {"t": "{query}", "n": "{n}", "big": "{big}"}
    expected = '{"t":"你 \\"x\\" \\n","n":[1,2.5,null,{"k":"é"}],"big":1180591620717411303424}'
    assert BodyBuilder(template).build(row) == expected.encode()


@pytest.mark.usefixtures("_each_encoder")
def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert filled("<{query}>", Query("a\ud83db")) == "<a?b>"


# --- template files


def test_a_template_is_read_with_its_bom(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(b'\xef\xbb\xbf{"query": "{query}"}')
    assert load_template(path) == {"query": "{query}"}


@pytest.mark.parametrize(
    ("content", "language", "expected"),
    [
        ('{"a": 1,\n  "b": }', "en", ", line 2, column 8: Expecting value; correct the JSON there"),
        ('{"a": 1,\n  "b": }', "zh", " 第 2 行第 8 列：Expecting value，请改正该处的 JSON"),
        ("", "en", ", line 1, column 1: Expecting value; correct the JSON there"),
        ("[1]", "en", ", line 1, column 1: a template is one JSON object, {...}, but this is [...]"),
        ("5", "en", ", line 1, column 1: a template is one JSON object, {...}, but this is a number"),
        ('"x"', "zh", ' 第 1 行第 1 列：模板应是一个 JSON 对象 {...}，而这里是 "..."'),
        ('{"a": -Infinity}', "en", ", line 1, column 1: -Infinity is not JSON; correct the JSON there"),
    ],
)
def test_a_broken_template_is_named_with_line_and_column(
    tmp_path: Path, content: str, language: str, expected: str
) -> None:
    path = tmp_path / "t.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_template(path, language)
    assert str(caught.value) == f"{path}{expected}"


def test_a_template_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory; name a file in it"):
        load_template(tmp_path)


# --- examples


def test_the_example_of_the_default_body_is_the_default_body() -> None:
    builder = BodyBuilder(load_template(EXAMPLES / "dify_body.json"))
    assert builder.build(Query("hi")) == BodyBuilder().build(Query("hi"))


def test_the_openai_example_makes_a_chat_request() -> None:
    builder = BodyBuilder(load_template(EXAMPLES / "openai_body.json"), model="m")
    assert json.loads(builder.build(Query("hi"))) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "temperature": 0.7,
        "user": "gaolou",
    }


@pytest.mark.parametrize("name", ["queries.csv", "queries.jsonl"])
def test_the_example_with_columns_is_filled_by_both_example_files(name: str) -> None:
    builder = BodyBuilder(load_template(EXAMPLES / "columns_body.json"))
    bodies = [json.loads(builder.build(query)) for query in load_queries(EXAMPLES / name)]
    assert [body["inputs"] for body in bodies] == [
        {"city": "杭州", "style": "简短"},
        {"city": "Chengdu", "style": "detailed"},
        {"city": "London", "style": "short"},
    ]
    assert bodies[1]["query"] == "What should I eat, and where?（Chengdu）"
    assert all(isinstance(body["files"], list) for body in bodies)
