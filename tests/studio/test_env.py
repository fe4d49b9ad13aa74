"""The keys in `.env`: written, never shown, and nothing else of the file changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_server import Studio, empty, running

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("studio"), environ={"FROM_ENV": KEY}) as found:
        yield found


@pytest.fixture
def here(shared: Studio) -> Studio:
    settings = shared.workspace.settings
    empty(settings.folder)
    settings.config_path.write_text("providers:\n  a:\n    api_key_env: A_KEY\n    models: [{id: gpt-4o}]\n")
    return shared


def env_of(studio: Studio) -> str:
    return studio.workspace.settings.env_path.read_text()


def test_a_key_is_set_and_shown_masked(here: Studio) -> None:
    (wanted,) = here.get("/api/env")["variables"]
    assert wanted == {"name": "A_KEY", "set": False, "source": None, "masked": None, "used_by": ["a"], "editable": True}
    assert here.ask("PUT", "/api/env/A_KEY", {"value": KEY}).status == 204
    (shown,) = here.get("/api/env")["variables"]
    assert (shown["set"], shown["source"], shown["masked"]) == (True, "file", "sk-…cdef")
    assert env_of(here) == f"A_KEY='{KEY}'\n"
    assert here.workspace.settings.env_path.stat().st_mode & 0o777 == 0o600
    assert "A_KEY" not in os.environ
    assert here.ask("DELETE", "/api/env/A_KEY").status == 204
    assert env_of(here) == ""
    assert here.ask("DELETE", "/api/env/A_KEY").status == 404


@pytest.mark.parametrize(
    "text",
    [
        "# mine\nexport A_KEY=old\nB='x # y'\n",
        "A_KEY=old # why\n\nB=1",
        'B="two\nlines"\nA_KEY=old\n',
        "A_KEY=1\nB=2\nA_KEY=3\n",
        "B=${A_KEY}\nA_KEY=x\n",
    ],
)
def test_the_rest_of_the_file_stays(here: Studio, text: str) -> None:
    path = here.workspace.settings.env_path
    path.write_text(text)
    path.chmod(0o640)
    before = here.workspace.env.values()
    assert here.ask("PUT", "/api/env/A_KEY", {"value": 'it\'s "new" $HOME \\ #'}).status == 204
    assert here.workspace.env.values() == {**before, "A_KEY": 'it\'s "new" $HOME \\ #'}
    assert ("export A_KEY" in path.read_text()) == ("export" in text)
    assert "# mine" in path.read_text() or "# mine" not in text
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_one(here: Studio, tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("B=1\n")
    here.workspace.settings.env_path.symlink_to(tmp_path / "secrets")
    assert here.ask("PUT", "/api/env/A_KEY", {"value": KEY}).status == 204
    assert here.workspace.settings.env_path.is_symlink()
    assert KEY in (tmp_path / "secrets").read_text()


@pytest.mark.parametrize("value", ["a\nB=1", "a\rb", "a\x00b", "sk-…cdef", "…", "   ", "", "\ud800", "a\u2028b"])
def test_what_is_no_key_is_refused(here: Studio, value: str) -> None:
    assert here.ask("PUT", "/api/env/A_KEY", {"value": value}).status == 422
    assert not here.workspace.settings.env_path.exists()


@pytest.mark.parametrize("name", ["1A", "A-B", "A%20B", "%2e%2e", "A" * 101])
def test_what_is_no_name_is_refused(here: Studio, name: str) -> None:
    assert here.ask("PUT", f"/api/env/{name}", {"value": KEY}).status == 422


def test_the_environment_goes_before_the_file(here: Studio) -> None:
    here.workspace.settings.env_path.write_text("FROM_ENV=other\n")
    shown = {each["name"]: each for each in here.get("/api/env")["variables"]}
    assert (shown["FROM_ENV"]["source"], shown["FROM_ENV"]["editable"]) == ("env", False)
    answer = here.ask("PUT", "/api/env/FROM_ENV", {"value": "x"})
    assert (answer.status, answer.code) == (409, "set_by_environment")


def test_a_file_that_cannot_be_read_is_said(here: Studio) -> None:
    here.workspace.settings.env_path.write_text("A=1\nfoo bar\n")
    assert "2" in here.get("/api/env")["problem"]
    here.workspace.settings.env_path.write_bytes(b"A=\xff\n")
    assert here.get("/api/env")["problem"] is not None
    assert here.ask("PUT", "/api/env/A_KEY", {"value": KEY}).code == "read_only"
