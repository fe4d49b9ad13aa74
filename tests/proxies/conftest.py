"""The table of what was seen, shown when the tests are over."""

from __future__ import annotations

import pytest

from proxies import binary_of, version_of

ROWS = pytest.StashKey[list[tuple[str, ...]]]()
HEAD = ("proxy", "situation", "outcome", "arrival", "TTFT P50", "chunks a read", "what is said")


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[tuple[str, ...]]:
    """The rows so far, to be added to."""
    return request.config.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table as Markdown, and which programs it is of."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("proxy x situation -> what the tool says")
    for row in (HEAD, tuple("---" for _ in HEAD), *rows):
        terminalreporter.line("| " + " | ".join(row) + " |")
    for name in ("nginx", "haproxy", "caddy", "lighttpd"):
        terminalreporter.line(f"{name}: {version_of(name) if binary_of(name) else 'not installed, skipped'}")
