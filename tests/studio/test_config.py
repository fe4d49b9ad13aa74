"""`config.yaml` in the page: shown without secrets, changed under its ETag, kept as it was before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from studio_server import Answer, Studio, empty, running

SECRET = "sk-canary-0123456789abcdef"
TEXT = f"""\
# ours
defaults:
  max_tokens: 64
providers:
  local:   # the lab
    api_base: http://user:{SECRET}@localhost:8000/v1
    api_key_env: LAB_KEY
    headers: {{X-Api-Key: {SECRET}, X-Team: a}}
    models:
      - id: a/b
      - id: bedrock/m
  open:
    api_key: {SECRET}
    models:
      - id: gpt-4o
        context_window: 128000
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with running(folder, environ={"IN_ENV": "value-of-the-environment"}) as found:
        yield found


@pytest.fixture
def studio(shared: Studio) -> Studio:
    """A studio whose folder is empty."""
    empty(shared.workspace.settings.folder)
    return shared


@pytest.fixture
def here(studio: Studio) -> Studio:
    studio.workspace.settings.config_path.write_text(TEXT)
    return studio


def file_of(studio: Studio) -> str:
    return studio.workspace.settings.config_path.read_text()


def change(studio: Studio, method: str, path: str, body: Any = None, etag: str | None = None, **more: Any) -> Answer:
    etag = studio.get("/api/config")["etag"] if etag is None else etag
    return studio.ask(method, f"/api/config{path}", body, headers={"If-Match": etag}, **more)


def test_a_config_is_shown_with_where_its_keys_come_from(here: Studio) -> None:
    shown = here.get("/api/config")
    local, other = shown["providers"]
    assert (shown["exists"], shown["read_only"], shown["problem"]) == (True, False, None)
    assert {name: value for name, value in shown["defaults"].items() if name != "prompt"} == {
        "max_tokens": 64,
        "temperature": None,
        "context_tiers": [0],
        "runs": 3,
    }
    assert (local["key"], local["line"], local["key_names"], local["key_state"]) == (
        "local",
        5,
        ["LAB_KEY"],
        "not_needed",
    )
    assert [model["format"] for model in local["models"]] == ["openai_chat", "litellm"]
    assert local["models"][0]["url"] == "http://…@localhost:8000/v1/chat/completions"
    assert (other["key_state"], other["literal_key"], other["line"]) == ("literal", True, 12)
    assert SECRET not in str(shown)
    here.ask("PUT", "/api/env/LAB_KEY", {"value": "sk-1234567890abcdef"})
    assert here.get("/api/config")["providers"][0]["key_state"] == "set"


def test_without_a_file_there_is_an_empty_config(studio: Studio) -> None:
    shown = studio.get("/api/config")
    assert (shown["exists"], shown["etag"], shown["providers"]) == (False, '"none"', [])
    body = {"key": "lm", "api_base": "http://localhost:1234/v1", "models": [{"id": "m", "context_window": 4096}]}
    answer = change(studio, "POST", "/providers", body)
    assert answer.status == 201
    assert file_of(studio).splitlines() == [
        "providers:",
        "  lm:",
        "    api_base: http://localhost:1234/v1",
        "    models:",
        "    - id: m",
        "      context_window: 4096",
    ]
    assert studio.get("/api/config")["etag"] == answer.json["etag"]
    assert studio.workspace.settings.config_path.stat().st_mode & 0o777 == 0o600


def test_a_change_needs_the_etag_of_what_it_was_made_from(here: Studio) -> None:
    assert here.ask("PUT", "/api/config/defaults", {"runs": 5}).code == "needs_if_match"
    assert change(here, "PUT", "/defaults", {"runs": 5}, etag='"other"').code == "changed"
    assert file_of(here) == TEXT
    old = here.get("/api/config")["etag"]
    answer = change(here, "PUT", "/defaults", {"runs": 5, "max_tokens": None})
    assert answer.status == 200
    assert "  max_tokens: 64\n" not in file_of(here)
    assert here.get("/api/config")["defaults"]["runs"] == 5
    assert change(here, "PUT", "/defaults", {"runs": 6}, etag=old).status == 412


