"""Keys and headers, and that no secret shows."""

from __future__ import annotations

import dataclasses

import pytest

from command_lines import KEY, KEYED, SECRET, body_of, keyed, parsed, write
from sse_perf_tool.flags import COMMAND


@pytest.mark.parametrize(
    ("argv", "auth"),
    [
        ([], ("Authorization", "Bearer ")),
        (["--api-path", "/own"], ("Authorization", "Bearer ")),
        (["--api-path", "/v1/messages"], ("x-api-key", "")),
        (["-H", "authorization: Basic xxxx"], None),
        (["--api-path", "/v1/messages", "-H", "Authorization: Basic xxxx"], ("x-api-key", "")),
        (["--format", "qianfan"], None),
    ],
)
def test_the_header_of_the_key_is_the_formats_unless_h_gives_it(argv: list[str], auth: tuple[str, str] | None) -> None:
    assert keyed(*argv).auth == auth


@pytest.mark.parametrize(
    "argv",
    [
        ["--format", "ollama"],
        ["-H", "X-Api-Key: abcdef"],
        ["--url", "https://h/v1beta/models/m:streamGenerateContent?alt=sse&key=abcdef"],
    ],
)
def test_no_key_is_needed_when_the_format_takes_none_or_another_secret_is_given(argv: list[str]) -> None:
    arguments = parsed(*argv)
    assert (arguments.keys, arguments.auth) == (None, None)


def test_user_and_password_of_a_url_become_a_header_and_leave_the_url() -> None:
    arguments = parsed("--url", "https://us%65r:pass@h/x")
    assert arguments.headers == {"Authorization": "Basic dXNlcjpwYXNz"}  # base64 of user:pass
    assert arguments.url == "https://h/x"
    assert parsed("--url", "https://user:pass@h/x", "-H", "Authorization: own").headers == {"Authorization": "own"}


@pytest.mark.parametrize(
    "argv",
    [
        ["--api-key", SECRET],
        [f"--api-key=Bearer {SECRET}"],
        ["--api-key-file", "k.txt"],
        ["-H", f"Authorization: Token {SECRET}"],
        [f"--header=X-Api-Key: {SECRET}"],
        ["--url", f"https://h/x?api_key={SECRET}"],
        ["--url", f"https://me:{SECRET}@h/x"],
    ],
)
def test_nothing_that_may_be_shown_holds_a_secret(argv: list[str]) -> None:
    write("k.txt", SECRET)
    arguments = parsed(*argv, "--model-name", "m")
    assert SECRET not in str(dataclasses.asdict(arguments.config))
    if not argv[-1].startswith("https://me"):
        assert SECRET not in arguments.masker(f"the server says: {SECRET} is wrong")


def test_short_keys_do_not_show_in_the_command_line() -> None:
    assert parsed("--api-key", "abc").config.command == f"{COMMAND} --api-key '…'"
    assert parsed("--api-key=abc").config.command == f"{COMMAND} '--api-key=…'"


@pytest.mark.parametrize("value", ["-", "Bearer -"])
def test_a_dash_for_a_key_sends_none(value: str) -> None:
    arguments = parsed("--api-key", value)
    assert (arguments.keys, arguments.auth, arguments.config.api_key) == (None, None, None)
    assert arguments.warnings == ()


def test_a_dash_for_a_key_stays_a_dash_in_the_command_line() -> None:
    assert parsed("--api-key", "-").config.command == f"{COMMAND} --api-key -"
    assert parsed("--api-key=-").config.command == f"{COMMAND} --api-key=-"


def test_a_dash_for_a_key_is_what_a_key_file_that_is_missing_falls_back_to() -> None:
    arguments = parsed("--api-key", "-", "--api-key-file", "no.txt")
    assert arguments.keys is None
    assert arguments.warnings == ("--api-key-file no.txt: no such file; check the path; --api-key is used instead",)


def test_a_key_file_goes_before_a_dash_for_a_key() -> None:
    arguments = parsed("--api-key", "-", "--api-key-file", write("k.txt", KEY))
    assert arguments.keys is not None
    assert arguments.keys.next() == KEY


def test_the_command_line_is_kept_as_typed_but_for_the_key() -> None:
    arguments = keyed("--query", "who are you")
    assert arguments.config.command == f"{COMMAND} --api-key 'app-…4Knu' --query 'who are you'"
    assert arguments.config.api_key == "app-…4Knu"


def test_secrets_in_the_url_of_a_proxy_are_known_too() -> None:
    arguments = parsed(*KEYED, environ={"HTTPS_PROXY": f"http://user:{SECRET}@proxy:3128"})
    assert SECRET not in arguments.masker(f"cannot connect to user:{SECRET}@proxy")


def test_the_body_is_the_one_that_the_path_of_the_url_takes() -> None:
    assert "jsonrpc" in body_of(keyed("--url", "http://h/a2a"))
    assert list(body_of(keyed("--url", "http://h/message:stream"))) == ["message"]
    assert list(body_of(keyed("--url", "http://h/message:stream?key=v"))) == ["message"]
