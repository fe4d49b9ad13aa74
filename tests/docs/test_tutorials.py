"""Every command of the tutorials runs, in the order of its page, against one chat server of this tool."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from markdown_pages import DOCS, FENCED, ROOT, shell_lines_of
from sse_perf_tool.chat_server.run import BackgroundServer
from sse_perf_tool.chat_server.settings import Settings
from sse_perf_tool.metrics import percentile
from tool_runs import Tool

TUTORIALS = sorted(page.stem for page in DOCS.glob("tutorial-*.md") if not page.stem.endswith("_zh"))
NOT_RUN = {"serve", "profile"}
"""The server of this test stands in for the first; tests/commands/test_profile.py runs the other."""
QUICK = {
    "--duration": "1",
    "--max": "8",
    "--requests": "40",
    "--runs": "1",
    "--stall-ms": "50",
    "--step-duration": "250ms",
    "--sweep": "2,4",
    "--think-time": "0:0.01",
}
"""Flag -> what the test gives it in the place of a value that a person has the time for."""
STATUSES = {"tutorial-gate": [0, 0, 99, 99]}
"""What the page says that its commands return; 0 where it says nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that is all that the tutorials ask for, and does not let a test wait."""
    settings = Settings(
        port=0, response_delay_s=0.15, token_delay_s=0.002, answer_tokens=5, faults=True,
        max_concurrent_connections=12,
    )  # fmt: skip
    with BackgroundServer(settings) as server:
        yield server.port


def commands_of(page: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """(words behind the name of the program, variables before it) of each command that is run."""
    for words in shell_lines_of((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        place = words.index("sse_perfTestTool.py")
        variables = dict(word.split("=", 1) for word in words[: place - 1])
        if words[place + 1] not in NOT_RUN:
            yield words[place + 1 :], variables


def quickly(words: list[str], port: int) -> list[str]:
    """The same command at the server of the test, without the waiting; what is worse is so beyond all chance."""
    there = [re.sub(r"localhost:8000", f"127.0.0.1:{port}", word) for word in words]
    there = [word.replace("stall=1s", "stall=100ms").replace("slow=4", "slow=8") for word in there]
    return [QUICK.get(flag, word) for flag, word in zip(["", *there], there, strict=False)]


@pytest.mark.parametrize("page", TUTORIALS)
def test_the_commands_of_a_tutorial_run(page: str, port: int, tool: Tool) -> None:
    Path("examples").symlink_to(ROOT / "examples")
    for language, block in FENCED.findall((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        if language == "yaml":
            Path("config.yaml").write_text(block.replace("localhost:8000", f"127.0.0.1:{port}"))
    commands = list(commands_of(page))
    assert len(commands) >= 3
    for (words, variables), status in zip(commands, STATUSES.get(page, [0] * len(commands)), strict=True):
        ran = tool(*quickly(words, port), "--no-color", SSE_PERF_LANG="en", **variables)
        assert ran.status == status, (words, ran.out[-2000:], ran.err)


def test_the_figures_of_the_stall_are_those_of_a_service_that_stands_still() -> None:
    """Ten requests a second for a minute, an answer each in 1 s, all standing still from second 20 to second 24."""
    due = [0.05 + i / 10 for i in range(600)]
    times = [1 + (4 if 19 < at < 20 else 24 - at if 20 < at < 24 else 0) for at in due]
    slow = sum(time > 1 for time in times)
    assert (len(due), slow, round(percentile(sorted(times), 95))) == (600, 50, 3)
    # Ten threads: for 56 of the 60 seconds each has an answer a second, and each has one that was held up.
    page = (DOCS / "loops.md").read_text(encoding="utf-8")
    assert "| requests in the minute | 560 | 600 |" in page
    assert "| slower than a second | 10 | 50 |" in page
    assert "| P95 of the time from when it was due | 1 s | 3 s |" in page
