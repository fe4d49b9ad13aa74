"""The OpenAPI document walked with made-up requests: whatever is sent, the answer is none of 500 or above.

Bodies and parameters are made from the document itself, right ones and wrong ones.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from command_lines import ROOT
from sse_perf_tool.studio.app import create_app
from sse_perf_tool.studio.guard import Door
from sse_perf_tool.studio.settings import Settings
from sse_perf_tool.studio.workspace import Workspace
from studio_server import Studio, running

WORKER = (sys.executable, str(ROOT / "tests" / "helpers" / "fake_worker.py"))
CONFIG = "providers:\n  p:\n    api_base: http://127.0.0.1:9/v1\n    models: [{id: m}]\n"
DOCUMENT = create_app(Workspace(Settings(Path())), Door("127.0.0.1", 8501)).openapi()
EXAMPLES = int(os.environ.get("STUDIO_EXAMPLES", "6"))
"""For each operation; STUDIO_EXAMPLES=300 looks longer."""
STREAMS = {"/api/events", "/api/benchmark"}
OPERATIONS = [
    (method, path)
    for path, methods in sorted(DOCUMENT["paths"].items())
    for method in sorted(methods)
    if path not in STREAMS
]
KNOWN_WORDS = st.sampled_from(["p", "m", "0", "bench", "config.yaml.20260101T000000000Z", "A_KEY", "zh", "none", "x"])
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | KNOWN_WORDS
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][name] if name else schema


def values(schema: dict[str, Any], depth: int = 0) -> SearchStrategy[Any]:
    """Values that a schema allows, for the most part."""
    schema = resolved(schema)
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return st.one_of([values(each, depth + 1) for each in choices])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        return objects(schema, depth)
    if kind == "array":
        return st.lists(values(schema.get("items", {}), depth + 1), max_size=3)
    plain: dict[str, SearchStrategy[Any]] = {
        "string": ANY_TEXT,
        "integer": st.integers(-2, 5) | st.integers(),
        "number": st.floats() | st.integers(-1, 3),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return plain.get(kind, JUNK)


def objects(schema: dict[str, Any], depth: int) -> SearchStrategy[Any]:
    needed = schema.get("required", [])
    fields = {name: values(each, depth + 1) for name, each in schema.get("properties", {}).items()}
    if not fields:
        inner = schema.get("additionalProperties")
        return st.dictionaries(ANY_TEXT, values(inner if isinstance(inner, dict) else {}, depth + 1), max_size=3)
    return st.fixed_dictionaries(
        {name: fields[name] for name in needed}, optional={name: fields[name] for name in fields if name not in needed}
    )


@st.composite
def requests(draw: st.DrawFn, method: str, path: str) -> tuple[str, dict[str, str], bytes | None]:
    """(path with its parameters, headers, body) of a request to an operation."""
    operation = DOCUMENT["paths"][path][method]
    query, headers = {}, {}
    for parameter in operation.get("parameters", []):
        value = draw(values(parameter["schema"]) | ANY_TEXT)
        text = json.dumps(value) if not isinstance(value, str) else value
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(text or "x", safe=""))
        elif parameter["in"] == "query" and draw(st.booleans()):
            query[parameter["name"]] = text
        elif parameter["in"] == "header" and draw(st.booleans()):
            headers[parameter["name"]] = quote(text)
    body = None
    if content := operation.get("requestBody", {}).get("content"):
        schema = content["application/json"]["schema"]
        body = draw(st.one_of(values(schema), values(schema), values(schema), JUNK))
    data = None if body is None else json.dumps(body).encode()
    return path + ("?" + urlencode(query) if query else ""), headers, data


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    (folder / "config.yaml").write_text(CONFIG)
    with running(folder, worker=WORKER, tool=(sys.executable, "-c", "")) as found:
        yield found


def test_the_document_has_every_operation() -> None:
    assert len(OPERATIONS) > 28


@pytest.mark.not_measured
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_request_makes_the_server_fail(shared: Studio, method: str, path: str) -> None:
    config = shared.workspace.settings.config_path
    texts = [CONFIG, "providers: [\n", "defaults: 3\n"]

    examples = min(EXAMPLES, 3) if path == "/api/check" else EXAMPLES  # each starts a process

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
    )
    @given(requests(method, path), st.sampled_from([0, 0, 0, 1, 2]), st.booleans())
    def walk(asked: tuple[str, dict[str, str], bytes | None], which: int, knows: bool) -> None:
        config.write_text(texts[which])
        target, headers, data = asked
        if knows:
            headers = {**headers, "If-Match": shared.workspace.config.read("en").etag}
        kind = {"Content-Type": "application/json"} if data is not None else {}
        answer = shared.ask(method.upper(), target, raw=data, headers={**headers, **kind})
        known = DOCUMENT["paths"][path][method]["responses"]
        # 502 is what a service that cannot be reached comes to, as the address of the config is one.
        assert answer.status < 500 or (answer.status == 502 and path == "/api/models/discover"), (asked, answer)
        if answer.status >= 400:
            assert set(answer.json["error"]) == {"code", "message", "field", "hint"}
        else:
            assert str(answer.status) in known, (asked, answer)

    walk()


@pytest.mark.parametrize(
    "data", [b"{", b"\xff", b"[" * 5000, b'{"kind": "\\ud800"}', b"1e999", b"NaN", b'{"a":' * 500, b"null", b'"x"']
)
@pytest.mark.parametrize("path", ["/api/jobs", "/api/plan", "/api/benchmark", "/api/models/discover"])
def test_a_body_that_is_no_json_is_refused(shared: Studio, path: str, data: bytes) -> None:
    answer = shared.ask("POST", path, raw=data, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422), answer
    assert set(answer.json["error"]) == {"code", "message", "field", "hint"}