def test_a_preview_says_what_would_change_and_changes_nothing(here: Studio) -> None:
    answer = change(here, "DELETE", "/providers/local?preview=true")
    assert (answer.status, answer.json["preview"]) == (200, True)
    assert answer.json["lost"] == ["# the lab"]
    assert "-  local:   # the lab\n" in answer.json["diff"]
    assert SECRET not in answer.body.decode()
    assert file_of(here) == TEXT
    assert here.get("/api/config/backups")["backups"] == []


@pytest.mark.not_measured
def test_the_last_texts_are_kept_and_can_be_put_back(here: Studio) -> None:
    for runs in range(1, 26):
        assert change(here, "PUT", "/defaults", {"runs": runs}).status == 200
    kept = here.get("/api/config/backups")["backups"]
    assert len(kept) == 20
    assert len({each["name"] for each in kept}) == 20
    shown = here.get(f"/api/config/backups/{kept[-1]['name']}")
    assert "-  runs: 5" in shown["diff"]
    assert "+  runs: 25" in shown["diff"]
    assert change(here, "POST", f"/backups/{kept[-1]['name']}/restore").status == 200
    assert here.get("/api/config")["defaults"]["runs"] == 5
    for name in ("..", "config.yaml.20260101T000000000Z", "x", "config.yaml"):
        assert change(here, "POST", f"/backups/{name}/restore").status == 404


def test_providers_and_models_are_added_changed_and_removed(here: Studio) -> None:
    assert change(here, "POST", "/providers", {"key": "local"}).code == "exists"
    assert change(here, "PUT", "/providers/nobody", {}).status == 404
    assert change(here, "PUT", "/providers/open", {"display_name": "Open"}).status == 200
    assert change(here, "POST", "/providers/open/models", {"id": "gpt-5", "skip_temperature": True}).status == 201
    assert change(here, "PUT", "/providers/open/models/0?id=gpt-4o", {"context_window": None}).status == 200
    assert change(here, "DELETE", "/providers/local/models/0?id=bedrock/m").status == 404, "another model is there"
    assert change(here, "DELETE", "/providers/local/models/0?id=a/b").status == 200
    local, other = here.get("/api/config")["providers"]
    assert [model["id"] for model in local["models"]] == ["bedrock/m"]
    assert other["display_name"] == "Open"
    assert [(m["id"], m["skip_temperature"]) for m in other["models"]] == [("gpt-4o", False), ("gpt-5", True)]
    assert change(here, "DELETE", "/providers/local").status == 200
    assert file_of(here).startswith("# ours\ndefaults:\n  max_tokens: 64\nproviders:\n  open:\n")
    assert change(here, "DELETE", "/providers/open").status == 200
    assert here.get("/api/config")["providers"] == []


def test_several_models_are_one_change_which_is_shown_before(here: Studio) -> None:
    models = {"models": [{"id": "o3", "context_window": 200_000}, {"id": "o4-mini", "context_window": None}]}
    shown = change(here, "POST", "/providers/open/models/several?preview=true", models).json["diff"]
    assert [line for line in shown.splitlines()[2:] if line[0] in "+-"] == [
        "+      - id: o3",
        "+        context_window: 200000",
        "+      - id: o4-mini",
    ]
    assert file_of(here) == TEXT
    assert change(here, "POST", "/providers/open/models/several", models).status == 201
    assert [m["id"] for m in here.get("/api/config")["providers"][1]["models"]] == ["gpt-4o", "o3", "o4-mini"]
    assert len(here.get("/api/config/backups")["backups"]) == 1
    assert change(here, "POST", "/providers/open/models/several", {"models": []}).status == 422


