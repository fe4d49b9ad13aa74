"""A URL without an endpoint: what the server is asked, and what follows from its answers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from command_lines import KEY, NOON, body_of
from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.arguments.endpoint import Reply
from sse_perf_tool.errors import UsageError

MODELS = Reply(200, {"object": "list", "data": [{"id": "qwen"}, {"id": "llama"}]})
NOTHING = Reply(404)


class Server:
    """Answers by path, and notes what it was asked."""

    def __init__(self, **replies: Reply) -> None:
        self._replies = {f"/{name.replace('_', '/')}": reply for name, reply in replies.items()}
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []

    def __call__(self, url: str, headers: Mapping[str, str], _verify: bool | str) -> Reply:
        path = url.removeprefix("http://h:8000")
        self.asked.append(path)
        self.headers.append(headers)
        return self._replies.get(path, NOTHING)


def parsed(server: Server, *argv: str) -> Arguments:
    return parse_arguments(argv, {}, lambda: NOON, server)


def problem(server: Server, *argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        parsed(server, *argv)
    return str(caught.value)


@pytest.mark.parametrize("base", ["http://h:8000", "http://h:8000/", "http://h:8000/v1", "h:8000/v1/"])
def test_a_server_that_lists_its_models_is_tested_with_the_first_and_without_a_key(base: str) -> None:
    server = Server(v1_models=MODELS)
    arguments = parsed(server, base)
    assert server.asked == ["/v1/models"], "one GET"
    assert arguments.url == "http://h:8000/v1/chat/completions"
    assert body_of(arguments)["model"] == "qwen"
    assert arguments.keys is None
    assert arguments.notes == ("/v1/chat/completions, model qwen, the first of 2 (GET /v1/models; another: --model)",)
    again = parsed(server, *(f"--{key.replace('_', '-')}={value}" for key, value in arguments.config.flags.items()))
    assert (again.url, body_of(again)) == (arguments.url, body_of(arguments))
    assert len(server.asked) == 1, "what was found is written down"


def test_a_prefix_before_v1_stays() -> None:
    server = Server(openai_v1_models=MODELS)
    assert parsed(server, "http://h:8000/openai/v1", "--model", "mine").url.endswith(":8000/openai/v1/chat/completions")
    assert server.asked == ["/openai/v1/models"]


def test_a_model_that_was_named_stays_and_the_key_is_shown_to_the_server() -> None:
    server = Server(v1_models=MODELS)
    arguments = parsed(server, "http://h:8000", "--api-key", KEY, "--model", "mine")
    assert body_of(arguments)["model"] == "mine"
    assert server.headers == [{"Authorization": f"Bearer {KEY}"}]
    assert arguments.keys is not None


def test_a_server_that_wants_a_key_is_one_of_models() -> None:
    server = Server(v1_models=Reply(401, {"error": {"message": "no key"}}))
    assert problem(server, "http://h:8000").startswith("--api-key: missing")
    assert parsed(server, "http://h:8000", "--api-key", KEY).url.endswith("/v1/chat/completions")


def test_dify_is_known_by_its_health() -> None:
    server = Server(health=Reply(200, {"pid": 1, "status": "ok", "version": "1.9.0"}))
    arguments = parsed(server, "http://h:8000", "--api-key", KEY)
    assert server.asked == ["/v1/models", "/health"]
    assert (arguments.url, arguments.format and arguments.format.name) == ("http://h:8000/v1/chat-messages", "dify")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (NOTHING, "/v1/models gave status 404"),
        (Reply(200, ["x"]), "/v1/models gave no list of models"),
        (Reply(None, reason="refused"), "no answer: connection refused"),
    ],
)
def test_a_server_that_does_not_tell_gets_a_question(reply: Reply, why: str) -> None:
    assert problem(Server(v1_models=reply), "http://h:8000", "--api-key", KEY) == (
        "URL http://h:8000: names a server, but no endpoint; did you mean http://h:8000/v1/chat/completions? "
        f"({why}; to test this very path, name its --format)"
    )


def test_in_chinese_likewise() -> None:
    assert "是否想用 http://h:8000/v1/chat/completions？" in problem(Server(), "http://h:8000", "--lang", "zh")


def test_a_host_that_says_which_api_it_is_is_not_asked() -> None:
    server = Server()
    said = problem(server, "https://api.anthropic.com", "--api-key", KEY)
    assert "did you mean https://api.anthropic.com/v1/messages?" in said
    assert server.asked == []


@pytest.mark.parametrize(
    "argv",
    [
        ("http://h:8000/v1/chat/completions",),
        ("http://h:8000/gateway",),
        ("http://h:8000/", "--format", "openai_chat"),
        ("http://h:8000/", "--text-path", "a"),
        ("http://h:8000/?x=1",),
        ("--host", "h", "--port", "8000"),
        ("--demo",),
    ],
)
def test_an_endpoint_or_a_format_that_was_named_is_not_asked_about(argv: tuple[str, ...]) -> None:
    server = Server()
    parsed(server, *argv, "--api-key", KEY)
    assert server.asked == []


def test_a_base_path_without_a_url_is_asked_about_too() -> None:
    server = Server(v1_models=MODELS)
    arguments = parsed(server, "--host", "h", "--port", "8000", "--api-path", "/v1")
    assert arguments.url == "http://h:8000/v1/chat/completions"
    assert arguments.config.flags["api_path"] == "/v1/chat/completions"


def test_what_a_server_says_of_its_models_is_not_trusted() -> None:
    bad = Reply(200, {"data": [{"id": "\x1b[2J"}, {"id": 7}, "x", {"id": "m" * 500}, {"id": "good"}]})
    assert body_of(parsed(Server(v1_models=bad), "http://h:8000"))["model"] == "good"
