"""The models that a service says it has."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scripted_server import ScriptedServer, Serve, sized
from studio_server import Studio, empty, running

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("studio"), environ={"A_KEY": KEY}) as found:
        yield found


def told(serve: Serve, document: object, status: str = "200 OK", *headers: str) -> ScriptedServer:
    data = json.dumps(document).encode() if not isinstance(document, bytes) else document
    return serve(sized(data, status=status, kind="application/json", headers=headers))


def provider(studio: Studio, server: ScriptedServer, **fields: str) -> None:
    empty(studio.workspace.settings.folder)
    more = "".join(f"    {name}: {value}\n" for name, value in fields.items())
    head = f"providers:\n  p:\n    api_base: {server.url('/v1')}\n    api_key_env: A_KEY\n"
    studio.workspace.settings.config_path.write_text(f"{head}{more}    models: [{{id: known}}]\n")


def test_the_models_of_a_provider_are_listed_with_its_key(shared: Studio, serve: Serve) -> None:
    rows = [{"id": "known", "max_model_len": 4096}, {"id": "b/c", "context_length": True}, {"name": "n"}, {"id": 7}, 3]
    server = told(serve, {"data": rows})
    provider(shared, server)
    found = shared.ask("POST", "/api/models/discover", {"provider_key": "p"}).json
    assert found["url"] == server.url("/v1/models")
    assert found["models"] == [
        {"id": "known", "context_window": 4096, "known": True},
        {"id": "b/c", "context_window": None, "known": False},
        {"id": "n", "context_window": None, "known": False},
    ]
    assert server.requests[0].header("Authorization") == f"Bearer {KEY}"


def test_an_address_is_asked_without_any_key(shared: Studio, serve: Serve) -> None:
    server = told(serve, {"data": [{"id": "m"}]})
    provider(shared, server)
    found = shared.ask("POST", "/api/models/discover", {"api_base": server.url("/v1")}).json
    assert [model["id"] for model in found["models"]] == ["m"]
    assert KEY not in server.requests[0].head
    assert server.requests[0].line == "GET /v1/models HTTP/1.1"


def test_an_address_is_asked_with_the_key_that_is_to_be_its(shared: Studio, serve: Serve) -> None:
    server = told(serve, {"data": [{"id": "m"}]})
    provider(shared, server)
    base = {"api_base": server.url("/v1"), "api_key": "sk-typed-0123456789"}
    found = shared.ask("POST", "/api/models/discover", base).json
    assert [model["id"] for model in found["models"]] == ["m"]
    assert server.requests[0].header("Authorization") == "Bearer sk-typed-0123456789"
    shared.ask("POST", "/api/models/discover", {**base, "model_prefix": "anthropic"})
    assert server.requests[1].header("x-api-key") == "sk-typed-0123456789"


def test_a_format_that_is_none_is_said(shared: Studio, serve: Serve) -> None:
    base = {"api_base": told(serve, {"data": []}).url("/v1")}
    answer = shared.ask("POST", "/api/models/discover", {**base, "format": "x"})
    assert (answer.status, answer.json["error"]["field"]) == (422, "format")
    assert "openai_chat" in answer.json["error"]["message"]
    assert shared.ask("POST", "/api/models/discover", {**base, "format": ""}).status == 200


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_key_that_is_refused_is_said_with_what_to_do(shared: Studio, serve: Serve, status: str) -> None:
    server = told(serve, {"error": "sk-typed-0123456789"}, status)
    provider(shared, server)
    body = {"api_base": server.url("/v1"), "api_key": "sk-typed-0123456789"}
    answer = shared.ask("POST", "/api/models/discover", body)
    assert (answer.status, answer.code) == (502, "key_refused")
    assert f"valid key (HTTP {status[:3]})" in answer.json["error"]["message"]
    assert b"sk-typed" not in answer.body


@pytest.mark.parametrize(
    ("fields", "line", "document"),
    [
        ({"format": "ollama"}, "GET /api/tags", {"models": [{"name": "m"}]}),
        ({"format": "anthropic"}, "GET /v1/models", {"data": [{"id": "m"}]}),
        ({"model_prefix": "gemini"}, "GET /v1/models", {"models": [{"name": "models/m", "inputTokenLimit": 9}]}),
    ],
)
def test_other_services_list_their_models_elsewhere(
    shared: Studio, serve: Serve, fields: dict[str, str], line: str, document: object
) -> None:
    server = told(serve, document)
    provider(shared, server, **fields)
    if fields.get("format") == "ollama":
        text = shared.workspace.settings.config_path.read_text()
        shared.workspace.settings.config_path.write_text(text.replace("/v1", ""))
    answer = shared.ask("POST", "/api/models/discover", {"provider_key": "p"})
    assert answer.status == 200, answer.body
    assert [model["id"] for model in answer.json["models"]] == ["m"]
    assert server.requests[0].line == f"{line} HTTP/1.1"


@pytest.mark.parametrize("document", [b"<html>", {"error": KEY}, 7, b"[" * 100_000, [[]]])
def test_what_is_no_list_is_said_and_no_key_with_it(shared: Studio, serve: Serve, document: object) -> None:
    provider(shared, told(serve, document))
    answer = shared.ask("POST", "/api/models/discover", {"provider_key": "p"})
    assert answer.status in (200, 502), answer.body
    assert KEY not in answer.body.decode()
    assert answer.json.get("models", []) == []


def test_a_key_does_not_follow_a_redirect(shared: Studio, serve: Serve) -> None:
    other = told(serve, {"data": []})
    provider(shared, told(serve, b"", "302 Found", f"Location: {other.url('/v1/models')}"))
    answer = shared.ask("POST", "/api/models/discover", {"provider_key": "p"})
    assert (answer.status, answer.code) == (502, "unreachable")
    assert other.requests == []


def test_nobody_there_and_wrong_addresses(shared: Studio, serve: Serve) -> None:
    server = told(serve, b"")
    provider(shared, server)
    server.stop()
    assert shared.ask("POST", "/api/models/discover", {"provider_key": "p"}).code == "unreachable"
    for body in ({}, {"provider_key": "p", "api_base": "http://h"}, {"api_base": "file:///etc/passwd"}):
        assert shared.ask("POST", "/api/models/discover", body).status == 422, body
    assert shared.ask("POST", "/api/models/discover", {"provider_key": "nobody"}).status == 404
