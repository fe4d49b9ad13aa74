"""Compression that was not asked for is named: in the run, in its files, and in a report made again."""

from __future__ import annotations

import gzip

import pytest

from requests_to_server import WHOLE
from scripted_server import ANSWER, Serve, sized
from tool_runs import FILES, Tool, at, summary

PACKED = sized(gzip.compress(WHOLE), headers=["Content-Encoding: gzip"])
NOTE = "answers came with Content-Encoding: gzip, not asked for"
NOTE_ZH = "有回答带有未请求的 Content-Encoding: gzip"


@pytest.mark.parametrize(("lang", "note"), [("en", NOTE), ("zh", NOTE_ZH)])
@pytest.mark.parametrize("processes", ["1", "2"])
def test_it_is_said_on_the_console_in_json_and_again(
    serve: Serve, tool: Tool, lang: str, note: str, processes: str
) -> None:
    server = serve(PACKED)
    ran = tool(*at(server, "--threads", "2", "--requests", "3", "--processes", processes, "--lang", lang, *FILES))
    assert ran.status == 0
    assert "".join(note.split()) in "".join(ran.out.split())  # wherever the console breaks its lines
    assert any(text.startswith(note) for text in summary()["warnings"])
    again = tool("report", "run.jsonl", "--html-report", "again.html", "--json", "run.json", "--lang", lang)
    assert again.status == 0
    assert any(text.startswith(note) for text in summary()["warnings"])


def test_what_was_asked_for_is_no_news(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(PACKED), "--requests", "3", "-H", "accept-encoding: gzip", *FILES))
    assert ran.status == 0
    assert summary()["warnings"] == []


def test_an_answer_as_it_is_has_no_note(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), "--requests", "3", *FILES))
    assert summary()["warnings"] == []
