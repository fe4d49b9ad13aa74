"""Edits of a config: every line that is not meant stays as its owner wrote it, byte by byte."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import pytest

from sse_perf_tool.studio.files import edits
from sse_perf_tool.studio.files.yaml_text import BadYamlError, NotKeptError, edited, plain_data

PLAIN = """\
# Models of the team
defaults:
  max_tokens: 512   # enough
  context_tiers: [0, 5000]
  prompt: "Explain: recursion"
providers:
  local:   # the lab
    api_base: 'http://localhost:8000/v1'
    models:
      - id: m1
        context_window: 010
      # - id: commented
      - id: m2   # second
  # of the others
  other:
    models:
      - id: m3
"""

FILES = {
    "plain": PLAIN,
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "BOM": "\ufeff" + PLAIN,
    "no line end": PLAIN.removesuffix("\n"),
    "two line ends": PLAIN + "\n",
    "dashes at the margin": PLAIN.replace("      ", "    "),
    "four columns": """\
defaults:
    max_tokens: 512
    context_tiers: [0, 5000]
    prompt: hi
providers:
    local:
        api_base: http://a
        models:
            - id: m1
              context_window: 010
            - id: m2
    other:
        models:
            - id: m3
""",
    "spaces behind": PLAIN.replace("m1", "m1   "),
    "more spaces": PLAIN.replace("max_tokens: 512", "max_tokens:     512"),
    "two styles of lists": PLAIN.replace("      - id: m3", "    - id: m3"),
    "wide dashes": PLAIN.replace("      - id: m3", "      -   id: m3"),
    "braces": PLAIN.replace("      - id: m3\n", "      - {id: m3, display_name: M}\n"),
    "brackets": PLAIN.replace("    models:\n      - id: m3\n", "    models: [{id: m3}]\n"),
    "block": PLAIN.replace('"Explain: recursion"', "|\n    Two\n    lines"),
    "folded": PLAIN.replace('"Explain: recursion"', ">-\n    Two\n    lines"),
    "unicode": PLAIN.replace("Explain", "解释一下 ✓"),
    "anchor": PLAIN.replace("context_window: 010", "context_window: &w 32768").replace(
        "- id: m3", "- id: m3\n        context_window: *w"
    ),
    "merge": "base: &b\n  api_version: v1\n" + PLAIN.replace("  other:\n", "  other:\n    <<: *b\n"),
    "document": "---\n" + PLAIN,
    "blank lines": PLAIN.replace("providers:", "\n\nproviders:\n").replace("  # of", "\n  # of"),
    "comment at the end": PLAIN + "# the end\n",
    "comments behind": PLAIN.replace("      - id: m3", "      - id: m3   # last\n        # of m3"),
    "long line": PLAIN.replace("Explain:", "Explain " + "very " * 60),
    "yes": PLAIN.replace("m3", "yes"),
    "numbers": PLAIN.replace("512", "0x200"),
    "null": PLAIN.replace("  context_tiers: [0, 5000]", "  context_tiers: [0, 5000]\n  temperature: ~"),
    "quotes": PLAIN.replace("id: m2", 'id: "m2"'),
    "tag": PLAIN.replace("id: m2", "id: !!str m2"),
    "header table": PLAIN.replace(
        "    models:\n      - id: m3", "    headers: {X-A: '1'}\n    models:\n      - id: m3"
    ),
    "key in quotes": PLAIN.replace("  other:", '  "other":'),
}

Found = Callable[[Any], Any]


def at(*steps: str | int) -> Found:
    def found(document: Any) -> Any:
        for step in steps:
            document = document[step]
        return document

    return found


def models(document: Any) -> list[str]:
    return [model["id"] for model in document["providers"]["local"]["models"]]


NEW = {"api_base": "http://n", "models": [{"id": "n1"}]}

EDITS: dict[str, tuple[Any, Found, Any, int]] = {
    "a number": (edits.change_defaults({"max_tokens": 64}), at("defaults", "max_tokens"), 64, 2),
    "a list": (edits.change_defaults({"context_tiers": [0, 9, 10]}), at("defaults", "context_tiers"), [0, 9, 10], 2),
    "a new field": (edits.change_defaults({"runs": 5}), at("defaults", "runs"), 5, 1),
    "an address": (
        edits.change_provider("local", {"api_base": "http://h/v1"}),
        at("providers", "local", "api_base"),
        "http://h/v1",
        2,
    ),
    "a new provider": (edits.add_provider("new", NEW), at("providers", "new"), NEW, 4),
    "a new model": (
        edits.add_models("local", [{"id": "a/b:c", "context_window": 8}]),
        at("providers", "local", "models", 2),
        {"id": "a/b:c", "context_window": 8},
        2,
    ),
    "a model gone": (edits.remove_model("local", 0), models, ["m2"], 2),
    "a model changed": (
        edits.change_model("local", 1, {"display_name": "Two"}),
        at("providers", "local", "models", 1, "display_name"),
        "Two",
        1,
    ),
    "a provider gone": (edits.remove_provider("local"), lambda d: list(d["providers"]), ["other"], 7),
    "a prompt of lines": (
        edits.change_defaults({"prompt": "a\nb: c\n# d"}),
        at("defaults", "prompt"),
        "a\nb: c\n# d",
        7,
    ),
}


@pytest.mark.not_measured
@pytest.mark.parametrize(
    ("name", "edit"),
    # Each edit of the plain file, and of every other file six of them, not always the same.
    [
        (name, edit)
        for at, name in enumerate(FILES)
        for place, edit in enumerate(EDITS)
        if not at or (at + place) % 5 < 3
    ],
)
def test_an_edit_changes_what_is_meant_and_no_other_line(name: str, edit: str) -> None:
    text = FILES[name]
    change, found, wanted, most = EDITS[edit]
    made = edited(text, change).text
    assert found(plain_data(made.removeprefix("\ufeff"))) == wanted
    before, after = text.splitlines(keepends=True), made.splitlines(keepends=True)
    touched = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    # What the alias stands for has to be written in its place.
    most += 3 if name == "anchor" and edit.endswith("gone") else 0
    assert len(touched) <= most + 2 * (not text.endswith("\n")), "".join(touched)
    assert made.startswith("\ufeff") == text.startswith("\ufeff")
    assert ("\r\n" in made) == ("\r\n" in text)
    if "\r\n" in text:
        assert made.count("\n") == made.count("\r\n")


def test_a_comment_behind_what_goes_stays_and_one_in_it_is_said() -> None:
    made = edited(PLAIN, edits.remove_model("local", 0))
    assert "# - id: commented" in made.text
    assert made.lost == ()
    made = edited(PLAIN, edits.remove_model("local", 1))
    assert made.lost == ("# second",)
    made = edited(PLAIN, edits.remove_provider("local"))
    assert set(made.lost) == {"# the lab", "# - id: commented", "# second"}
    assert "# of the others" in made.text


def test_quotes_stay_those_of_the_owner() -> None:
    made = edited(PLAIN, edits.change_provider("local", {"api_base": "http://h"})).text
    assert "api_base: 'http://h'" in made
    assert 'prompt: "b"' in edited(PLAIN, edits.change_defaults({"prompt": "b"})).text


def test_a_text_that_would_be_another_value_is_quoted() -> None:
    for value in ("010", "true", "null", "a: b", "# x", "- x", "{", "*a", "&a", "!t", "%", "@", " x ", "é"):
        made = edited(PLAIN, edits.change_provider("other", {"display_name": value})).text
        assert plain_data(made)["providers"]["other"]["display_name"] == value


def test_a_file_of_comments_alone_takes_a_provider() -> None:
    made = edited("# nothing yet\n", edits.add_provider("p", {"models": [{"id": "m"}]})).text
    assert made.startswith("# nothing yet\n")
    assert plain_data(made) == {"providers": {"p": {"models": [{"id": "m"}]}}}
    assert plain_data(edited("", edits.change_defaults({"runs": 2})).text) == {"defaults": {"runs": 2}}


def test_what_cannot_be_done_changes_nothing() -> None:
    with pytest.raises(NotKeptError):
        edited("providers: 7\n", edits.add_provider("p", {}))
    with pytest.raises(NotKeptError):
        edited("- a\n", edits.change_defaults({"runs": 1}))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: b\na: c\n", 2),
        ("a:\n\t- b\n", 2),
        ("a: [1\nb: 2\n", 2),
        ("a: 'x\n\n", 1),
        ("a: b: c\n", 1),
        ("a: 1\nb: *y\n", 2),
    ],
)
def test_what_is_no_yaml_is_said_with_its_line(text: str, line: int) -> None:
    with pytest.raises(BadYamlError) as caught:
        edited(text, edits.change_defaults({"runs": 1}))
    assert caught.value.line == line


def test_the_field_for_no_temperature_is_read_and_written_in_both_ways() -> None:
    text = "providers:\n  p:\n    models:\n      - id: m\n        skip_params: [temperature, top_p]\n"
    off = plain_data(edited(text, edits.change_model("p", 0, {"skip_temperature": False})).text)
    assert off["providers"]["p"]["models"] == [{"id": "m", "skip_params": ["top_p"]}]
    on = plain_data(edited(text, edits.change_model("p", 0, {"skip_temperature": True})).text)
    assert on["providers"]["p"]["models"] == [{"id": "m", "skip_params": ["temperature", "top_p"]}]
