"""`/docs`: every path, made from the OpenAPI document, as a page that needs no other host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
body{color:#222;background:#fff}
h2{font:600 1rem ui-monospace,monospace;margin:2rem 0 .5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}th,td{border-color:#444}a{color:#8cf}}
"""

Document = Mapping[str, Any]


def docs_page(document: Document) -> str:
    """HTML with each path, its method, its parameters and the fields of its body."""
    title = escape(document["info"]["title"])
    parts = (
        "".join(_operation(document, path, method, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><link rel="stylesheet" href="docs.css">'
        f'<h1>{title}</h1><p>The same as <a href="openapi.json">OpenAPI</a>.</p>{"".join(parts)}</html>'
    )


def _operation(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    yield f"<h2>{escape(method.upper())} {escape(path)}</h2><p>{escape(operation.get('description', ''))}</p>"
    rows = [
        (f"{each['name']} ({each['in']})", _type(document, each.get("schema", {})), each.get("required", False), "")
        for each in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    rows += list(_fields(document, body)) if body is not None else []
    if rows:
        yield "<table><tr><th>field</th><th>type</th><th></th></tr>"
        for name, kind, needed, default in rows:
            said = "required" if needed else escape(default)
            yield f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{said}</td></tr>"
        yield "</table>"


def _fields(document: Document, body: Document) -> Iterator[tuple[str, str, bool, str]]:
    for schema in _choices(document, body):
        needed = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            default = "" if field.get("default") is None else json.dumps(field["default"], ensure_ascii=False)
            yield name, _type(document, field), name in needed, default


def _choices(document: Document, schema: Document) -> list[Document]:
    """The objects that a body may be."""
    schema = _resolved(document, schema)
    choices = schema.get("oneOf") or schema.get("anyOf")
    return [_resolved(document, each) for each in choices] if choices else [schema]


def _resolved(document: Document, schema: Document) -> Document:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Document = document["components"]["schemas"][name] if name else schema
    return found


def _type(document: Document, field: Document) -> str:
    for several in ("anyOf", "oneOf"):
        if several in field:
            return " or ".join(_type(document, each) for each in field[several])
    if "$ref" in field:
        return str(_resolved(document, field).get("title", "object"))
    if "const" in field:
        return json.dumps(field["const"])
    if "enum" in field:
        return " or ".join(map(json.dumps, field["enum"]))
    if field.get("type") == "array":
        return f"array of {_type(document, field.get('items', {}))}"
    return str(field.get("type", "any"))
