"""Configuration files and the environment beside a command line."""

from __future__ import annotations

from command_lines import KEY, parsed, write
from sse_perf_tool.arguments import Arguments

MASKED = "app-…4Knu"


def toml(text: str) -> list[str]:
    return ["--config", write("run.toml", text)]


def with_key(*argv: str, **environ: str) -> Arguments:
    return parsed("--api-key", KEY, *argv, environ=environ)
