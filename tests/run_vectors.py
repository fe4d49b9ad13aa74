"""Runs conformance vectors of either kind (tests/vectors/README.md): `python tests/run_vectors.py FILE.jsonl [...]`.

Each vector is fed at several cuts, as nothing expected may depend on them.  A failing one gets a line with its first
difference; the last line is `N passed, M failed`, and the exit status is 1 when any failed.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.records import Usage
from sse_perf_tool.sse import SSEParser

RANDOM_CUTS = 3
SEED = 1

Vector = dict[str, Any]
Cuts = Iterator[tuple[str, Iterable[bytes]]]


def single_bytes(data: bytes) -> Iterator[bytes]:
    return (data[i : i + 1] for i in range(len(data)))


def random_pieces(data: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 20)))
    ends = [*cuts, len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def sse_cuts(vector: Vector) -> Cuts:
    given = [base64.b64decode(chunk) for chunk in vector["chunks"]]
    whole = b"".join(given)
    yield "as given", given
    yield "whole", [whole]
    yield "byte by byte", single_bytes(whole)


def format_cuts(vector: Vector) -> Cuts:
    whole = base64.b64decode(vector["stream"])
    yield "whole", [whole]
    yield "byte by byte", single_bytes(whole)
    rng = random.Random(SEED)
    for number in range(RANDOM_CUTS):
        yield f"random cuts {number}", random_pieces(whole, rng)


def sse_difference(vector: Vector, pieces: Iterable[bytes]) -> str | None:
    parser = SSEParser()
    events = [event for piece in pieces for event in parser.feed(piece)] + parser.close()
    for index, (expected, event) in enumerate(zip(vector["events"], events, strict=False)):
        got = {"event": event.event, "data": event.data, "id": event.id, "retry": event.retry_ms}
        difference = first_difference({"retry": None, **expected}, got)
        if difference:
            return f"event {index} {difference}"
    if len(events) != len(vector["events"]):
        return f"{len(vector['events'])} events expected, {len(events)} came"
    final = vector.get("final")
    got = {"last_event_id": parser.last_event_id, "retry": parser.retry_ms}
    difference = first_difference(final, got) if final is not None else None
    return f"final {difference}" if difference else None


def format_difference(vector: Vector, pieces: Iterable[bytes]) -> str | None:
    reader = AnswerReader(FORMATS[vector["format"]], vector.get("options") or {}, vector["content_type"])
    counted = sum(map(reader.feed, pieces)) + reader.close()
    expected = dict(vector["expect"])
    got = answer(reader)
    if counted != reader.chunks:
        return f"chunks: {reader.chunks} kept, {counted} told"
    expected.setdefault("choices", None)
    if isinstance(expected.get("usage"), dict):
        expected["usage"] = {name: expected["usage"].get(name) for name in Usage._fields}
    error = expected.get("error")
    if error is not None and reader.error is not None and (error == "*" or error in reader.error):
        got["error"] = error
    if vector["detect"] is not None:
        expected["detect"] = vector["detect"]
    return first_difference(expected, got)


def answer(reader: AnswerReader) -> dict[str, Any]:
    """What vectors expect of an answer, under their names."""
    return {
        "text": reader.text,
        "choices": reader.choices or None,
        "reasoning": reader.reasoning,
        "content_chunks": reader.chunks - reader.call_chunks,
        "tool_chunks": reader.call_chunks,
        "first_token_event_index": reader.first_token_event,
        "first_answer_event_index": reader.first_answer_event,
        "first_output_event_index": reader.first_output_event,
        "parts": [[part.kind.value, part.name, part.count, part.end is not None] for part in reader.trail.parts],
        "usage": reader.usage._asdict() if reader.usage is not None else None,
        "finish_reason": reader.finish_reason,
        "conversation_id": reader.conversation_id,
        "message_id": reader.message_id,
        "error": reader.error,
        "complete": reader.complete,
        "detect": reader.detected,
    }


def first_difference(expected: dict[str, Any], got: dict[str, Any]) -> str | None:
    for name, value in expected.items():
        if name not in got:
            return f"{name}: this runner does not know such an expectation"
        if got[name] != value or type(got[name]) is not type(value):
            return f"{name}: {shown(value)} expected, {shown(got[name])} came"
    return None


def shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"


def failure(vector: Vector) -> str | None:
    """The first difference at any cut, None when the vector passes."""
    is_sse = "chunks" in vector
    for cut, pieces in sse_cuts(vector) if is_sse else format_cuts(vector):
        difference = (sse_difference if is_sse else format_difference)(vector, pieces)
        if difference:
            return f"{cut}: {difference}"
    return None


def load(path: Path) -> list[Vector]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def main(paths: list[str]) -> int:
    if not paths:
        print("usage: python tests/run_vectors.py FILE.jsonl [...]", file=sys.stderr)
        return 2
    passed = failed = 0
    for vector in (vector for path in paths for vector in load(Path(path))):
        difference = failure(vector)
        if difference is None:
            passed += 1
        else:
            failed += 1
            print(f"{vector['name']}: {difference}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
