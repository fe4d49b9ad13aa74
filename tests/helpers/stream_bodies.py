"""Bodies of event streams made of JSON objects, and what an `AnswerReader` reads out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from run_vectors import load
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.sse import encode

_FOLDER = Path(__file__).resolve().parents[1] / "vectors"
VECTORS = load(_FOLDER / "formats.jsonl") + load(_FOLDER / "agents.jsonl")
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
JSON_KINDS = ["application/json", "application/json; charset=utf-8"]
Item = str | dict | tuple[str, Any]


def stream_of(*items: Item) -> bytes:
    """An event stream: of JSON objects, of data as it stands, of (event name, either)."""
    pairs = [item if isinstance(item, tuple) else (None, item) for item in items]
    return b"".join(encode(data if isinstance(data, str) else json.dumps(data), event=name) for name, data in pairs)


def lines_of(*docs: dict) -> bytes:
    return b"".join(json.dumps(doc).encode() + b"\n" for doc in docs)


def read_body(name: str | None, body: bytes, content_type: str = SSE, **options: Any) -> AnswerReader:
    reader = AnswerReader(FORMATS[name] if name else None, options, content_type)
    reader.feed(body)
    reader.close()
    return reader


def read(name: str | None, *items: Item, **options: Any) -> AnswerReader:
    if name == "ollama":
        return read_body(name, lines_of(*items), NDJSON, **options)
    return read_body(name, stream_of(*items), **options)


def chunk(delta: Any = None, index: int = 0, finish: str | None = None, **more: Any) -> dict:
    """A chat chunk."""
    return {"id": "c1", "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}], **more}


def says(text: Any) -> dict:
    return chunk({"content": text})
