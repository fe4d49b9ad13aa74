"""`/docs`: what the server takes, as a page that needs no other host, made from the OpenAPI document."""

from __future__ import annotations

from html import escape
from typing import Any

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h2{font:600 1rem ui-monospace,monospace;margin:2rem 0 .5rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}th,td{border-color:#444}}"
)


def docs_page(document: dict[str, Any]) -> str:
    """HTML with each path, its method and the fields of its body."""
    title = escape(document["info"]["title"])
    parts = [_operation(document, path, method, operation)
             for path, methods in document["paths"].items() for method, operation in methods.items()]  # fmt: skip
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f'<h1>{title}</h1><p>The same as <a href="openapi.json">OpenAPI</a>.</p>{"".join(parts)}</html>'
    )


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    head = f"<h2>{escape(method.upper())} {escape(path)}</h2><p>{escape(operation.get('summary', ''))}</p>"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is None:
        return head
    schema = _resolved(document, body)
    needed = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(document, field))}</td>"
        f"<td>{'required' if name in needed else escape(_default(field))}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    return f"{head}<table><tr><th>field</th><th>type</th><th>default</th></tr>{rows}</table>"


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _type(document: dict[str, Any], field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(document, each) for each in field["anyOf"])
    if "$ref" in field:
        return str(_resolved(document, field).get("type", "object"))
    if field.get("type") == "array":
        return f"array of {_type(document, field.get('items', {}))}"
    return str(field.get("type", "any"))


def _default(field: dict[str, Any]) -> str:
    return "" if field.get("default") is None else str(field["default"])
