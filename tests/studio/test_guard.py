"""Who gets past the guard, on every route there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from sse_perf_tool.studio.app import create_app
from sse_perf_tool.studio.guard import POLICY, Door
from sse_perf_tool.studio.settings import Settings
from sse_perf_tool.studio.workspace import Workspace
from studio_server import TOKEN, Studio, running

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("studio"), allow_hosts=("lab.example", "proxy.example:9")) as found:
        yield found


def routes() -> list[tuple[str, str]]:
    app = create_app(Workspace(Settings(Path())), Door("127.0.0.1", 8501))

    def walk(items: list[object]) -> Iterator[tuple[str, str]]:
        for route in items:
            if isinstance(route, APIRoute):
                yield from ((method, route.path) for method in sorted(route.methods))
            elif inner := getattr(getattr(route, "original_router", None), "routes", None):
                yield from walk(inner)
            elif path := getattr(route, "path", None):
                yield from ((method, path) for method in sorted(getattr(route, "methods", None) or {"GET"}))

    return sorted(set(walk(list(app.router.routes))))


ROUTES = routes()


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


def test_the_routes_are_found() -> None:
    assert len(ROUTES) > 30
    assert {("GET", "/api/state"), ("PUT", "/api/env/{name}"), ("GET", "/docs"), ("GET", "/openapi.json")} <= set(
        ROUTES
    )


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_without_the_token(shared: Studio, method: str, path: str) -> None:
    here = f"http://127.0.0.1:{shared.port}"
    answer = shared.ask(method, filled(path), token=None, headers={"Origin": here})
    assert answer.status == 401
    answer = shared.ask(method, filled(path), token="wrong", headers={"Origin": here})
    assert answer.status == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_answers_a_page_of_another_origin(shared: Studio, method: str, path: str) -> None:
    cookie = {"Cookie": f"{shared.door.cookie}={shared.door.secret}"}
    for headers, status in (
        ({"Host": "evil.example"}, 421),
        ({"Host": f"evil.example:{shared.port}"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://localhost:{shared.port + 1}"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ):
        answer = shared.ask(method, filled(path), token=None, headers={**cookie, **headers})
        assert answer.status == status, (headers, answer)
    if method in UNSAFE:
        assert shared.ask(method, filled(path), token=None, headers=cookie).status == 403, "a cookie without an Origin"


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] in UNSAFE])
def test_no_route_takes_a_form(shared: Studio, method: str, path: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        answer = shared.ask(method, filled(path), raw=b"a=b", headers={"Content-Type": kind})
        assert (answer.status, answer.code) == (415, "media_type")
    answer = shared.ask(method, filled(path), raw=b'{"a": 1}')
    assert answer.status == 415, "a body without a type"


def test_the_link_is_changed_for_a_cookie(shared: Studio) -> None:
    answer = shared.ask("GET", f"/?token={TOKEN}", token=None)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} == set(attributes)
    assert TOKEN not in cookie
    assert str(shared.port) in cookie
    assert shared.ask("GET", "/api/health", token=None, headers={"Cookie": f"other=1; {cookie}"}).status == 200
    assert shared.ask("GET", "/?token=wrong", token=None).status == 401
    assert shared.ask("GET", f"/?token={TOKEN}&token={TOKEN}", token=None).status == 401
    assert shared.ask("GET", f"/api/health?token={TOKEN}", token=None).status == 401


def test_the_link_works_when_it_is_followed_in_a_terminal_of_another_site(shared: Studio) -> None:
    answer = shared.ask("GET", f"/?token={TOKEN}", token=None, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert b'http-equiv="refresh"' in answer.body
    assert shared.door.cookie in answer.headers["set-cookie"]
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert shared.ask("GET", "/?token=wrong", token=None, headers=foreign).status == 403
    rebound = {"Host": f"evil.example:{shared.port}"}
    assert shared.ask("GET", f"/?token={TOKEN}", token=None, headers=rebound).status == 421


def test_names_that_are_allowed_are_answered(shared: Studio) -> None:
    for host in ("localhost:{}", "127.0.0.1:{}", "[::1]:{}", "LOCALHOST:{}", "lab.example", "lab.example:{}"):
        answer = shared.ask("GET", "/api/health", headers={"Host": host.format(shared.port)})
        assert answer.status == 200, host
    assert shared.ask("GET", "/api/health", headers={"Host": "proxy.example:9"}).status == 200
    assert shared.ask("GET", "/api/health", headers={"Host": "proxy.example"}).status == 421


def test_every_answer_has_the_headers(shared: Studio) -> None:
    for path, token in (("/", TOKEN), ("/api/health", TOKEN), ("/api/nothing", TOKEN), ("/", None), ("/docs", TOKEN)):
        answer = shared.ask("GET", path, token=token)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
    assert shared.ask("GET", "/api/health").headers["cache-control"] == "no-store"


def test_a_body_that_is_too_large_is_refused(shared: Studio) -> None:
    answer = shared.ask("POST", "/api/jobs", raw=b" " * ((1 << 20) + 1), headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (413, "too_large")


def test_a_refusal_speaks_the_language_of_the_page(shared: Studio) -> None:
    chinese = shared.ask("GET", "/api/health", token=None, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert "终端" in chinese.json["error"]["message"]
    page = shared.ask("GET", "/", token=None)
    assert page.headers["content-type"].startswith("text/html")


def test_no_file_outside_of_the_pages_is_served(shared: Studio) -> None:
    for name in (
        "../server.py",
        "%2e%2e/server.py",
        "..%2fserver.py",
        "/etc/passwd",
        "lib/../../bench/keys.py",
        "lib/x.py",
    ):
        answer = shared.ask("GET", f"/static/{name}")
        assert (answer.status, answer.code) == (404, "not_found"), name


def test_another_start_has_another_token() -> None:
    one, other = Door("127.0.0.1", 8501), Door("127.0.0.1", 8501)
    assert one.token != other.token
    assert one.secret != other.secret
    assert len(one.token) >= 43, "256 bits"
