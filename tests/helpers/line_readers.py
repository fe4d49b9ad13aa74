"""Both ways to the lines of a records file, for tests that must hold with each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from sse_perf_tool.compiled import PURE
from sse_perf_tool.records import compiled

KINDS = ("python", "compiled")


@contextmanager
def lines_read_by(kind: str) -> Iterator[None]:
    """Until the end, that in Python or the compiled one.  Skips the test where none was built."""
    with mock.patch.dict(os.environ):
        os.environ.pop(PURE, None)
        if kind == "python":
            os.environ[PURE] = "1"
        compiled.compiled_lines.cache_clear()
        try:
            if kind == "compiled" and compiled.compiled_lines() is None:
                pytest.skip("the compiled reader of lines was not built here")
            yield
        finally:
            compiled.compiled_lines.cache_clear()