def test_what_the_page_shows_masked_stays_as_it_is_when_it_comes_back(here: Studio) -> None:
    local = here.get("/api/config")["providers"][0]
    body = {"api_base": local["api_base"], "headers": {**local["headers"], "X-Team": "b"}}
    assert change(here, "PUT", "/providers/local", body).status == 200
    assert file_of(here).count(SECRET) == TEXT.count(SECRET)
    assert "X-Team: b" in file_of(here)


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("open", {"api_base": "https://evil.example/v1"}),
        ("local", {"api_base": "https://evil.example/v1"}),
        ("local", {"api_key_env": "IN_ENV"}),
    ],
)
def test_a_key_goes_to_another_host_only_when_that_is_confirmed(here: Studio, key: str, body: dict[str, Any]) -> None:
    assert change(here, "PUT", f"/providers/{key}", body).code == "key_would_move"
    assert file_of(here) == TEXT
    assert change(here, "PUT", f"/providers/{key}", {**body, "confirm_key_move": True}).status == 200


def test_a_new_provider_with_a_key_that_is_set_is_confirmed_too(here: Studio) -> None:
    body = {"key": "evil", "api_base": "https://evil.example", "api_key_env": "IN_ENV"}
    assert change(here, "POST", "/providers", body).code == "key_would_move"
    assert change(here, "POST", "/providers", {**body, "api_key_env": "NOT_SET"}).status == 201


def test_a_key_in_the_file_moves_to_the_env_file(here: Studio) -> None:
    answer = change(here, "POST", "/providers/open/key-to-env", {"name": "OPEN_KEY"})
    assert answer.status == 200
    assert "api_key_env: OPEN_KEY" in file_of(here)
    assert f"api_key: {SECRET}" not in file_of(here)
    assert here.workspace.env.values() == {"OPEN_KEY": SECRET}
    assert SECRET not in answer.body.decode()
    assert change(here, "POST", "/providers/local/key-to-env", {"name": "X"}).status == 404


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("providers:\n  a:\n\tb: 1\n", 3, 1),
        ("providers:\n  a: {}\n  a: {}\n", 3, 3),
        ("providers:\n  a:\n    models:\n    - id: m\n    - context_window: x\n", 5, 7),
        ("providers:\n  a:\n    models:\n    - id: m\n    - id: n\n      context_window: x\n", 6, 7),
        ("defaults:\n  runs: 0\nproviders: {}\n", 2, 3),
        ("- 1\n", 1, 1),
        ("a\xff", 1, 1),
    ],
)
def test_a_file_that_cannot_be_read_is_shown_with_its_place_and_not_changed(
    studio: Studio, text: str, line: int, column: int
) -> None:
    path = studio.workspace.settings.config_path
    path.write_bytes(text.encode("latin-1"))
    shown = studio.get("/api/config")
    assert (shown["read_only"], shown["problem"]["line"], shown["problem"]["column"]) == (True, line, column)
    assert change(studio, "PUT", "/defaults", {"runs": 1}).code == "read_only"
    assert path.read_bytes() == text.encode("latin-1")


def test_what_the_engine_would_not_read_is_not_written(here: Studio) -> None:
    answer = change(here, "PUT", "/providers/local", {"format": "smoke-signals"})
    assert (answer.status, answer.code) == (422, "invalid")
    assert "smoke-signals" in answer.json["error"]["message"]
    assert change(here, "PUT", "/providers/open", {"api_base": "file:///etc", "confirm_key_move": True}).status == 422
    assert file_of(here) == TEXT


def test_a_folder_that_takes_no_file_is_said(here: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device", "config.yaml")

    monkeypatch.setattr("sse_perf_tool.studio.files.config_file.write_atomically", full)
    answer = change(here, "PUT", "/defaults", {"runs": 9})
    assert (answer.status, answer.code) == (409, "unwritable")
    assert "No space left" in answer.json["error"]["message"]
