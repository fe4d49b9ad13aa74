"""No secret leaves memory, however it was given: settings, command line, error lines, what a server echoes."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from command_lines import keyed, parsed, problem, write
from sse_perf_tool.masking import KNOWN_SCHEMES, SECRET_PARTS, SECRET_WORDS

S = "Zq7Wx9Lm2Kp4Vt6R"
"""A secret."""
SHORT = "Zq7W"

GIVEN = [
    ["-H", f"Cookie: theme=dark; sid={S}; lone"],
    ["-H", f"Cookie: a={S}; b=2"],
    [f"-HCookie: a={S}"],
    ["-H", f'Authorization: Digest username="u", realm="r", nonce="{S}", uri="/", response="{S}", qop=auth'],
    ["-H", f"Authorization: AWS4-HMAC-SHA256 Credential={S}/20250101/eu/s3/aws4_request, Signature={S}"],
    ["-H", f"Authorization: {S} abc"],
    ["-H", f"Authorization: Unheard {S}"],
    ["-H", f"Proxy-Authorization: Basic {S}"],
    ["-H", f"X-Whatever: Bearer {S}"],
    ["-H", f"Referer: https://h/?sig={S}"],
    ["-H", f"X-Tenant: {S}", "--secret-header", "x-tenant"],
    ["--api-path", f"/v1/chat?sig={S}"],
    ["--api-path", f"/v1/chat;jsessionid={S}?a=1"],
    ["--api-path", f"/v1/bot/sk-{S}/chat"],
    ["--url", f"https://me:{S}@h/x"],
    ["--url", f"https://h/x?code={S}&pass={S}&pwd={S}"],
    ["--url", f"https://h/x;jsessionid={S}"],
    ["--url", f"https://h/x?%73ig={S}"],
]  # fmt: skip


@pytest.mark.parametrize("argv", GIVEN, ids=" ".join)
def test_what_was_given_is_masked_in_settings_command_and_texts(argv: list[str]) -> None:
    arguments = keyed(*argv)
    assert S not in str(dataclasses.asdict(arguments.config))
    secret = f"sk-{S}" if "/bot/" in argv[-1] else S
    for echo in (secret, f"bad credentials: {secret}!", f'{{"error": "{secret}"}}'):
        assert S not in arguments.masker(echo)
    shown = parsed("--api-key", "-", *argv, "--print-config").text
    assert S not in shown
    assert "…" in shown


@pytest.mark.parametrize("argv", GIVEN, ids=" ".join)
def test_secrets_too_short_to_be_looked_for_are_masked_where_they_stand(argv: list[str]) -> None:
    short = [word.replace(S, SHORT[:3]) for word in argv if "/bot/" not in word]
    if len(short) == len(argv):
        assert SHORT[:3] not in str(dataclasses.asdict(keyed(*short).config))


def test_names_of_cookies_and_of_parameters_and_a_known_scheme_stay() -> None:
    headers = keyed(
        "-H", f"Cookie: theme=dark; sid={S}", "-H", f'Authorization: Digest username="u", response="{S}"'
    ).config.headers  # fmt: skip
    assert headers == {"Cookie": f"theme=…; sid=…{S[-4:]}",
                       "Authorization": f"Digest username=…, response=…{S[-4:]}"}  # fmt: skip


@pytest.mark.parametrize(
    "argv",
    [
        ["--url", f"me:{S}@h/x"],
        ["--url", f"htps://me:{S}@h/x"],
        ["--url", f"https//me:{S}@h/x"],
        ["--url", f"https://me:{S}@h:99999/x"],
        ["--url", f"https://me:pa/{S}@h/x"],
        ["--url", f"https://me:p@{S}@h:x/"],
        ["--url", f"h/x?sig={S}"],
        ["--url", f"Authorization: Bearer {S}"],
        ["--url", f"sk-{S}"],
        ["--host", f"me:{S}@h"],
        ["--host", f"me:{S}@h:80"],
        ["--host", f"https://h/?key={S}"],
        ["--api-path", f"v1?key={S}"],
        ["--api-path", f"me:{S}@h/v1"],
        ["--api-path", f"/v1?key={S} x"],
        ["-H", f"Authorization Bearer {S}"],
        ["-H", f"Authorization={S}"],
        ["-H", f"Authorization : {S}"],
        ["-H", f"Cookie: a={S}\nb=2"],
        ["--header", S],
        ["--secret-header", f"X-Tenant: Bearer {S}"],
        ["--api-key", "Bearer", S],
        ["--api-key", "my", S],
        ["--api-key", f"{S} {S}"],
        [f"--api-key{S}"],
        [f"--api-key:{S}"],
        [f"--apikey{S}"],
        [f"--{S}"],
        [S],
        ["Bearer", S],
        ["--threads", f"api_key={S}"],
        ["--threads", f"Bearer {S}"],
        ["--format", f"sk-{S}"],
        ["--lang", f"token: {S}"],
        ["--threshold", f"key={S}"],
        ["--slo", f"password:{S}"],
        ["--context-tiers", f"1,secret={S}"],
        ["report", "--api-key", S],
        ["calibrate", "--api-key", S],
    ],
    ids=" ".join,
)  # fmt: skip
def test_input_that_cannot_be_read_shows_no_secret(argv: list[str]) -> None:
    assert S[:6] not in problem(*argv)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.yaml", f"api-key: [{S}\nx: }}"),
        ("b.yaml", f'api-key: "{S}\n'),
        ("c.toml", f'api-key = "{S}\n'),
        ("d.toml", f"api-key = {S}"),
        ("e.json", f'{{"api-key": {S}}}'),
        ("f.toml", f'api-kye = "{S}"'),
        ("g.toml", f'"sk-{S}" = 1'),
        ("h.toml", f'url = "me:{S}@h"'),
        ("i.toml", f'header = "Authorization {S}"'),
        ("j.yaml", f"header: ['Cookie a={S}']"),
        ("k.yaml", f"threads: 'token={S}'"),
        ("l.json", f'{{"sk-{S}": 1, "sk-{S}": 2}}'),
        ("m.toml", f"[{S}]\n[{S}]"),
    ],
)
def test_a_file_that_cannot_be_read_shows_no_secret(name: str, content: str) -> None:
    write(name, content)
    assert S not in problem("--config", name)


@pytest.mark.parametrize(
    "environ",
    [
        {"SSE_PERF_URL": f"me:{S}@h"},
        {"SSE_PERF_HEADER": f"Authorization {S}"},
        {"SSE_PERF_THREADS": f"key={S}"},
        {"SSE_PERF_API_KEY": f"{S} {S}"},
    ],
    ids=str,
)
def test_an_environment_that_cannot_be_read_shows_no_secret(environ: dict[str, str]) -> None:
    assert S not in problem(environ=environ)


@pytest.mark.parametrize("proxy", [f"http://me:{S}@p:1", f"me:{S}@p:1", f"//me:{S}@p:1"])
def test_the_password_of_a_proxy_is_known_with_and_without_scheme(proxy: str) -> None:
    assert S not in parsed("--api-key", "-", environ={"HTTP_PROXY": proxy}).masker(S)


def test_secrets_of_a_body_template_are_known() -> None:
    write("body.json", f'{{"query": "{{query}}", "auth": {{"app_secret": "{S}"}}, "max_tokens": "{S[::-1]}"}}')
    masker = keyed("--request-body-file", "body.json").masker
    assert S not in masker(f"echo {S}")
    assert masker(f"echo {S[::-1]}") == f"echo {S[::-1]}"


def test_the_docs_say_by_which_words_names_are_known() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/usage.md").read_text(encoding="utf-8")
    section = page.partition("## What is secret")[2].partition("\n## ")[0]
    said = re.findall(r"`([a-z0-9-]+)`", section)
    assert [word for word in (*SECRET_PARTS, *SECRET_WORDS, *KNOWN_SCHEMES) if word not in said] == []
