"""Where requests go, which format is read, and what the body is."""

from __future__ import annotations

import dataclasses
import json

import certifi
import pytest

from command_lines import CUSTOM, body_of, keyed, parsed, write
from sse_perf_tool.arguments import Address

# --- where to


@pytest.mark.parametrize(
    ("url", "address", "again"),
    [
        ("http://h", Address("http", "h", 80, "/"), "http://h/"),
        ("HTTPS://H.cn:8443/a?b=c#d", Address("https", "h.cn", 8443, "/a?b=c"), "https://h.cn:8443/a?b=c"),
        ("http://[::1]:8000/a", Address("http", "::1", 8000, "/a"), "http://[::1]:8000/a"),
        ("https://h?x=1", Address("https", "h", 443, "/?x=1"), "https://h/?x=1"),
        ("http://服务.cn/路径", Address("http", "服务.cn", 80, "/路径"), "http://服务.cn/路径"),
    ],
)
def test_a_url_is_taken_apart_and_put_together_again(url: str, address: Address, again: str) -> None:
    arguments = keyed("--url", url)
    assert arguments.address == address
    assert arguments.url == again == arguments.config.url


def test_the_certificates_to_trust_are_a_file_or_a_folder() -> None:
    assert keyed("--cacert", certifi.where()).verify == certifi.where()
    assert keyed("--cacert", ".").verify == "."
    assert keyed("--cacert", ".").config.cacert == "."


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_host_is_given_with_or_without_brackets(host: str) -> None:
    assert keyed("--host", host, "--port", "8000").url == "http://[::1]:8000/v1/chat-messages"


def test_the_demo_server_is_put_in_place_of_the_address() -> None:
    arguments = parsed("--demo", "--api-path", "/v1/chat/completions").at("127.0.0.1", 4567)
    assert arguments.url == arguments.config.url == "http://127.0.0.1:4567/v1/chat/completions"
    assert arguments.keys is not None


# --- format and body


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["--api-path", "/v1/chat/completions"], "openai_chat"),
        (["--url", "https://h/v1/messages?beta=1"], "anthropic"),
        (["--api-path", "/own"], None),
        (["--api-path", "/own", "--format", "tgi"], "tgi"),
        (["--api-path", "/v1/chat/completions", *CUSTOM], "custom"),
        (["--format", "custom", "--raw"], "custom"),
    ],
)
def test_the_format_is_that_named_else_that_of_the_url(argv: list[str], name: str | None) -> None:
    row = keyed(*argv).format
    assert (row.name if row else None) == name


@pytest.mark.parametrize(
    ("argv", "field"),
    [
        ([], "response_mode"),
        (["--api-path", "/own"], "response_mode"),
        (["--format", "openai_chat"], "response_mode"),
        (["--api-path", "/own", "--format", "openai_chat"], "messages"),
        (["--api-path", "/v1/chat/completions"], "messages"),
        (["--api-path", "/v1/chat/completions", *CUSTOM], "messages"),
    ],
)
def test_without_a_template_the_body_is_that_of_the_path_then_of_the_format(argv: list[str], field: str) -> None:
    assert field in body_of(keyed(*argv))


def test_the_model_name_goes_into_bodies_that_need_a_model() -> None:
    assert body_of(keyed("--api-path", "/v1/chat/completions", "--model-name", "m"))["model"] == "m"


def test_a_custom_stream_whose_events_matter_is_told_by_their_sse_names() -> None:
    arguments = keyed("--text-path", "choices.0.delta.content", "--end-event", "done")
    assert arguments.options == {
        "fields": {"text": "choices.0.delta.content", "event": "@event"},
        "end_events": ["done"],
    }
    assert arguments.config.format_options == arguments.options


def test_dashscopes_body_says_whether_the_stream_is_cumulative() -> None:
    path = ["--api-path", "/api/v1/services/aigc/text-generation/generation"]
    assert keyed(*path).options == {"incremental_output": True}
    template = write("t.json", '{"parameters": {"incremental_output": false}}')
    assert keyed(*path, "--request-body-file", template).options == {"incremental_output": False}


def test_the_configuration_is_plain_data_that_can_be_copied() -> None:
    config = keyed(*CUSTOM, "--end-event", "x", "--error-code-path", "c", "-H", "X-A: 1", "--cumulative").config
    copied = dataclasses.asdict(config)
    assert copied["format_options"] == {
        "fields": {"text": "a.0.b", "event": "@event"},
        "end_events": ["x"],
        "error_code": {"path": "c", "ok": [0]},
        "cumulative": True,
    }
    assert copied["headers"] == {"X-A": "1"}
    assert json.loads(json.dumps(copied)) == copied
