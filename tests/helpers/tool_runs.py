"""The whole tool run against a `ScriptedServer`, and what it wrote."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from scripted_server import DONE, FINISH, ScriptedServer, chunked, sized, token, usage

SCRIPT = str(Path(__file__).resolve().parents[2] / "sse_perfTestTool.py")
KEY = "sk-0123456789abcdef4Knu"
JSON = "application/json"
NO_KEY = sized(b'{"error": {"message": "invalid api key"}}', status="401 Unauthorized", kind=JSON)
SLOW = chunked(token("Hello"), 0.1, token(" world"), FINISH, usage(9, 2), DONE)
"""Two tokens 100 ms apart."""


class Ran(NamedTuple):
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, str]:
        """The indented lines of two columns; of several with one name the last."""
        lines = (line.strip().split("  ", 1) for line in self.out.splitlines() if line.startswith("  "))
        return {parts[0]: parts[1].strip() for parts in lines if len(parts) == 2}


Tool = Callable[..., Ran]


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def at(server: ScriptedServer, *more: str, path: str = "/v1/chat/completions") -> list[str]:
    """The arguments that point the tool at the server."""
    return ["--url", server.url(path), "--api-key", KEY, "--html-report", "report.html", *more]


FILES = ("--json", "run.json", "--records", "run.jsonl")


def summary() -> dict[str, Any]:
    """The JSON summary in the current directory."""
    document: dict[str, Any] = json.loads(Path("run.json").read_text(encoding="utf-8"))
    return document


def records(path: Path = Path("run.jsonl")) -> list[dict[str, Any]]:
    """The lines of the records file behind its header."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def lines_written(path: Path) -> int:
    """How many whole lines a file has that is still being written; 0 before it is there."""
    return path.read_bytes().count(b"\n") if path.exists() else 0
